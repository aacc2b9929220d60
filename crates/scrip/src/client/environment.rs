//! `scrip environment`.

use serde::Deserialize;
use serde_json::json;

use super::failure::Failure;
use super::named::{created, ended, listed, shown};
use super::options::{CreateEnvironmentOptions, EndOptions, EnvironmentCommand};
use super::output::{data, parse, tell};
use super::table::{Side, Table};

const PATH: &str = "/api/v1/environments";

/// An environment as the API shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Environment {
    id: String,
    display_name: String,
    r#type: String,
    account_id: String,
    status: String,
    created_at: String,
    reset_at: Option<String>,
    archived_at: Option<String>,
    /// Of one that was made.
    api_key: Option<FirstKey>,
}

/// The first key of an environment that was made.
#[derive(Deserialize)]
pub struct FirstKey {
    id: String,
    secret: Option<String>,
}

/// Does what is asked for.
pub async fn run(command: &EnvironmentCommand) -> Result<(), Failure> {
    match command {
        EnvironmentCommand::Create(options) => create(options).await,
        EnvironmentCommand::List(options) => listed(options, PATH, table(), cells).await,
        EnvironmentCommand::Archive(options) => end(options, "archive").await,
        EnvironmentCommand::Reset(options) => end(options, "reset").await,
    }
}

async fn create(options: &CreateEnvironmentOptions) -> Result<(), Failure> {
    let body = json!({"id": options.id, "type": options.environment_type.name()});
    let answer = created(&options.new, PATH, body).await?;
    let made: Environment = parse(data(&answer)?.get().as_bytes())?;
    made.tell_of_a_lost_key();
    shown(&answer, &options.new.ask.output, Environment::lines)
}

async fn end(options: &EndOptions, deed: &str) -> Result<(), Failure> {
    let answer = ended(options, PATH, deed).await?;
    shown(&answer, &options.ask.output, Environment::lines)
}

impl Environment {
    /// The lines of a card.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut lines = vec![
            ("Environment", self.id.clone()),
            ("Name", self.display_name.clone()),
            ("Type", self.r#type.clone()),
            ("Account", self.account_id.clone()),
            ("Status", self.status.clone()),
            ("Created at", self.created_at.clone()),
            ("Reset at", text(&self.reset_at)),
            ("Archived at", text(&self.archived_at)),
        ];
        if let Some(key) = &self.api_key {
            lines.push(("API key", key.id.clone()));
            lines.push(("Secret", text(&key.secret)));
        }
        lines
    }

    /// A secret is in the first answer alone, which may be the one that got lost.
    pub fn tell_of_a_lost_key(&self) {
        if self.api_key.as_ref().is_some_and(|key| key.secret.is_none()) {
            tell(
                "it was made before under this key, and its first API key was shown then: if nobody \
                 has it, somebody of the account makes another one in the console",
            );
        }
    }
}

fn cells(environment: Environment) -> Vec<String> {
    vec![
        environment.id,
        environment.display_name,
        environment.r#type,
        environment.status,
        environment.created_at,
        environment.reset_at.unwrap_or_default(),
    ]
}

fn table() -> Table {
    Table::new(&[
        ("Environment", Side::Left),
        ("Name", Side::Left),
        ("Type", Side::Left),
        ("Status", Side::Left),
        ("Created at", Side::Left),
        ("Reset at", Side::Left),
    ])
}
