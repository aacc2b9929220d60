//! `scrip keys`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::connection::{Answer, Request};
use super::failure::Failure;
use super::named::{listed, once, path_of, removed, shown};
use super::options::{CreateKeyOptions, KeyCommand, OutputOptions, RotateKeyOptions};
use super::output::{data, parse, tell};
use super::table::{Side, Table};

const PATH: &str = "/api/v1/api-keys";

/// An API key as the API shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApiKey {
    id: String,
    name: Option<String>,
    scopes: Vec<String>,
    status: String,
    secret_hint: Option<String>,
    previous_secret_ends_at: Option<String>,
    expires_at: Option<String>,
    last_used_at: Option<String>,
    created_at: String,
    /// Of one that has a new one.
    secret: Option<String>,
}

/// Does what is asked for.
pub async fn run(command: &KeyCommand) -> Result<(), Failure> {
    match command {
        KeyCommand::Create(options) => create(options).await,
        KeyCommand::List(options) => listed(options, PATH, table(), cells).await,
        KeyCommand::Rotate(options) => rotate(options).await,
        KeyCommand::Revoke(options) => {
            shown(&removed(options, PATH, "revoke").await?, &options.ask.output, lines)
        }
    }
}

async fn create(options: &CreateKeyOptions) -> Result<(), Failure> {
    let mut body = json!({"name": options.name, "scopes": options.scopes});
    if let Some(at) = &options.expires_at {
        body["expiresAt"] = Value::from(at.as_str());
    }
    let key = options.idempotency_key.as_deref();
    let request = |key| Request::post(PATH, Some(key), &body);
    let answer = once(&options.ask.server, key, request).await?;
    with_secret(&answer, &options.ask.output)
}

async fn rotate(options: &RotateKeyOptions) -> Result<(), Failure> {
    let body = match options.overlap_seconds {
        Some(seconds) => json!({"overlapSeconds": seconds}),
        None => json!({}),
    };
    let path = path_of(PATH, &options.id, "/rotate-secret");
    let key = options.idempotency_key.as_deref();
    let request = |key| Request::post(&path, Some(key), &body);
    let answer = once(&options.ask.server, key, request).await?;
    with_secret(&answer, &options.ask.output)
}

/// A secret is in the first answer alone, which may be the one that got lost.
fn with_secret(answer: &Answer, output: &OutputOptions) -> Result<(), Failure> {
    let key: ApiKey = parse(data(answer)?.get().as_bytes())?;
    if key.secret.is_none() {
        tell(
            "it was done before under this idempotency key, and the secret was shown then: if nobody has \
             it, `scrip keys rotate` makes another one",
        );
    }
    shown(answer, output, lines)
}

fn lines(key: &ApiKey) -> Vec<(&'static str, String)> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut lines = vec![
        ("API key", key.id.clone()),
        ("Name", text(&key.name)),
        ("Scopes", key.scopes.join(" ")),
        ("Status", key.status.clone()),
        ("Secret ends in", text(&key.secret_hint)),
        ("Secret before ends at", text(&key.previous_secret_ends_at)),
        ("Expires at", text(&key.expires_at)),
        ("Last used at", text(&key.last_used_at)),
        ("Created at", key.created_at.clone()),
    ];
    if let Some(secret) = &key.secret {
        lines.push(("Secret", secret.clone()));
    }
    lines
}

fn cells(key: ApiKey) -> Vec<String> {
    vec![
        key.id,
        key.name.unwrap_or_default(),
        key.scopes.join(" "),
        key.status,
        key.secret_hint.unwrap_or_default(),
        key.expires_at.unwrap_or_default(),
        key.last_used_at.unwrap_or_default(),
    ]
}

fn table() -> Table {
    Table::new(&[
        ("API key", Side::Left),
        ("Name", Side::Left),
        ("Scopes", Side::Left),
        ("Status", Side::Left),
        ("Ends in", Side::Left),
        ("Expires at", Side::Left),
        ("Last used at", Side::Left),
    ])
}
