//! `scrip balance`.

use form_urlencoded::Serializer;
use serde::Deserialize;

use super::asking::Asker;
use super::failure::Failure;
use super::options::{BalanceOptions, FilterOptions, WalletOptions};
use super::output::{Format, items, parse, write, write_objects};
use super::table::{Side, Table};

/// What a wallet holds, as the API shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    currency_id: String,
    resource_id: Option<String>,
    granted: String,
    consumed: String,
    reserved: String,
    available: String,
    next_expiry: Option<Expiry>,
    at: String,
}

#[derive(Deserialize)]
struct Expiry {
    at: String,
    amount: String,
}

/// Shows a customer's balances.
pub async fn run(options: &BalanceOptions) -> Result<(), Failure> {
    let asker = Asker::new(&options.ask.server)?;
    let mut query = filter(&options.filter);
    append(&mut query, "at", options.at.as_deref());
    let answer = asker.get(format!("/api/v1/credits/balances?{}", query.finish())).await?;
    let balances = items(&answer)?;
    match options.ask.output.format() {
        Format::Json => write_objects(&balances),
        Format::Table => {
            let rows = balances.iter().map(|balance| parse(balance.get().as_bytes()).map(row));
            write(&table(&rows.collect::<Result<Vec<_>, _>>()?))
        }
    }
}

/// A query that names some wallets.
pub fn filter(options: &FilterOptions) -> Serializer<'static, String> {
    let mut query = Serializer::new(String::new());
    query.append_pair("customerId", &options.customer);
    append(&mut query, "currencyId", options.currency.as_deref());
    append(&mut query, "resourceId", options.resource.as_deref());
    query
}

/// A query that names a wallet.
pub fn wallet(options: &WalletOptions) -> Serializer<'static, String> {
    let mut query = Serializer::new(String::new());
    query.append_pair("customerId", &options.customer);
    query.append_pair("currencyId", &options.currency);
    append(&mut query, "resourceId", options.resource.as_deref());
    query
}

/// Adds what was given.
pub fn append(query: &mut Serializer<'static, String>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        query.append_pair(name, value);
    }
}

fn row(balance: Balance) -> Vec<String> {
    let expiry = balance.next_expiry.map(|expiry| format!("{} at {}", expiry.amount, expiry.at));
    vec![
        balance.currency_id,
        balance.resource_id.unwrap_or_default(),
        balance.granted,
        balance.consumed,
        balance.reserved,
        balance.available,
        balance.at,
        expiry.unwrap_or_default(),
    ]
}

fn table(rows: &[Vec<String>]) -> String {
    let mut table = Table::new(&[
        ("Currency", Side::Left),
        ("Resource", Side::Left),
        ("Granted", Side::Right),
        ("Consumed", Side::Right),
        ("Reserved", Side::Right),
        ("Available", Side::Right),
        ("At", Side::Left),
        ("Next expiry", Side::Left),
    ]);
    table.rows(rows)
}
