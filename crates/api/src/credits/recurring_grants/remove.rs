//! `DELETE /api/v1/credits/recurring-grants/{recurringGrantId}`: ends one; its current grant stays.

use scrip_ledger::{RecurringGrantView, Work};

use super::{TAG, existing, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let (call, numbers) = (write.call(), write.call().numbers());
    let RecurringGrantView { wallet, id, .. } =
        view::of_record(call, &existing(call).await?).await?;
    let work = Work::RemoveRecurringGrant(wallet, id);
    write.execute(work, move |answer| view::answered(numbers, answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("deleteRecurringGrant", TAG, "End a recurring grant")
        .text("What it gave stays until its own end. The id is free again.")
        .path("recurringGrantId", "Its id")
        .answers(200, "The recurring grant as it ended", "RecurringGrantResponse")
        .refuses(&[404])
}
