//! Asks until there is an answer that decides, within bounds.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::RETRY_AFTER;

use super::connection::{Answer, Broken, Connection, Request};
use super::failure::{Failure, refused, words};
use super::options::ServerOptions;
use super::output::tell;

/// Before the second attempt; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// No pause is longer, whatever the server asks for.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// A server, and how often it is asked.
pub struct Asker {
    connection: Connection,
    retries: u32,
}

impl Asker {
    /// As the options say.
    pub fn new(options: &ServerOptions) -> Result<Self, Failure> {
        let within = Duration::from_secs(options.timeout_seconds.into());
        let connection = Connection::new(&options.url, Some(&options.api_key), within);
        let connection = connection.map_err(|error| Failure::Usage(format!("{error:#}")))?;
        Ok(Self { connection, retries: options.retries })
    }

    /// Reads what stands at a path.
    pub async fn get(&self, path: String) -> Result<Answer, Failure> {
        self.ask(&Request::get(path), Again::Read).await
    }

    /// Has something done. `key` is the idempotency key that the request carries somewhere: because of
    /// it, asking again is safe.
    pub async fn change(&self, request: &Request, key: &str) -> Result<Answer, Failure> {
        self.ask(request, Again::Key(key)).await
    }

    /// Has a part of something larger done, which the whole command does once however often it is run.
    /// The answer may be a refusal.
    pub async fn part(&self, request: &Request) -> Result<Answer, Failure> {
        self.ask_for(request, Again::Command).await
    }

    /// Reads what stands at a path; none, if what it names is not there.
    pub async fn get_if_there(&self, path: String) -> Result<Option<Answer>, Failure> {
        match self.ask_for(&Request::get(path), Again::Read).await? {
            answer if answer.status == StatusCode::NOT_FOUND && answer.error().code.is_some() => {
                Ok(None)
            }
            answer if answer.status.is_success() => Ok(Some(answer)),
            answer => Err(refused(&answer)),
        }
    }

    /// An answer that is a success.
    async fn ask(&self, request: &Request, again: Again<'_>) -> Result<Answer, Failure> {
        let answer = self.ask_for(request, again).await?;
        if answer.status.is_success() { Ok(answer) } else { Err(refused(&answer)) }
    }

    /// An answer that the server would give again.
    async fn ask_for(&self, request: &Request, again: Again<'_>) -> Result<Answer, Failure> {
        let mut attempt = Attempt { number: 1, may_have_arrived: false };
        loop {
            let (why, pause) = match self.connection.send(request).await {
                Ok(answer) if answer.status.is_success() || !is_passing(&answer) => {
                    return Ok(answer);
                }
                Ok(answer) => {
                    // Something went wrong there, and nobody says how far it came; or the same request
                    // is still being carried out.
                    let open = [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::CONFLICT];
                    attempt.may_have_arrived |= open.contains(&answer.status);
                    (words(&answer), pause_asked(&answer))
                }
                Err(Broken::NotSent(why)) => {
                    let why = format!("connecting to {}: {why}", self.connection.url());
                    if !attempt.may_have_arrived {
                        let why = format!("{why}\n  nothing was sent; is `scrip serve` running?");
                        return Err(Failure::NotServed(why));
                    }
                    (why, None)
                }
                Err(Broken::Unanswered(why)) => {
                    attempt.may_have_arrived = true;
                    (format!("no answer of {}: {why}", self.connection.url()), None)
                }
            };
            if attempt.number > self.retries {
                return Err(attempt.given_up(why, again));
            }
            let pause = pause.unwrap_or_default().max(attempt.pause()).min(PAUSE_MAX);
            attempt.number += 1;
            let (number, all) = (attempt.number, self.retries.saturating_add(1));
            let under = if again == Again::Read { "" } else { " under the same key" };
            tell(&format!("{why}\n  asking again{under}, attempt {number} of {all}"));
            tokio::time::sleep(pause).await;
        }
    }
}

/// What makes asking again safe.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again<'a> {
    /// Nothing is changed.
    Read,
    /// This key, which is to be given again.
    Key(&'a str),
    /// A key that the same command makes again.
    Command,
}

/// How far the asking is.
struct Attempt {
    number: u32,
    /// The server may have carried it out already.
    may_have_arrived: bool,
}

impl Attempt {
    fn pause(&self) -> Duration {
        FIRST_PAUSE.saturating_mul(1 << self.number.saturating_sub(1).min(8))
    }

    fn given_up(&self, why: String, again: Again<'_>) -> Failure {
        match again {
            Again::Key(key) if self.may_have_arrived => Failure::Unanswered(format!(
                "{why}\n  it is not known whether it was done; the same options with\n  \
                 --idempotency-key {key}\n  find out, and do it at most once"
            )),
            Again::Command if self.may_have_arrived => Failure::Unanswered(format!(
                "{why}\n  it is not known whether the last of it was done; the same command goes on, and does \
                 nothing twice"
            )),
            Again::Command => Failure::NotServed(format!(
                "{why}\n  the same command goes on where this one ended"
            )),
            Again::Key(_) => Failure::NotServed(format!("{why}\n  nothing was done")),
            Again::Read => Failure::NotServed(why),
        }
    }
}

/// Whether the server may answer otherwise in a moment. It says so, as it does to the official SDKs.
fn is_passing(answer: &Answer) -> bool {
    match answer.headers.get("x-should-retry").map(|value| value.as_bytes()) {
        Some(b"true") => true,
        Some(b"false") => false,
        _ => {
            let passing = [StatusCode::REQUEST_TIMEOUT, StatusCode::TOO_MANY_REQUESTS];
            passing.contains(&answer.status) || answer.status.is_server_error()
        }
    }
}

/// How long it asks to be left alone.
fn pause_asked(answer: &Answer) -> Option<Duration> {
    let number = |name: &str| -> Option<u64> {
        answer.headers.get(name)?.to_str().ok()?.trim().parse().ok()
    };
    let milliseconds = number("retry-after-ms").map(Duration::from_millis);
    milliseconds.or_else(|| number(RETRY_AFTER.as_str()).map(Duration::from_secs))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::HeaderMap;

    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> Answer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, headers: map, body: Bytes::new() }
    }

    #[test]
    fn the_server_says_whether_it_passes() {
        for (status, headers, passes) in [
            (400, &[][..], false),
            (408, &[], true),
            (409, &[], false),
            (409, &[("x-should-retry", "true")], true),
            (429, &[], true),
            (500, &[], true),
            (501, &[("x-should-retry", "false")], false),
            (503, &[], true),
            (503, &[("x-should-retry", "false")], false),
            (302, &[], false),
        ] {
            assert_eq!(is_passing(&answer(status, headers)), passes, "{status} {headers:?}");
        }
    }

    #[test]
    fn the_server_says_when() {
        for (headers, pause) in [
            (&[][..], None),
            (&[("retry-after", "2")], Some(Duration::from_secs(2))),
            (&[("retry-after", "1"), ("retry-after-ms", "250")], Some(Duration::from_millis(250))),
            (&[("retry-after", "Mon, 30 Nov 2026 00:00:00 GMT")], None),
        ] {
            assert_eq!(pause_asked(&answer(503, headers)), pause, "{headers:?}");
        }
    }

    #[test]
    fn pauses_double() {
        let pause = |number| Attempt { number, may_have_arrived: true }.pause();
        assert_eq!([1, 2, 3].map(pause), [200, 400, 800].map(Duration::from_millis));
        assert_eq!(pause(u32::MAX), FIRST_PAUSE * 256);
    }
}
