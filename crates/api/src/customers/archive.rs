//! `POST /api/v1/customers/{id}/archive`: nothing new is granted to or consumed by the customer.

use scrip_ledger::{RecordKind, Work};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::read_nothing;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    read_nothing(write.body())?;
    let id = write.call().path_customer()?.as_str().to_owned();
    let work = Work::ArchiveRecord(RecordKind::Customer, id);
    write.execute(work, |answer| view::answered(answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("archiveCustomer", TAG, "Archive a customer")
        .text(
            "No grant, consumption or hold; reads, voids and time go on. Archiving twice changes \
             nothing.",
        )
        .path("id", "The customer's id")
        .answers(200, "The customer, archived", "CustomerResponse")
        .refuses(&[404])
}
