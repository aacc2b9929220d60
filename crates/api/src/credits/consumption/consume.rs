//! `POST /api/v1/credits/consumption`: burns credits of a wallet.

use scrip_ledger::{Answer, Work};

use super::{Consumption, TAG, read_one};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let consume = read_one(write.call(), write.body())?;
    let view = Consumption { wallet: consume.wallet.clone(), numbers: write.call().numbers() };
    let render = move |answer: &Answer| match answer {
        Answer::Consumed(consumed) => Ok(Reply::ok(view.body(consumed))),
        _ => Err(ApiError::internal("the ledger answered a consumption with something else")),
    };
    write.execute(Work::Consume(Box::new(consume)), render).await
}

pub(super) fn operation() -> Operation {
    Operation::new("consumeCredits", TAG, "Consume credits")
        .text(
            "Burns credits in the documented order, grant by grant. Unless the request or the \
             currency says otherwise it is never refused for lack of credits: the deficit goes to \
             the wallet's overdraft grant.",
        )
        .body("ConsumeCreditsRequest")
        .answers(200, "What was consumed, and the balance now", "ConsumeCreditsResponse")
        .refuses(&[402, 404])
}
