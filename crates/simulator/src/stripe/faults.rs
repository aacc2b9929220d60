//! What can go wrong between a client and the stand-in.

use serde::Deserialize;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The request is carried out, and the connection cut.
    LoseAnswer,
    /// The connection is cut before anything was done.
    Cut,
    /// 500 instead of doing anything; the key remembers it, as Stripe's do.
    Fail,
    /// The request is carried out and answered with 500, which the key remembers.
    WorkThenFail,
    /// 500 before anything was begun, which no key remembers.
    FailAtTheDoor,
    /// 429, to be asked again after two seconds.
    RateLimit,
    /// 409: another request with the same key is being carried out.
    InUse,
    /// The request is carried out, and answered with something that is not JSON.
    Garbage,
    /// The request is carried out, and answered with more than anybody should read.
    Endless,
    /// The request is carried out after a pause.
    Slow,
}

/// When something goes wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// What.
    pub kind: Kind,
    /// How many requests to the API go well before.
    #[serde(default)]
    pub after: u64,
    /// How many go wrong then.
    #[serde(default = "once")]
    pub times: u64,
    /// The pause of a slow one.
    #[serde(default)]
    pub milliseconds: u64,
}

const fn once() -> u64 {
    1
}

impl Plan {
    /// What goes wrong with the next request.
    pub const fn next(&mut self) -> Option<Kind> {
        if self.after > 0 {
            self.after -= 1;
            return None;
        }
        if self.times == 0 {
            return None;
        }
        self.times -= 1;
        Some(self.kind)
    }
}
