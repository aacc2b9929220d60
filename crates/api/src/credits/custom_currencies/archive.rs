//! `POST /api/v1/credits/custom-currencies/{currencyId}/archive`: no new grants; what is left
//! burns on.

use scrip_ledger::{RecordKind, Work};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    read_nothing(write.body())?;
    let id = write.call().path_currency()?.as_str().to_owned();
    let work = Work::ArchiveRecord(RecordKind::CustomCurrency, id);
    let numbers = write.call().numbers();
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("archiveCustomCurrency", TAG, "Archive a custom currency")
        .text("Nothing new is granted in it; its wallets burn on. Archiving twice changes nothing.")
        .path("currencyId", "The currency's id")
        .answers(200, "The currency, archived", "CustomCurrencyResponse")
        .refuses(&[404])
}
