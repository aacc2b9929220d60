//! The same stack without a ledger: authenticates, parses and answers, and does nothing else. A
//! benchmark measures it beside the real thing, so that every figure is a ratio.

use axum::Router;
use scrip_core::{Balance, Credits, Timestamp};
use scrip_ledger::{Answer, Consumed};

use crate::app::App;
use crate::credits::consumption::{
    Batch, CONSUMPTION, CONSUMPTION_ASYNC, Consumption, read_one, rendered_batch,
};
use crate::customers::{CHECK, unchanging};
use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint, Reply, Write};
use crate::openapi::Operation;
use crate::router::watched;

/// `POST /api/v1/credits/consumption` and `…/async`, and the entitlement check, answered with a balance
/// that never changes. Of the ledger only the API keys are asked for.
pub fn null_router(app: App) -> Router {
    let operation = || Operation::open("null", "Null", "Answers and does nothing");
    let one = Endpoint::post(CONSUMPTION, Accepts::CHANGE, operation(), consume);
    let many = Endpoint::post(CONSUMPTION_ASYNC, Accepts::BATCH, operation(), consume_async);
    let read = Endpoint::get(CHECK, operation(), check);
    let endpoints = [one, many, read].into_iter();
    let router =
        endpoints.fold(Router::new(), |router, each| router.route(each.path, each.handler));
    watched(router, app)
}

async fn consume(write: Write) -> Result<Reply, ApiError> {
    let item = read_one(write.call(), write.body())?;
    // The end of time is no instant that can be shown; any other will do.
    let now = Timestamp::from_milliseconds(1_767_323_045_678).unwrap_or(Timestamp::NEVER);
    let consumed = Consumed {
        amount: item.consume.amount,
        attributed_at: item.consume.created_at.unwrap_or(now),
        balance: BALANCE,
    };
    let view = Consumption { wallet: item.wallet, numbers: write.call().numbers() };
    Ok(Reply::ok(view.body(&consumed)))
}

async fn consume_async(write: Write) -> Result<Reply, ApiError> {
    let Batch(_) = Batch::read(write.call(), write.body())?;
    rendered_batch(write.call().numbers(), &Answer::Batch(Vec::new()))
}

async fn check(call: Call) -> Result<Reply, ApiError> {
    unchanging(&call, &BALANCE)
}

/// A balance of the usual length.
static BALANCE: Balance = Balance {
    granted: Credits::whole(1_000_000),
    used: Credits::from_billionths(12_345_678_900_000),
    reserved: Credits::ZERO,
    reserved_on_dead: Credits::ZERO,
    available: Credits::from_billionths(987_654_321_100_000),
    updated_at: None,
    version_microseconds: 1_767_323_045_678_901,
    valid_until: None,
    period_end: None,
};
