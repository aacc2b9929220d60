//! `GET /api/v1/customers/{id}/entitlements/check`: may the customer use credits (decision 46)?

use scrip_core::{Balance, Credits, CurrencyId, CustomerId, ResourceId, WalletKey};
use scrip_ledger::Record;
use serde_json::json;

use super::TAG;
use super::view::{CreditEntitlement, Denied, write_feature};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Query, Reply};
use crate::json::document;
use crate::lookup::{find_currency, find_customer, resource_exists};
use crate::openapi::Operation;
use crate::openapi::schema::{self, filled_text, id, instant, integer};

/// What is asked for.
enum Wanted {
    Credits(CurrencyId),
    Feature,
}

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    refuse_reserving(query)?;
    let wanted = wanted(query)?;
    let resource =
        query.one("resourceId")?.map(|text| fields::resource("resourceId", text)).transpose()?;
    let requested = query
        .one("requestedUsage")?
        .map(|text| fields::amount_in_query("requestedUsage", text))
        .transpose()?;
    // What no customer can be called, nobody is: the answer then is a denial, not an error.
    let customer = match CustomerId::parse(call.path("id")) {
        Ok(id) => find_customer(&call, &id).await?.map(|record| (id, record)),
        Err(_) => None,
    };
    let body = match wanted {
        Wanted::Feature => {
            let denied = customer_denied(customer.as_ref()).unwrap_or(Denied::FeatureNotFound);
            document(call.numbers(), |writer| write_feature(writer, denied))
        }
        Wanted::Credits(currency) => {
            credits(&call, customer, currency, resource, requested).await?
        }
    };
    Ok(Reply::ok(body).no_store())
}

async fn credits(
    call: &Call,
    customer: Option<(CustomerId, Record)>,
    currency: CurrencyId,
    resource: Option<ResourceId>,
    requested: Option<Credits>,
) -> Result<Vec<u8>, ApiError> {
    let record = find_currency(call, &currency).await?;
    let mut denied = customer_denied(customer.as_ref());
    if denied.is_none() && record.is_none() {
        denied = Some(Denied::EntitlementNotFound);
    }
    let mut made = None;
    let mut balance = None;
    if let Some((id, customer)) = customer {
        made = Some(customer.created_at);
        if let (None, Some(resource)) = (denied, &resource)
            && !resource_exists(call, &id, resource).await?
        {
            denied = Some(Denied::CustomerResourceNotFound);
        }
        let environment = call.environment();
        let wallet = WalletKey { environment, customer: id, currency: currency.clone(), resource };
        balance = call.ledger().balance(&wallet).await?;
    }
    let updated_at = balance.as_ref().and_then(|balance| balance.updated_at).or(made);
    // A denial for any other reason than the balance shows no numbers.
    let shown = if denied.is_some() { None } else { balance.as_ref() };
    let entitlement = CreditEntitlement {
        denied: denied.or_else(|| balance_denied(balance.as_ref(), requested)),
        currency_id: currency.as_str(),
        currency: record.as_ref(),
        balance: shown,
        updated_at: updated_at.unwrap_or_else(|| call.now()),
    };
    Ok(document(call.numbers(), |writer| entitlement.write(writer)))
}

fn customer_denied(customer: Option<&(CustomerId, Record)>) -> Option<Denied> {
    match customer {
        None => Some(Denied::CustomerNotFound),
        Some((_, record)) if record.archived_at.is_some() => Some(Denied::CustomerIsArchived),
        Some(_) => None,
    }
}

/// Granted if there is something left, and as much as is asked for.
pub(super) fn balance_denied(
    balance: Option<&Balance>,
    requested: Option<Credits>,
) -> Option<Denied> {
    let available = balance.map_or(Credits::ZERO, |balance| balance.available);
    let enough = available.is_positive() && requested.is_none_or(|wanted| wanted <= available);
    (!enough).then_some(Denied::InsufficientCredits)
}

fn wanted(query: &Query) -> Result<Wanted, ApiError> {
    match (query.one("currencyId")?, query.one("featureId")?) {
        (Some(currency), None) => Ok(Wanted::Credits(fields::currency("currencyId", currency)?)),
        (None, Some(feature)) => {
            // Features are called by the same pattern as currencies.
            fields::currency("featureId", feature)?;
            Ok(Wanted::Feature)
        }
        _ => Err(ApiError::bad_input("either currencyId or featureId must be given")),
    }
}

fn refuse_reserving(query: &Query) -> Result<(), ApiError> {
    const NEED_AMOUNT: [&str; 4] =
        ["reservationId", "reservationTtlSeconds", "reservationExpiresAt", "reservationMetadata"];
    if query.has("reserveAmount") {
        return Err(ApiError::unsupported(
            "reserveAmount is not served yet: checks do not reserve",
        ));
    }
    match NEED_AMOUNT.into_iter().find(|name| query.has(name)) {
        Some(name) => Err(ApiError::bad_input(format!("{name} needs reserveAmount"))),
        None => Ok(()),
    }
}

const NEEDS_AMOUNT: &str = "Needs `reserveAmount`";

pub(super) fn operation() -> Operation {
    let requested = json!({"type": "number", "minimum": 0, "maximum": 1_000_000_000_000_000_u64});
    let values = json!({"type": "array", "items": {"type": "string"}});
    Operation::new("checkEntitlement", TAG, "Check an entitlement")
        .text(
            "May the customer use credits of a currency? The balance is `usageLimit` less \
             `currentUsage`. Without `requestedUsage` access is granted while it is above 0.",
        )
        .path("id", "The customer's id")
        .query("currencyId", id(schema::PLAIN_ID), "The currency; not together with `featureId`")
        .query("featureId", id(schema::PLAIN_ID), "A feature: there are none yet")
        .query("resourceId", id(schema::PLAIN_ID), "The wallet of this resource")
        .query("requestedUsage", requested, "How much is wanted")
        .query_list("requestedValues", values, "For features")
        .query("reserveAmount", json!({"type": "number"}), "Not served yet: 501")
        .query("reservationId", filled_text(), NEEDS_AMOUNT)
        .query("reservationTtlSeconds", integer(1, 86_400), NEEDS_AMOUNT)
        .query("reservationExpiresAt", instant(), NEEDS_AMOUNT)
        .query("reservationMetadata", json!({"type": "string"}), NEEDS_AMOUNT)
        .answers(200, "Whether access is granted, and the balance", "CheckEntitlementResponse")
        .refuses(&[501])
}
