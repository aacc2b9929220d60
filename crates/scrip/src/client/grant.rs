//! `scrip grant`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::asking::Asker;
use super::connection::Request;
use super::failure::Failure;
use super::key;
use super::options::GrantOptions;
use super::output::{Format, data, parse, tell, write, write_objects};
use super::table::card;

/// A grant as the API shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    id: String,
    customer_id: String,
    currency_id: String,
    resource_id: Option<String>,
    display_name: String,
    grant_type: String,
    status: String,
    amount: String,
    consumed_amount: String,
    priority: i64,
    effective_at: String,
    expire_at: Option<String>,
    cost: Cost,
    payment_collection: String,
    invoice_id: Option<String>,
}

#[derive(Deserialize)]
struct Cost {
    amount: String,
    currency: String,
}

/// Gives a customer credits.
pub async fn run(options: &GrantOptions) -> Result<(), Failure> {
    let asker = Asker::new(&options.ask.server)?;
    let given = options.idempotency_key.as_deref();
    // Whether it can be a header is known before it is told as one that works.
    let key = key::given_or_new(given);
    let request = Request::post("/api/v1/credits/grants", Some(key::header(&key)?), &body(options));
    let answer = asker.change(&request, &key).await?;
    if answer.headers.contains_key("idempotent-replayed") {
        tell("this key was used before: the answer is the one that was given then");
    }
    let grant = data(&answer)?;
    match options.ask.output.format() {
        Format::Json => write_objects(&[grant]),
        Format::Table => write(&table(&parse(grant.get().as_bytes())?)),
    }
}

fn body(options: &GrantOptions) -> Value {
    let GrantOptions { wallet, cost, cost_currency, .. } = options;
    let metadata = options.metadata.iter().map(|(name, value)| (name.clone(), json!(value)));
    let metadata: Map<String, Value> = metadata.collect();
    let cost = cost.as_ref().map(|amount| json!({"amount": amount, "currency": cost_currency}));
    let mut body = json!({
        "customerId": wallet.customer,
        "currencyId": wallet.currency,
        "displayName": options.name,
        "amount": options.amount,
        "grantType": options.grant_type.name(),
    });
    let optional = [
        ("resourceId", wallet.resource.as_ref().map(|text| json!(text))),
        ("priority", options.priority.map(|number| json!(number))),
        ("effectiveAt", options.effective_at.as_ref().map(|text| json!(text))),
        ("expireAt", options.expire_at.as_ref().map(|text| json!(text))),
        ("comment", options.comment.as_ref().map(|text| json!(text))),
        ("metadata", (!metadata.is_empty()).then_some(Value::Object(metadata))),
        ("cost", cost),
        ("paymentCollectionMethod", options.payment.map(|method| json!(method.name()))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            body[name] = value;
        }
    }
    body
}

fn table(grant: &Grant) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    card(&[
        ("Grant", grant.id.clone()),
        ("Customer", grant.customer_id.clone()),
        ("Currency", grant.currency_id.clone()),
        ("Resource", text(&grant.resource_id)),
        ("Name", grant.display_name.clone()),
        ("Type", grant.grant_type.clone()),
        ("Status", grant.status.clone()),
        ("Amount", grant.amount.clone()),
        ("Consumed", grant.consumed_amount.clone()),
        ("Priority", grant.priority.to_string()),
        ("Effective at", grant.effective_at.clone()),
        ("Expires at", text(&grant.expire_at)),
        ("Cost", format!("{} {}", grant.cost.amount, grant.cost.currency)),
        ("Payment", grant.payment_collection.clone()),
        ("Invoice", text(&grant.invoice_id)),
    ])
}
