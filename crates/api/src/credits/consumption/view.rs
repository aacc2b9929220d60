//! What the API answers to a consumption.

use scrip_core::{Balance, CurrencyId, Timestamp, WalletKey};
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

/// An instant with six fraction digits.
struct Microseconds(i64);

impl std::fmt::Display for Microseconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let milliseconds = Timestamp::from_milliseconds(self.0.div_euclid(1_000));
        let rest = self.0.rem_euclid(1_000);
        match milliseconds {
            Ok(at) => write!(f, "{}{rest:03}Z", at.to_string().trim_end_matches('Z')),
            Err(_) => f.write_str("9999-12-31T23:59:59.999999Z"),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::Microseconds;

    #[test]
    fn six_digits() {
        let rows = [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_767_323_045_678_901, "2026-01-02T03:04:05.678901Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
        ];
        for (microseconds, text) in rows {
            assert_eq!(Microseconds(microseconds).to_string(), text);
        }
    }
}
