//! The bodies of requests.

use anyhow::bail;
use scrip_oracle::{Change, Consume, Grant, GrantKind, Instant, WalletName};
use serde_json::{Map, Value, json};

use super::decimal;

/// Of `POST …/grants`.
pub fn grant_body(grant: &Grant) -> anyhow::Result<Value> {
    let mut body = Map::new();
    let WalletName { customer, currency, resource } = &grant.wallet;
    let kind = match grant.kind {
        GrantKind::Paid => "PAID",
        GrantKind::Promotional => "PROMOTIONAL",
        GrantKind::Recurring => bail!("recurring grants cannot be asked for"),
    };
    let instant = |at: Option<Instant>| at.map(decimal::instant_text).transpose();
    body.insert("customerId".to_owned(), json!(customer));
    body.insert("currencyId".to_owned(), json!(currency));
    body.insert("resourceId".to_owned(), json!(resource));
    body.insert("displayName".to_owned(), json!(grant.id));
    body.insert("amount".to_owned(), json!(decimal::amount_text(grant.amount)));
    body.insert("grantType".to_owned(), json!(kind));
    body.insert("priority".to_owned(), json!(grant.priority));
    body.insert("effectiveAt".to_owned(), json!(instant(grant.effective_at)?));
    body.insert("expireAt".to_owned(), json!(instant(grant.expire_at)?));
    Ok(Value::Object(body))
}

/// Of `PATCH …/grants/{id}`.
pub fn change_body(change: &Change) -> anyhow::Result<Value> {
    let mut body = Map::new();
    if let Some(priority) = change.priority {
        body.insert("priority".to_owned(), json!(priority));
    }
    if let Some(expire_at) = change.expire_at {
        let expire_at = expire_at.map(decimal::instant_text).transpose()?;
        body.insert("expireAt".to_owned(), json!(expire_at));
    }
    if let Some(name) = &change.display_name {
        body.insert("displayName".to_owned(), json!(name));
    }
    Ok(Value::Object(body))
}

/// Of a consumption, alone or in a batch.
pub fn consume_body(consume: &Consume) -> anyhow::Result<Value> {
    let WalletName { customer, currency, resource } = &consume.wallet;
    let created_at = consume.created_at.map(decimal::instant_text).transpose()?;
    Ok(json!({
        "customerId": customer,
        "currencyId": currency,
        "resourceId": resource,
        "amount": decimal::amount_text(consume.amount),
        "idempotencyKey": consume.key,
        "createdAt": created_at,
    }))
}
