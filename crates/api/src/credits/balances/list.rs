//! `GET /api/v1/credits/balances`: the balances of a customer's wallets.

use scrip_core::WalletKey;

use super::{AT, TAG, past, view};
use crate::credits::wallet::Filter;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::document;
use crate::openapi::Operation;
use crate::openapi::schema::{self, id, instant};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let filter = Filter::of_query(query)?;
    let at = past(&call)?;
    filter.check(&call).await?;
    let Filter { customer, resource, currency } = filter;
    let is_asked = |key: &WalletKey| {
        resource.as_ref().is_none_or(|asked| key.resource.as_ref() == Some(asked))
            && currency.as_ref().is_none_or(|asked| key.currency == *asked)
    };
    let mut balances = Vec::new();
    for key in call.ledger().wallets(&customer).await? {
        if is_asked(&key)
            && let Some(then) = call.ledger().wallet_at(&key, at).await?
        {
            balances.push(view::WalletBalance::of(&then)?);
        }
    }
    Ok(Reply::ok(document(call.numbers(), |writer| {
        writer.array(&balances, |writer, balance| balance.write(writer));
    })))
}

pub(super) fn operation() -> Operation {
    let resource = "Only this resource's wallets; without it, all wallets of the customer";
    Operation::new("listCreditBalances", TAG, "List balances")
        .text(
            "One row for each wallet, by currency, the one without a resource first: without \
             `resourceId` all wallets of the customer, those of resources too. \
             `available = granted - consumed - reserved`; a deficit is part of `consumed`, and \
             stands in `overdraft`.",
        )
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose balances")
        .query("resourceId", id(schema::PLAIN_ID), resource)
        .query("currencyId", id(schema::PLAIN_ID), "Only wallets of this currency")
        .query("at", instant(), AT)
        .answers(200, "The balances", "CreditBalanceList")
        .refuses(&[404])
}
