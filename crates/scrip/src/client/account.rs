//! `scrip account`.

use serde::Deserialize;
use serde_json::json;

use super::environment::Environment;
use super::failure::Failure;
use super::named::{created, ended, listed, shown};
use super::options::{AccountCommand, CreateAccountOptions};
use super::output::{data, parse};
use super::table::{Side, Table};

const PATH: &str = "/api/v1/accounts";

/// An account as the API shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    id: String,
    display_name: String,
    status: String,
    created_at: String,
    archived_at: Option<String>,
    /// Of one that was made.
    environment: Option<Environment>,
}

/// Does what is asked for.
pub async fn run(command: &AccountCommand) -> Result<(), Failure> {
    match command {
        AccountCommand::Create(options) => create(options).await,
        AccountCommand::List(options) => listed(options, PATH, table(), cells).await,
        AccountCommand::Archive(options) => {
            shown(&ended(options, PATH, "archive").await?, &options.ask.output, lines)
        }
    }
}

async fn create(options: &CreateAccountOptions) -> Result<(), Failure> {
    let answer = created(&options.new, PATH, json!({"id": options.id})).await?;
    let made: Account = parse(data(&answer)?.get().as_bytes())?;
    if let Some(environment) = &made.environment {
        environment.tell_of_a_lost_key();
    }
    shown(&answer, &options.new.ask.output, lines)
}

fn lines(account: &Account) -> Vec<(&'static str, String)> {
    let mut lines = match &account.environment {
        Some(environment) => environment.lines(),
        None => Vec::new(),
    };
    lines.retain(|(title, _)| *title != "Account");
    let own = [
        ("Account", account.id.clone()),
        ("Name", account.display_name.clone()),
        ("Status", account.status.clone()),
        ("Created at", account.created_at.clone()),
        ("Archived at", account.archived_at.clone().unwrap_or_default()),
    ];
    lines.splice(0..0, own);
    lines
}

fn cells(account: Account) -> Vec<String> {
    vec![account.id, account.display_name, account.status, account.created_at]
}

fn table() -> Table {
    Table::new(&[
        ("Account", Side::Left),
        ("Name", Side::Left),
        ("Status", Side::Left),
        ("Created at", Side::Left),
    ])
}
