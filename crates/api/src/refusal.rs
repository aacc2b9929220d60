//! Which status and code every refusal of the ledger has: one match, without a default.

use scrip_core::{Entity, Refusal};
use scrip_ledger::{LedgerError, OrderRefusal};

use crate::error::ApiError;

/// The answer to a refusal of the rules.
pub(crate) fn of_rules(refusal: &Refusal) -> ApiError {
    let message = match refusal {
        // Entities are named in requests by these fields.
        Refusal::NotFound { entity, .. } | Refusal::Archived { entity, .. } => {
            format!("{}: {refusal}", reference_field(*entity))
        }
        Refusal::Duplicate { .. } | Refusal::NameReserved { .. } => format!("id: {refusal}"),
        _ => refusal.to_string(),
    };
    match refusal {
        Refusal::NotFound { entity, .. } => ApiError::not_found(not_found_code(*entity), message),
        Refusal::Archived { .. } => ApiError::bad("EntityIsArchivedError", message),
        Refusal::KeyReused { .. }
        | Refusal::ReservationReused { .. }
        | Refusal::Duplicate { .. }
        | Refusal::HoldOpen { .. } => ApiError::conflict(message),
        Refusal::ExpireNotAfterEffective => {
            ApiError::bad("ExpireAtMustBeLaterThanEffectiveAtError", message)
        }
        Refusal::NameReserved { .. }
        | Refusal::ExpireInPast
        | Refusal::CreatedAtAhead
        | Refusal::CreatedAtTooOld
        | Refusal::HoldExpiryOutOfRange
        | Refusal::RechargeWithoutPrice
        | Refusal::TargetNotAboveThreshold { .. }
        | Refusal::RecurringGrantMoved { .. }
        | Refusal::CostNotWhole { .. }
        | Refusal::ClockBackward { .. }
        | Refusal::ClockTooFar { .. } => ApiError::bad_input(message),
        Refusal::ClockForbidden | Refusal::ResetForbidden => {
            ApiError::forbidden("AccessDeniedError", message)
        }
        Refusal::BillingIntegrationMissing => ApiError::bad("BillingIntegrationMissing", message),
        Refusal::InvoiceOfVoidedGrant { .. }
        | Refusal::InvoiceCanceled { .. }
        | Refusal::InvoiceNotPaid { .. }
        | Refusal::InvoicePaid { .. }
        | Refusal::InvoiceOfProvider { .. }
        | Refusal::InvoiceNotFailed { .. } => ApiError::bad("BillingInvoiceStatusError", message),
        Refusal::GrantAlreadyVoided => ApiError::bad("CreditGrantAlreadyVoided", message),
        Refusal::GrantCannotBeVoided { .. } => ApiError::bad("CreditGrantCannotBeVoided", message),
        Refusal::GrantExpired => {
            ApiError::bad("CannotUpdateExpireAtForExpiredCreditGrantError", message)
        }
        Refusal::GrantAwaitsNoPayment
        | Refusal::GrantNotPaid
        | Refusal::InvoiceRefundExceeds { .. }
        | Refusal::HoldEnded { .. }
        | Refusal::RefundExceeds { .. }
        | Refusal::NothingToRefund
        | Refusal::EndpointDisabled
        | Refusal::LastOwner
        | Refusal::LastEnvironment
        | Refusal::PersonElsewhere
        | Refusal::PersonIsAnother
        | Refusal::LinkOver
        | Refusal::TooMany { .. } => ApiError::bad("InvalidArgumentError", message),
        Refusal::InsufficientCredits { .. } => {
            ApiError::payment_required("InsufficientCredits", message)
        }
        Refusal::TooManyCustomCurrencies { .. } => {
            ApiError::bad("TooManyCustomCurrencies", message)
        }
        Refusal::SumTooLarge => ApiError::bad("AmountTooLarge", message),
    }
}

/// The answer to a refused order; an item of its list is named.
pub(crate) fn of_order(refused: &OrderRefusal, list: &str) -> ApiError {
    let error = of_rules(&refused.refusal);
    match refused.index {
        Some(index) => error.about(&format!("{list}[{index}]")),
        None => error,
    }
}

/// The answer when a ledger gave none.
pub(crate) fn of_ledger(error: LedgerError, list: &str) -> ApiError {
    match error {
        LedgerError::Refused(refused) => of_order(&refused, list).decided(),
        LedgerError::GrantIdTaken => ApiError::internal("every minted grant id was taken"),
        LedgerError::ClaimedForOther => claimed_for_other(),
        LedgerError::Busy => ApiError::unavailable("too many requests are waiting"),
        LedgerError::Unavailable => ApiError::unavailable("the database cannot be reached"),
        LedgerError::DiskFull => ApiError::disk_full(),
        LedgerError::Frozen => ApiError::frozen(),
        LedgerError::Closed => ApiError::unavailable("the server is stopping"),
        LedgerError::Internal(inside) => ApiError::internal(inside),
    }
}

/// The answer to a key that belongs to another body.
pub(crate) fn claimed_for_other() -> ApiError {
    ApiError::conflict("this Idempotency-Key was used before with a different body")
}

fn reference_field(entity: Entity) -> &'static str {
    match entity {
        Entity::Customer => "customerId",
        Entity::CustomCurrency => "currencyId",
        Entity::Grant | Entity::RecurringGrant | Entity::Invoice | Entity::WebhookEndpoint => "id",
        Entity::ApiKey => "keyId",
        Entity::Account => "accountId",
        Entity::Environment => "environmentId",
        Entity::Person => "personId",
        Entity::Session => "sessionId",
        Entity::SignInLink => "token",
        Entity::WebhookDelivery => "deliveryId",
        Entity::CustomerLink => "integrationId",
        Entity::Reservation => "reservationId",
        Entity::Consumption => "consumptionKey",
    }
}

fn not_found_code(entity: Entity) -> &'static str {
    match entity {
        Entity::Customer => "CustomerNotFound",
        Entity::CustomCurrency => "CustomCurrencyNotFound",
        Entity::Grant => "CreditGrantNotFound",
        Entity::Reservation => "CreditReservationNotFound",
        Entity::RecurringGrant => "CreditRecurringGrantNotFound",
        Entity::Consumption => "CreditConsumptionNotFound",
        Entity::WebhookEndpoint => "WebhookEndpointNotFound",
        Entity::WebhookDelivery => "WebhookDeliveryNotFound",
        Entity::ApiKey => "ApiKeyNotFound",
        Entity::Account => "AccountNotFound",
        Entity::Environment => "EnvironmentNotFound",
        Entity::Person => "PersonNotFound",
        Entity::Session => "SessionNotFound",
        Entity::SignInLink => "SignInLinkNotFound",
        Entity::Invoice => "MissingBillingInvoiceError",
        Entity::CustomerLink => "IntegrationNotFound",
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        of_ledger(error, "items")
    }
}
