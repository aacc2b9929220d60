//! `GET /api/v1/accounts`: the account of whoever asks, or all of them from the first one.

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Numbers, Reply};
use crate::json::document;
use crate::openapi::Operation;
use crate::places;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let own = places::own(&call).await?;
    let accounts = places::accounts(&call, &own.account).await?;
    Ok(Reply::ok(document(Numbers::AsNumbers, |writer| {
        writer.array(&accounts, |writer, (record, account)| {
            writer.object(|members| view::write(members, record, account));
        });
    })))
}

pub(super) fn operation() -> Operation {
    Operation::new("listAccounts", TAG, "List accounts")
        .text("The account that the request is for; for `default` all of them, archived ones too.")
        .answers(200, "The accounts", "AccountList")
}
