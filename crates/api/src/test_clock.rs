//! `POST /api/v1/test-clock`: moves the clock of a SANDBOX environment (decisions 40, 66).

use scrip_ledger::{Answer, Work};
use serde::Deserialize;

use crate::error::ApiError;
use crate::fields;
use crate::http::{Accepts, Endpoint, Numbers, Reply, Write};
use crate::json::{Text, document, read_body};
use crate::openapi::schema::{closed, data, described, instant, open, required};
use crate::openapi::{Component, Operation};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    now: Text<'a>,
}

pub(crate) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint::post("/api/v1/test-clock", Accepts::CHANGE, operation(), handler)]
}

async fn handler(write: Write) -> Result<Reply, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let now = fields::instant("now", &request.now.0)?;
    write.execute(Work::MoveClock(now), render).await
}

fn render(answer: &Answer) -> Result<Reply, ApiError> {
    match answer {
        Answer::Clock(now) => Ok(Reply::ok(document(Numbers::AsNumbers, |writer| {
            writer.object(|members| members.plain("now", now));
        }))),
        _ => Err(ApiError::internal("the ledger answered a move of the clock with something else")),
    }
}

fn operation() -> Operation {
    Operation::new("moveTestClock", "Test clock", "Move the test clock")
        .text(
            "An extension of the official API, for SANDBOX environments. The clock stands still \
             until it is moved, and moves forward only, at most a year at a time after the first \
             setting. What falls due on the way has happened when the answer comes.",
        )
        .body("MoveTestClockRequest")
        .answers(200, "Where the clock stands", "MoveTestClockResponse")
        .refuses(&[403])
}

pub(crate) fn components() -> Vec<Component> {
    let now = described(instant(), "Where the clock shall stand");
    vec![
        ("MoveTestClockRequest", closed([required("now", now)])),
        ("MoveTestClockResponse", data(open([required("now", instant())]))),
    ]
}
