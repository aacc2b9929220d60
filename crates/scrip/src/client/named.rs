//! What has an id of its own: made, listed, shown and ended, whatever it is.

use form_urlencoded::byte_serialize;
use hyper::header::HeaderValue;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::asking::Asker;
use super::connection::{Answer, Request};
use super::failure::Failure;
use super::key;
use super::options::{AskOptions, EndOptions, NewOptions, OutputOptions, ServerOptions};
use super::output::{Format, Page, data, parse, write, write_objects};
use super::table::{Table, card};

/// Makes something at a path.
pub async fn created(options: &NewOptions, path: &str, mut body: Value) -> Result<Answer, Failure> {
    if let Some(name) = &options.name {
        body["displayName"] = Value::from(name.as_str());
    }
    let key = options.idempotency_key.as_deref();
    once(&options.ask.server, key, |key| Request::post(path, Some(key), &body)).await
}

/// Has something done once, under the key that was given or a new one.
pub async fn once(
    server: &ServerOptions,
    idempotency_key: Option<&str>,
    request: impl FnOnce(HeaderValue) -> Request,
) -> Result<Answer, Failure> {
    let asker = Asker::new(server)?;
    let key = key::given_or_new(idempotency_key);
    asker.change(&request(key::header(&key)?), &key).await
}

/// Lists what stands at a path, each in a row, page by page to the end.
pub async fn listed<T: DeserializeOwned>(
    options: &AskOptions,
    path: &str,
    mut table: Table,
    cells: fn(T) -> Vec<String>,
) -> Result<(), Failure> {
    let asker = Asker::new(&options.server)?;
    let mut target = path.to_owned();
    let mut rows = Vec::new();
    loop {
        let answer = asker.get(target).await?;
        let Page { data, pagination } = parse::<Page<&RawValue>>(&answer.body)?;
        match options.output.format() {
            Format::Json => write_objects(&data)?,
            Format::Table => {
                let read = |item: &&RawValue| parse::<T>(item.get().as_bytes());
                let read = data.iter().map(|item| read(item).map(cells));
                rows.extend(read.collect::<Result<Vec<_>, _>>()?);
            }
        }
        let Some(next) = pagination.next else { break };
        let next: String = byte_serialize(next.as_bytes()).collect();
        target = format!("{path}?after={next}");
    }
    match options.output.format() {
        Format::Json => Ok(()),
        Format::Table => write(&table.rows(&rows)),
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
    options.is_meant(deed)?;
    let path = path_of(path, &options.id, &format!("/{deed}"));
    options.once(|key| Request::post(&path, Some(key), &json!({}))).await
}

/// The same for what is removed.
pub async fn removed(options: &EndOptions, path: &str, deed: &str) -> Result<Answer, Failure> {
    options.is_meant(deed)?;
    let path = path_of(path, &options.id, "");
    options.once(|key| Request::delete(path, Some(key))).await
}

/// The path of an operation of what has this id.
pub fn path_of(path: &str, id: &str, operation: &str) -> String {
    let id: String = byte_serialize(id.as_bytes()).collect();
    format!("{path}/{id}{operation}")
}

impl EndOptions {
    async fn once(&self, request: impl FnOnce(HeaderValue) -> Request) -> Result<Answer, Failure> {
        once(&self.ask.server, self.idempotency_key.as_deref(), request).await
    }

    fn is_meant(&self, deed: &str) -> Result<(), Failure> {
        if self.yes {
            return Ok(());
        }
        let words = format!("nothing undoes this: {deed} {} is done with --yes", self.id);
        Err(Failure::Usage(words))
    }
}
