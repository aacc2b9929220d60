//! The part of the entitlement check that reserves: decided and held at once (spec 2.12,
//! decisions 20, 21, 46, 49). Its key is the reservation's id.

use scrip_core::{Entity, Refusal, Reserve, WalletKey};
use scrip_ledger::{Answer, LedgerError, OrderRefusal, Reserved, WalletReserve, Work};

use super::view::Denied;
use crate::credits::reservations::{hold_end, new_reserve};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Query};
use crate::json::Metadata;

/// What the query wants to reserve, if anything.
pub(super) fn wanted(query: &Query) -> Result<Option<Reserve>, ApiError> {
    const NEED_AMOUNT: [&str; 4] =
        ["reservationId", "reservationTtlSeconds", "reservationExpiresAt", "reservationMetadata"];
    let Some(amount) = query.one("reserveAmount")? else {
        return match NEED_AMOUNT.into_iter().find(|name| query.has(name)) {
            Some(name) => Err(ApiError::bad_input(format!("{name} needs reserveAmount"))),
            None => Ok(None),
        };
    };
    if query.has("featureId") {
        let message = "reserveAmount needs a currencyId: credits of a featureId are not reserved";
        return Err(ApiError::bad_input(message));
    }
    let amount = fields::positive_amount_in_query("reserveAmount", amount)?;
    let id = query
        .one("reservationId")?
        .ok_or_else(|| ApiError::bad_input("reserveAmount needs a reservationId"))?;
    let id = fields::reservation("reservationId", id)?;
    let ends = hold_end(
        ("reservationTtlSeconds", query.one("reservationTtlSeconds")?),
        ("reservationExpiresAt", query.one("reservationExpiresAt")?),
    )?;
    let metadata = query.one("reservationMetadata")?.map(metadata).transpose()?;
    Ok(Some(new_reserve(id, amount, ends, metadata.unwrap_or_default())))
}

fn metadata(text: &str) -> Result<std::collections::BTreeMap<String, String>, ApiError> {
    let field = "reservationMetadata";
    let metadata: Metadata = serde_json::from_str(text).map_err(|error| {
        ApiError::bad_input(format!("{field} must be a JSON object of strings: {error}"))
    })?;
    fields::metadata(field, metadata)
}

/// Sets the credits aside, or says why access is denied: then nothing is held.
pub(super) async fn reserve(
    call: &Call,
    wallet: WalletKey,
    reserve: Reserve,
) -> Result<Result<Reserved, Denied>, ApiError> {
    if call.is_head() {
        return Err(ApiError::method_not_allowed());
    }
    match call.execute(Work::Reserve(Box::new(WalletReserve { wallet, reserve }))).await {
        Ok(Answer::Reserved(reserved)) => Ok(Ok(reserved)),
        Ok(_) => Err(ApiError::internal("the ledger answered a reservation with something else")),
        Err(LedgerError::Refused(OrderRefusal {
            refusal: Refusal::HoldExpiryOutOfRange, ..
        })) => {
            let message = "reservationExpiresAt must be in the future, at most 24 hours ahead";
            Err(ApiError::bad_input(message))
        }
        Err(LedgerError::Refused(refused)) => match denied(&refused.refusal) {
            Some(denied) => Ok(Err(denied)),
            None => Err(LedgerError::Refused(refused).into()),
        },
        Err(error) => Err(error.into()),
    }
}

/// The refusals that are an answer to a check (decision 46).
fn denied(refusal: &Refusal) -> Option<Denied> {
    match refusal {
        Refusal::NotFound { entity: Entity::Customer, .. } => Some(Denied::CustomerNotFound),
        Refusal::NotFound { entity: Entity::CustomCurrency, .. } => {
            Some(Denied::EntitlementNotFound)
        }
        Refusal::Archived { entity: Entity::Customer, .. } => Some(Denied::CustomerIsArchived),
        Refusal::InsufficientCredits { .. } => Some(Denied::InsufficientCredits),
        _ => None,
    }
}
