//! What went wrong, for people, and as an exit code for scripts.

use std::process::ExitCode;

use super::connection::{Answer, ErrorBody};
use super::output::{plain, tell};

/// Why a command did not do what it was asked for.
#[derive(Debug)]
pub enum Failure {
    /// The options make no sense together; nothing was sent.
    Usage(String),
    /// The server refused, and would again.
    Refused(String),
    /// No connection was made, or the server says that it cannot now: nothing was done.
    NotServed(String),
    /// It was sent and no answer came: nobody knows whether it was done.
    Unanswered(String),
    /// The answer is not what it should be, or could not be written.
    Other(anyhow::Error),
}

impl Failure {
    /// What the process exits with. 2 is what clap exits with.
    const fn code(&self) -> u8 {
        match self {
            Self::Other(_) => 1,
            Self::Usage(_) => 2,
            Self::Refused(_) => 3,
            Self::NotServed(_) => 4,
            Self::Unanswered(_) => 5,
        }
    }

    /// Tells it on standard error.
    pub fn tell(self) -> ExitCode {
        let code = self.code();
        let words = match self {
            Self::Usage(words)
            | Self::Refused(words)
            | Self::NotServed(words)
            | Self::Unanswered(words) => words,
            Self::Other(error) => format!("{error:#}"),
        };
        tell(&words);
        ExitCode::from(code)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Other(error)
    }
}

/// Members of requests, and the options that they come from.
const OPTIONS: [(&str, &str); 19] = [
    ("amount", "--amount"),
    ("at", "--at"),
    ("comment", "--comment"),
    ("cost.amount", "--cost"),
    ("cost.currency", "--cost-currency"),
    ("createdAt", "--created-at"),
    ("currencyId", "--currency"),
    ("customerId", "--customer"),
    ("dimensions", "--dimension"),
    ("displayName", "--name"),
    ("effectiveAt", "--effective-at"),
    ("eventType", "--event-type"),
    ("expireAt", "--expire-at"),
    ("idempotencyKey", "--idempotency-key"),
    ("metadata", "--metadata"),
    ("paymentCollectionMethod", "--payment"),
    ("priority", "--priority"),
    ("reservationId", "--reservation"),
    ("resourceId", "--resource"),
];

/// What a server refused. Whoever answers in other words is not Scrip.
pub fn refused(answer: &Answer) -> Failure {
    let words = words(answer);
    match answer.error().message {
        Some(_) => Failure::Refused(words),
        None => Failure::Other(anyhow::Error::msg(words)),
    }
}

/// What a server answered that is no success, in words: what, with which option, and the code.
pub fn words(answer: &Answer) -> String {
    let ErrorBody { message, code, trace_id } = answer.error();
    let status = answer.status;
    let Some(message) = message else {
        return format!("the answer is {status}, and not as Scrip answers; is --url right?");
    };
    let mut words = plain(&message);
    if let Some(option) = option_of(&message) {
        words.push_str(&format!("\n  option {option}"));
    }
    let code = code.unwrap_or_else(|| "none".to_owned());
    words.push_str(&format!("\n  code   {} ({status})", plain(&code)));
    if let Some(trace_id) = trace_id {
        words.push_str(&format!("\n  trace  {}", plain(&trace_id)));
    }
    words
}

/// A refusal begins with the member that it is about, where it is about one.
fn option_of(message: &str) -> Option<&'static str> {
    let path = message.split([' ', ':']).next()?;
    // `dimensions.model` is about an item of a member, but `cost.amount` is a member of its own.
    let known = |name: &str| OPTIONS.iter().find(|(member, _)| *member == name);
    let found = known(path).or_else(|| known(path.split('.').next()?));
    found.map(|(_, option)| *option)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_option_is_the_one_of_the_member() {
        for (message, option) in [
            ("amount must be greater than 0", Some("--amount")),
            ("customerId: there is no customer \"a\"", Some("--customer")),
            ("resourceId must be …", Some("--resource")),
            ("cost.amount must be a number", Some("--cost")),
            ("cost.currency must be an ISO 4217 code", Some("--cost-currency")),
            ("dimensions.a b must be a string", Some("--dimension")),
            ("amounts are wrong", None),
            ("the body was refused", None),
            ("", None),
        ] {
            assert_eq!(option_of(message), option, "{message}");
        }
    }
}
