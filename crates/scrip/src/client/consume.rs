//! `scrip consume`.

use anyhow::Context as _;
use scrip_core::Credits;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::asking::Asker;
use super::connection::Request;
use super::failure::Failure;
use super::key;
use super::options::ConsumeOptions;
use super::output::{Format, data, parse, write, write_objects};
use super::table::card;

/// A consumption as the API answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Consumption {
    customer_id: String,
    currency_id: String,
    resource_id: Option<String>,
    amount: String,
    timestamp: String,
    credit: Credit,
}

/// The wallet's balance.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credit {
    current_usage: String,
    usage_limit: String,
}

/// Consumes a customer's credits.
pub async fn run(options: &ConsumeOptions) -> Result<(), Failure> {
    let asker = Asker::new(&options.ask.server)?;
    let key = key::given_or_new(options.idempotency_key.as_deref());
    // A consumption carries its key itself.
    let request = Request::post("/api/v1/credits/consumption", None, &body(options, &key));
    let answer = asker.change(&request, &key).await?;
    let consumption = data(&answer)?;
    match options.ask.output.format() {
        Format::Json => write_objects(&[consumption]),
        Format::Table => write(&table(&parse(consumption.get().as_bytes())?)?),
    }
}

fn body(options: &ConsumeOptions, key: &str) -> Value {
    let ConsumeOptions { wallet, dimension, .. } = options;
    let dimensions = dimension.iter().map(|(name, value)| (name.clone(), json!(value)));
    let dimensions: Map<String, Value> = dimensions.collect();
    let mut body = json!({
        "customerId": wallet.customer,
        "currencyId": wallet.currency,
        "amount": options.amount,
        "idempotencyKey": key,
    });
    let optional = [
        ("resourceId", wallet.resource.as_ref().map(|text| json!(text))),
        ("createdAt", options.created_at.as_ref().map(|text| json!(text))),
        ("dimensions", (!dimensions.is_empty()).then_some(Value::Object(dimensions))),
        ("onInsufficient", options.on_insufficient.map(|word| json!(word.name()))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    body
}

fn table(consumption: &Consumption) -> Result<String, Failure> {
    let Credit { current_usage, usage_limit } = &consumption.credit;
    let available = Credits::parse(usage_limit)
        .ok()
        .zip(Credits::parse(current_usage).ok())
        .and_then(|(limit, used)| limit.minus(used).ok())
        .context("the answer's balance is no number")?;
    Ok(card(&[
        ("Customer", consumption.customer_id.clone()),
        ("Currency", consumption.currency_id.clone()),
        ("Resource", consumption.resource_id.clone().unwrap_or_default()),
        ("Amount", consumption.amount.clone()),
        ("At", consumption.timestamp.clone()),
        ("Granted", usage_limit.clone()),
        ("Used", current_usage.clone()),
        ("Available", available.to_string()),
    ]))
}
