//! `GET /api/v1/portal-token`: what the token of whoever asks opens, and what they need to show it.

use std::collections::BTreeSet;

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::lookup::{existing_customer, find_currency};
use crate::openapi::Operation;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let access = call.customer_access()?;
    let customer = existing_customer(&call, access.customer()).await?;
    let wallets = call.ledger().wallets(access.customer()).await?;
    let ids: BTreeSet<_> = wallets.into_iter().map(|wallet| wallet.currency).collect();
    let mut currencies = Vec::new();
    for id in ids {
        let found = find_currency(&call, &id).await?;
        currencies.push((id, found));
    }
    let is_sandbox = call.caller().sandbox;
    Ok(Reply::ok(view::own(access, &customer, &currencies, is_sandbox)).no_store())
}

pub(super) fn operation() -> Operation {
    Operation::new("getPortalToken", TAG, "Get what a portal token opens")
        .text(
            "Asked for with `X-CUSTOMER-TOKEN`, without an API key. With the currencies of the \
             customer's wallets, as far as they are needed to show amounts.",
        )
        .answers(200, "What it opens", "OwnPortalTokenResponse")
}
