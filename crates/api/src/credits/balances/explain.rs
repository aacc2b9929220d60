//! `GET /api/v1/credits/balances/explain`: what a balance is made of (decision 83).

use scrip_core::{Credits, Grant, Overflow, Wallet};
use scrip_ledger::{Explained, WalletAt};
use serde_json::{Value, json};

use super::view::{overflow, write_sums, write_wallet};
use super::{AT, TAG, past};
use crate::credits::{grants, ledger, wallet};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::{Members, document};
use crate::lookup::{customer_exists, existing_currency};
use crate::openapi::Operation;
use crate::openapi::schema::{
    self, amount, choice, data, described, id, instant, nullable, open, optional, reference,
    required,
};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let wallet = wallet::of_query(&call)?;
    let at = past(&call)?;
    customer_exists(&call, &wallet.customer).await?;
    existing_currency(&call, &wallet.currency).await?;
    // A wallet that never changed holds nothing, of nothing.
    let nothing = || {
        let at = at.unwrap_or_else(|| call.now());
        let then = WalletAt { at, wallet: Wallet::new(wallet.clone()) };
        Explained { then, opening: Credits::ZERO, rows: Vec::new() }
    };
    let explained = call.ledger().explain(&wallet, at).await?.unwrap_or_else(nothing);
    body(&call, &explained).map(Reply::ok).map_err(overflow)
}

fn body(call: &Call, explained: &Explained) -> Result<Vec<u8>, Overflow> {
    let Explained { then: WalletAt { at, wallet }, opening, rows } = explained;
    let balance = wallet.balance()?;
    let consumed = balance.used.minus(balance.reserved)?;
    let mut grants = Vec::new();
    for grant in wallet.grants() {
        grants.push((grant, grant.available()?));
    }
    Ok(document(call.numbers(), |writer| {
        writer.object(|members| {
            write_wallet(members, wallet.key());
            members.plain("at", at);
            write_sums(members, [balance.granted, consumed, balance.reserved], balance.available);
            members.credits("opening", *opening);
            members.array("grants", &grants, |writer, (grant, available)| {
                writer.object(|members| write_grant(members, grant, *available));
            });
            members.array("rows", rows, ledger::write_row);
        });
    }))
}

fn write_grant(members: &mut Members<'_>, grant: &Grant, available: Credits) {
    members.plain("id", grant.name.id);
    members.plain("grantType", grants::type_name(grant.grant_type));
    members.plain("status", grants::status_name(grant.status()));
    members.credits("amount", grant.amount);
    members.credits("consumed", grant.consumed);
    members.credits("held", grant.held);
    if grant.is_usable() && grant.lost.is_positive() {
        members.credits("takenBack", grant.lost);
    }
    members.credits("available", available);
}

pub(super) fn operation() -> Operation {
    let resource = "The wallet of this resource; without it, the one without a resource";
    Operation::new("explainCreditBalance", TAG, "Explain a balance")
        .text(
            "`opening` and the amounts of `rows` add up to `available`, and so does what is \
             available of each of `grants`. `rows` are the ledger rows since the last state that \
             was kept, oldest first: those of some 4,096 changes at most. `grants` are those that \
             can still matter; one that is used up and has no end is part of `granted` and of \
             `consumed` only.",
        )
        .required_query("customerId", id(schema::CUSTOMER_ID), "Whose balance")
        .required_query("currencyId", id(schema::PLAIN_ID), "The wallet's currency")
        .query("resourceId", id(schema::PLAIN_ID), resource)
        .query("at", instant(), AT)
        .answers(200, "The balance and its parts", "ExplainCreditBalanceResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let adds = "What it adds to the balance: below 0 for an overdraft, 0 unless it is usable";
    let grant = open([
        required("id", schema::text()),
        required("grantType", choice(grants::TYPE_NAMES)),
        required("status", choice(grants::STATUS_NAMES)),
        required("amount", amount()),
        required("consumed", amount()),
        required("held", described(amount(), "What open reservations hold of it")),
        optional("takenBack", described(amount(), "Credits that are gone with their money")),
        required("available", described(amount(), adds)),
    ]);
    let opening = "The balance before the first of `rows`";
    data(open([
        required("customerId", schema::text()),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("at", described(instant(), "The instant at which it was so")),
        required("granted", amount()),
        required("consumed", amount()),
        required("reserved", amount()),
        required("available", amount()),
        required("opening", described(amount(), opening)),
        required("grants", json!({"type": "array", "items": grant})),
        required("rows", json!({"type": "array", "items": reference("CreditLedgerRow")})),
    ]))
}
