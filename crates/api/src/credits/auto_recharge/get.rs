//! `GET /api/v1/credits/auto-recharge`: how a wallet recharges; the defaults where nobody said.

use super::{TAG, view};
use crate::credits::wallet;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::document;
use crate::lookup::{customer_exists, existing_currency};
use crate::openapi::Operation;
use crate::openapi::schema::{self, id};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let wallet = wallet::of_query(&call)?;
    customer_exists(&call, &wallet.customer).await?;
    existing_currency(&call, &wallet.currency).await?;
    let found = call.ledger().wallet_at(&wallet, None).await?;
    let recharge = found.as_ref().and_then(|then| then.wallet.recharge());
    Ok(Reply::ok(document(call.numbers(), |writer| view::write(writer, &wallet, recharge))))
}

pub(super) fn operation() -> Operation {
    Operation::new("getAutoRecharge", TAG, "Get the auto-recharge setting")
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose wallet")
        .required_query("currencyId", id(schema::PLAIN_ID), "Of which currency")
        .query("resourceId", id(schema::PLAIN_ID), "The wallet of this resource")
        .answers(200, "The setting, or the defaults", "AutoRechargeResponse")
        .refuses(&[404])
}
