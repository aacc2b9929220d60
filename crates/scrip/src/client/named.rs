//! What has an id of its own: made, listed, shown and ended, whatever it is.

use form_urlencoded::byte_serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asking::Asker;
use super::connection::{Answer, Request};
use super::failure::Failure;
use super::key;
use super::options::{AskOptions, EndOptions, NewOptions, OutputOptions};
use super::output::{Format, data, items, parse, write, write_objects};
use super::table::{Table, card};

/// Makes something at a path.
pub async fn created(options: &NewOptions, path: &str, mut body: Value) -> Result<Answer, Failure> {
    if let Some(name) = &options.name {
        body["displayName"] = Value::from(name.as_str());
    }
    let asker = Asker::new(&options.ask.server)?;
    let key = key::given_or_new(options.idempotency_key.as_deref());
    asker.change(&Request::post(path, Some(key::header(&key)?), &body), &key).await
}

/// Lists what stands at a path, each in a row.
pub async fn listed<T: DeserializeOwned>(
    options: &AskOptions,
    path: &str,
    mut table: Table,
    cells: fn(T) -> Vec<String>,
) -> Result<(), Failure> {
    let answer = Asker::new(&options.server)?.get(path.to_owned()).await?;
    let items = items(&answer)?;
    match options.output.format() {
        Format::Json => write_objects(&items),
        Format::Table => {
            let read = |item: &&RawValue| parse::<T>(item.get().as_bytes());
            let rows = items.iter().map(|item| read(item).map(cells));
            write(&table.rows(&rows.collect::<Result<Vec<_>, _>>()?))
        }
    }
}

/// Shows what an answer is about, a line for each of its members.
pub fn shown<T: DeserializeOwned>(
    answer: &Answer,
    output: &OutputOptions,
    lines: fn(&T) -> Vec<(&'static str, String)>,
) -> Result<(), Failure> {
    let one = data(answer)?;
    match output.format() {
        Format::Json => write_objects(&[one]),
        Format::Table => write(&card(&lines(&parse(one.get().as_bytes())?))),
    }
}

/// Ends what stands at a path, or lets it begin anew. Nothing brings back what was, so it has to be said
/// that it is meant.
pub async fn ended(options: &EndOptions, path: &str, deed: &str) -> Result<Answer, Failure> {
    if !options.yes {
        let words = format!("nothing undoes this: {deed} {} is done with --yes", options.id);
        return Err(Failure::Usage(words));
    }
    let asker = Asker::new(&options.ask.server)?;
    let key = key::given_or_new(options.idempotency_key.as_deref());
    let id: String = byte_serialize(options.id.as_bytes()).collect();
    let path = format!("{path}/{id}/{deed}");
    let request = Request::post(&path, Some(key::header(&key)?), &json!({}));
    asker.change(&request, &key).await
}
