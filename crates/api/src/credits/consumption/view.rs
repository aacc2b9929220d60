//! What the API answers to a consumption.

use scrip_core::{Balance, CurrencyId, Microseconds, WalletKey};
use scrip_ledger::{Consumed, Rejected};
use serde_json::json;

use crate::http::Numbers;
use crate::json::{Members, document};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, data, instant, nullable, open, optional, reference, required,
};
use crate::refusal;

/// Renders the answer to a consumption of a wallet.
pub(crate) struct Consumption {
    /// The wallet.
    pub wallet: WalletKey,
    /// How amounts are written.
    pub numbers: Numbers,
}

impl Consumption {
    /// The body.
    pub fn body(&self, consumed: &Consumed) -> Vec<u8> {
        let wallet = &self.wallet;
        document(self.numbers, |writer| {
            writer.object(|members| {
                members.text("customerId", wallet.customer.as_str());
                members.text("currencyId", wallet.currency.as_str());
                let resource = wallet.resource.as_ref().map(|resource| resource.as_str());
                members.text_or_null("resourceId", resource);
                members.credits("amount", consumed.amount);
                members.plain("timestamp", consumed.attributed_at);
                members.object("credit", |credit| {
                    write_credit(credit, &wallet.currency, &consumed.balance);
                });
            });
        })
    }
}

/// The wallet's balance, as clients keep it: the one with the newest timestamp wins.
pub(crate) fn write_credit(credit: &mut Members<'_>, currency: &CurrencyId, balance: &Balance) {
    credit.text("currencyId", currency.as_str());
    credit.credits("currentUsage", balance.used);
    credit.credits("usageLimit", balance.granted);
    credit.plain("timestamp", Microseconds(balance.version_microseconds));
    if let Some(end) = balance.period_end {
        credit.plain("usagePeriodEnd", end);
    }
}

/// The body of a batch's answer.
pub(super) fn batch_body(numbers: Numbers, rejected: &[Rejected]) -> Vec<u8> {
    document(numbers, |writer| {
        writer.object(|members| {
            if rejected.is_empty() {
                return;
            }
            members.array("rejected", rejected, |writer, item| {
                let error = refusal::of_rules(&item.refusal);
                writer.object(|members| {
                    let index = i64::try_from(item.index).unwrap_or(i64::MAX);
                    members.integer("index", index);
                    members.plain("code", error.code());
                    members.text("message", error.message());
                });
            });
        });
    })
}

pub(super) fn components() -> Vec<Component> {
    let credit = open([
        required("currencyId", schema::text()),
        required("currentUsage", amount()),
        required("usageLimit", amount()),
        required("timestamp", instant()),
        optional("usagePeriodEnd", instant()),
    ]);
    let consumption = open([
        required("customerId", schema::text()),
        required("currencyId", schema::text()),
        required("resourceId", nullable(schema::text())),
        required("amount", amount()),
        required("timestamp", instant()),
        optional("credit", reference("CreditBalance")),
    ]);
    let rejected = open([
        required("index", json!({"type": "integer", "minimum": 0})),
        required("code", json!({"type": "string"})),
        required("message", json!({"type": "string"})),
    ]);
    let batch = open([optional("rejected", json!({"type": "array", "items": rejected}))]);
    vec![
        ("CreditBalance", credit),
        ("ConsumeCreditsResponse", data(consumption)),
        ("ConsumeCreditsAsyncResponse", data(batch)),
    ]
}
