//! What the demo asks of a server.

use std::time::Duration;

use anyhow::{anyhow, bail};
use hyper::StatusCode;
use hyper::header::HeaderValue;
use serde_json::Value;

use crate::client::{Answer, Broken, Connection, Request};

/// A batch takes a moment.
const WITHIN: Duration = Duration::from_secs(120);

/// Speaks to one server with one key.
pub struct Client(Connection);

impl Client {
    /// A client of the server at `url`.
    pub fn new(url: &str, api_key: &str) -> anyhow::Result<Self> {
        Connection::new(url, Some(api_key), WITHIN).map(Self)
    }

    /// Posts a body; an `Idempotency-Key` makes it safe to post it again.
    pub async fn post(&self, path: &str, key: Option<&str>, body: &Value) -> anyhow::Result<Value> {
        let answer = self.send(path, key, body).await?;
        read(path, &answer)
    }

    /// Posts a body, unless what it makes is there already. What it made, if it was made.
    pub async fn make(&self, path: &str, body: &Value) -> anyhow::Result<Option<Value>> {
        let answer = self.send(path, None, body).await?;
        if answer.status == StatusCode::CONFLICT {
            return Ok(None);
        }
        read(path, &answer).map(Some)
    }

    async fn send(&self, path: &str, key: Option<&str>, body: &Value) -> anyhow::Result<Answer> {
        let key = key.map(HeaderValue::from_str).transpose()?;
        let url = self.0.url();
        match self.0.send(&Request::post(path, key, body)).await {
            Ok(answer) => Ok(answer),
            Err(Broken::NotSent(why)) => {
                bail!("connecting to {url}: {why}; is `scrip serve` running?")
            }
            Err(Broken::Unanswered(why)) => bail!("POST {path}: no answer of {url}: {why}"),
        }
    }
}

fn read(path: &str, answer: &Answer) -> anyhow::Result<Value> {
    if answer.status.is_success() {
        return Ok(serde_json::from_slice(&answer.body).unwrap_or_default());
    }
    let message = answer.error().message.unwrap_or_else(|| "no message".to_owned());
    Err(anyhow!("POST {path}: {}: {message}", answer.status))
}
