//! `GET /api/v1/customers/{id}/entitlements/check`: may the customer use credits (decision 46)? It
//! can set them aside at once.

use scrip_core::{Balance, Credits, CurrencyId, CustomerId, ReservationId, ResourceId, WalletKey};
use scrip_ledger::{RecordTimes, Reserved, Scope};
use serde_json::json;

use super::view::{CreditEntitlement, Denied, write_feature};
use super::{TAG, reserve};
use crate::access::Needs;
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

/// What the answer depends on, once customer, currency and resource are there.
enum Asked {
    /// Whether there is something left, and as much as is asked for.
    Usage(Option<Credits>),
    /// Nothing: a reservation was denied.
    Denied(Denied),
}

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    if query.has("reserveAmount") {
        Needs::Scope(Scope::Consumption).check(call.caller())?;
    }
    let reserve = reserve::wanted(query)?;
    let wanted = wanted(query)?;
    let resource =
        query.one("resourceId")?.map(|text| fields::resource("resourceId", text)).transpose()?;
    // What no customer can be called, nobody is: the answer then is a denial, not an error.
    let id = CustomerId::parse(call.path("id")).ok();
    let currency = match wanted {
        Wanted::Credits(currency) => currency,
        Wanted::Feature => return feature(&call, id).await,
    };
    let asked = match (reserve, &id) {
        (Some(reserve), Some(id)) => {
            let wallet = WalletKey {
                environment: call.environment(),
                customer: id.clone(),
                currency: currency.clone(),
                resource: resource.clone(),
            };
            let name = reserve.reservation.clone();
            match reserve::reserve(&call, wallet, reserve).await? {
                Ok(reserved) => return held(&call, &currency, &name, &reserved).await,
                Err(denied) => Asked::Denied(denied),
            }
        }
        (Some(_), None) => Asked::Denied(Denied::CustomerNotFound),
        (None, _) => Asked::Usage(
            query
                .one("requestedUsage")?
                .map(|text| fields::amount_in_query("requestedUsage", text))
                .transpose()?,
        ),
    };
    let customer = customer(&call, id).await?;
    let body = credits(&call, customer, currency, resource, asked).await?;
    Ok(Reply::ok(body).no_store())
}

async fn customer(
    call: &Call,
    id: Option<CustomerId>,
) -> Result<Option<(CustomerId, RecordTimes)>, ApiError> {
    match id {
        Some(id) => Ok(find_customer(call, &id).await?.map(|times| (id, times))),
        None => Ok(None),
    }
}

async fn feature(call: &Call, id: Option<CustomerId>) -> Result<Reply, ApiError> {
    let customer = customer(call, id).await?;
    let denied = customer_denied(customer.as_ref()).unwrap_or(Denied::FeatureNotFound);
    let body = document(call.numbers(), |writer| write_feature(writer, denied));
    Ok(Reply::ok(body).no_store())
}

/// The answer to a reservation that holds, or held, its credits.
async fn held(
    call: &Call,
    currency: &CurrencyId,
    name: &ReservationId,
    reserved: &Reserved,
) -> Result<Reply, ApiError> {
    let record = find_currency(call, currency).await?;
    let balance = &reserved.balance;
    let entitlement = CreditEntitlement {
        denied: None,
        currency_id: currency.as_str(),
        currency: record.as_deref(),
        balance: Some(balance),
        updated_at: balance.updated_at.unwrap_or_else(|| call.now()),
        reservation: Some((name, reserved)),
    };
    let body = document(call.numbers(), |writer| entitlement.write(writer));
    Ok(Reply::ok(body).no_store())
}

async fn credits(
    call: &Call,
    customer: Option<(CustomerId, RecordTimes)>,
    currency: CurrencyId,
    resource: Option<ResourceId>,
    asked: Asked,
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
        denied: denied.or_else(|| match asked {
            Asked::Usage(requested) => balance_denied(balance.as_ref(), requested),
            Asked::Denied(denied) => Some(denied),
        }),
        currency_id: currency.as_str(),
        currency: record.as_deref(),
        balance: shown,
        updated_at: updated_at.unwrap_or_else(|| call.now()),
        reservation: None,
    };
    Ok(document(call.numbers(), |writer| entitlement.write(writer)))
}

/// The same question answered without a look at anything: for whoever measures what the look costs.
pub(crate) fn unchanging(call: &Call, balance: &Balance) -> Result<Reply, ApiError> {
    let query = call.query();
    reserve::wanted(query)?;
    let Wanted::Credits(currency) = wanted(query)? else {
        return Err(ApiError::bad_input("a featureId is nothing to be measured"));
    };
    fields::customer("id", call.path("id"))?;
    let entitlement = CreditEntitlement {
        denied: balance_denied(Some(balance), None),
        currency_id: currency.as_str(),
        currency: None,
        balance: Some(balance),
        updated_at: call.now(),
        reservation: None,
    };
    Ok(Reply::ok(document(call.numbers(), |writer| entitlement.write(writer))).no_store())
}

fn customer_denied(customer: Option<&(CustomerId, RecordTimes)>) -> Option<Denied> {
    match customer {
        None => Some(Denied::CustomerNotFound),
        Some((_, times)) if times.archived_at.is_some() => Some(Denied::CustomerIsArchived),
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

const NEEDS_AMOUNT: &str = "Needs `reserveAmount`";

pub(super) fn operation() -> Operation {
    let requested = json!({"type": "number", "minimum": 0, "maximum": 1_000_000_000_000_000_u64});
    let values = json!({"type": "array", "items": {"type": "string"}});
    Operation::new("checkEntitlement", TAG, "Check an entitlement")
        .text(
            "May the customer use credits of a currency? The balance is `usageLimit` less \
             `currentUsage`. Without `requestedUsage` access is granted while it is above 0. With \
             `reserveAmount` the credits are held at once if there are enough; then `requestedUsage` \
             is ignored. The same `reservationId` with the same request reserves once.",
        )
        .path("id", "The customer's id")
        .query("currencyId", id(schema::PLAIN_ID), "The currency; not together with `featureId`")
        .query("featureId", id(schema::PLAIN_ID), "A feature: there are none yet")
        .query("resourceId", id(schema::PLAIN_ID), "The wallet of this resource")
        .query("requestedUsage", requested, "How much is wanted")
        .query_list("requestedValues", values, "For features")
        .query("reserveAmount", schema::positive_amount(), "How much is to be held")
        .query("reservationId", filled_text(), "Names the reservation; needs `reserveAmount`")
        .query("reservationTtlSeconds", integer(1, 86_400), NEEDS_AMOUNT)
        .query("reservationExpiresAt", instant(), NEEDS_AMOUNT)
        .query("reservationMetadata", json!({"type": "string"}), "A JSON object of strings")
        .answers(200, "Whether access is granted, and the balance", "CheckEntitlementResponse")
        .refuses(&[409, 507])
}
