//! `scrip account`.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asking::Asker;
use super::connection::{Answer, Request};
use super::environment::{Environment, ended};
use super::failure::Failure;
use super::key;
use super::options::{AccountCommand, CreateAccountOptions, ListOptions, OutputOptions};
use super::output::{Format, data, items, parse, write, write_objects};
use super::table::{Side, Table, card};

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
        AccountCommand::List(options) => list(options).await,
        AccountCommand::Archive(options) => {
            shown(&ended(options, PATH, "archive").await?, &options.output)
        }
    }
}

async fn create(options: &CreateAccountOptions) -> Result<(), Failure> {
    let mut body = json!({"id": options.id});
    if let Some(name) = &options.name {
        body["displayName"] = Value::from(name.as_str());
    }
    let asker = Asker::new(&options.server)?;
    let key = key::given_or_new(options.idempotency_key.as_deref());
    let answer = asker.change(&Request::post(PATH, Some(key::header(&key)?), &body), &key).await?;
    let made: Account = parse(data(&answer)?.get().as_bytes())?;
    if let Some(environment) = &made.environment {
        environment.tell_of_a_lost_key();
    }
    shown(&answer, &options.output)
}

async fn list(options: &ListOptions) -> Result<(), Failure> {
    let answer = Asker::new(&options.server)?.get(PATH.to_owned()).await?;
    let items = items(&answer)?;
    match options.output.format() {
        Format::Json => write_objects(&items),
        Format::Table => {
            let read = |item: &&RawValue| parse::<Account>(item.get().as_bytes());
            let rows = items.iter().map(|item| read(item).map(cells));
            write(&table().rows(&rows.collect::<Result<Vec<_>, _>>()?))
        }
    }
}

fn shown(answer: &Answer, output: &OutputOptions) -> Result<(), Failure> {
    let account = data(answer)?;
    match output.format() {
        Format::Json => write_objects(&[account]),
        Format::Table => write(&card(&lines(&parse(account.get().as_bytes())?))),
    }
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
