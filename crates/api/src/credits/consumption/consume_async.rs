//! `POST /api/v1/credits/consumption/async`: burns credits many times (decision 52).

use scrip_ledger::{Answer, WalletConsume, Work};

use super::{TAG, request, view};
use crate::error::ApiError;
use crate::http::{Call, Numbers, Reply, Write};
use crate::openapi::Operation;

/// The consumptions of one request.
pub(crate) struct Batch(pub Vec<WalletConsume>);

impl Batch {
    /// Reads them from the body.
    pub fn read(call: &Call, body: &[u8]) -> Result<Self, ApiError> {
        request::read_batch(call, body).map(Self)
    }
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let Batch(items) = Batch::read(write.call(), write.body())?;
    let numbers = write.call().numbers();
    let render = move |answer: &Answer| rendered(numbers, answer);
    write.execute_list("consumptions", Work::ConsumeBatch(items), render).await
}

/// The answer to a batch.
pub(crate) fn rendered(numbers: Numbers, answer: &Answer) -> Result<Reply, ApiError> {
    match answer {
        Answer::Batch(rejected) => Ok(Reply::accepted(view::batch_body(numbers, rejected))),
        _ => Err(ApiError::internal("the ledger answered a batch with something else")),
    }
}

pub(super) fn operation() -> Operation {
    Operation::new("consumeCreditsAsync", TAG, "Consume credits, many at once")
        .text(
            "One bad item refuses all, and is named. Then each is decided on its own, and all are \
             durable when the answer comes; what the state refuses is listed in `rejected`.",
        )
        .body("ConsumeCreditsAsyncRequest")
        .answers(202, "Accepted", "ConsumeCreditsAsyncResponse")
        .refuses(&[404])
}
