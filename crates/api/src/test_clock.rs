//! `/api/v1/test-clock`: what time it is, and moving the clock of a SANDBOX environment (decisions 40, 66).

use scrip_core::Timestamp;
use scrip_ledger::{Answer, Work};
use serde::Deserialize;

use crate::error::ApiError;
use crate::fields;
use crate::http::{Accepts, Call, Endpoint, Numbers, Reply, Write};
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
    const CLOCK: &str = "/api/v1/test-clock";
    vec![
        Endpoint::post(CLOCK, Accepts::CHANGE, operation(), handler),
        Endpoint::get(CLOCK, read_operation(), read),
    ]
}

async fn read(call: Call) -> Result<Reply, ApiError> {
    Ok(shown(call.now()))
}

fn shown(now: Timestamp) -> Reply {
    Reply::ok(document(Numbers::AsNumbers, |writer| {
        writer.object(|members| members.plain("now", now));
    }))
}

async fn handler(write: Write) -> Result<Reply, ApiError> {
    let request: Request<'_> = read_body(write.body())?;
    let now = fields::instant("now", &request.now.0)?;
    write.execute(Work::MoveClock(now), render).await
}

fn render(answer: &Answer) -> Result<Reply, ApiError> {
    match answer {
        Answer::Clock(now) => Ok(shown(*now)),
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

fn read_operation() -> Operation {
    Operation::new("getTestClock", "Test clock", "Get the time")
        .text(
            "An extension of the official API. Where the test clock of a SANDBOX environment stands; \
             until one is set, and in every other environment, the time.",
        )
        .answers(200, "What time it is", "TestClockResponse")
}

pub(crate) fn components() -> Vec<Component> {
    let now = described(instant(), "Where the clock shall stand");
    vec![
        ("MoveTestClockRequest", closed([required("now", now)])),
        ("MoveTestClockResponse", data(open([required("now", instant())]))),
        ("TestClockResponse", data(open([required("now", instant())]))),
    ]
}
