//! `scrip health`: for whoever watches over a container, where there may be no other client.

use std::process::ExitCode;
use std::time::Duration;

use super::connection::{Broken, Connection, Request};
use super::options::HealthOptions;
use super::output::tell;

/// Says whether requests should be sent to the server. All that is not so exits with 1.
pub async fn run(options: &HealthOptions) -> anyhow::Result<ExitCode> {
    let within = Duration::from_secs(options.timeout_seconds.into());
    let connection = Connection::new(&options.url, None, within)?;
    let why = match connection.send(&Request::get("/readyz".to_owned())).await {
        Ok(answer) if answer.status.is_success() => return Ok(ExitCode::SUCCESS),
        Ok(answer) => format!("{} answers {}", connection.url(), answer.status),
        Err(Broken::NotSent(why) | Broken::Unanswered(why)) => {
            format!("{}: {why}", connection.url())
        }
    };
    tell(&why);
    Ok(ExitCode::FAILURE)
}
