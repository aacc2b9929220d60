//! What a server says of a customer's balances.

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::connection::Connection;
use crate::workload::{CURRENCY, customer_id};

/// Thousandths of a credit that a wallet's balance shows as one of its members.
pub async fn thousandths(
    connection: &mut Connection,
    number: u32,
    member: &str,
) -> anyhow::Result<u64> {
    let customer = customer_id(number);
    let path = format!("/api/v1/credits/balances?customerId={customer}&currencyId={CURRENCY}");
    sum_of(connection.get(&path).await?, member).with_context(|| customer)
}

fn sum_of(body: &[u8], member: &str) -> anyhow::Result<u64> {
    let body: Value = serde_json::from_slice(body)?;
    let balances = body["data"].as_array().context("no balances")?;
    balances.iter().map(|balance| in_thousandths(&balance[member])).sum()
}

/// A decimal, which the API writes as a number or as a text, in thousandths.
fn in_thousandths(amount: &Value) -> anyhow::Result<u64> {
    let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part = part.trim_end_matches('0');
    let digits = format!("{whole}{part:0<3}");
    if part.len() > 3 {
        bail!("no amount of thousandths: {text}");
    }
    digits.parse().with_context(|| format!("no amount: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_in_thousandths() {
        let amounts = [json!("12"), json!(0.25), json!("7.001"), json!("7.0010"), json!(3.0)];
        let read = amounts.map(|amount| in_thousandths(&amount).unwrap());
        assert_eq!(read, [12_000, 250, 7_001, 7_001, 3_000]);
        assert!(in_thousandths(&json!("0.0001")).is_err());
        assert!(in_thousandths(&json!(null)).is_err());
    }
}
