//! What an API key must hold for each operation: one table, from which the routes take it. A route that
//! is not in it is for full keys only, and fails a test.

use scrip_core::Actor;
use scrip_ledger::{KeyHolder, Permissions, Scope};

use crate::error::ApiError;
use crate::portal_tokens::{CustomerAccess, Part};

/// What an operation asks of whoever calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// No API key.
    NoKey,
    /// A key with this scope.
    Scope(Scope),
    /// A key that reads; or the token of the customer that is asked about, if it opens this part.
    Own(Part),
    /// The token of a customer.
    CustomerToken,
    /// A full key, or a person who is an admin.
    Admin,
    /// A key that may everything, or an owner: what it makes could else do more than itself.
    FullKey,
}

use Needs::{Admin, CustomerToken, FullKey, NoKey, Own};
const READ: Needs = Needs::Scope(Scope::Read);
const GRANTS: Needs = Needs::Scope(Scope::Grants);
const CONSUMPTION: Needs = Needs::Scope(Scope::Consumption);
const CUSTOMERS: Needs = Needs::Scope(Scope::Customers);
const SETTINGS: Needs = Needs::Scope(Scope::Settings);

/// Every operation that is served.
const TABLE: &[(&str, &str, Needs)] = &[
    ("POST", "/api/v1/credits/grants", GRANTS),
    ("GET", "/api/v1/credits/grants", Own(Part::Grants)),
    ("GET", "/api/v1/credits/grants/{id}", READ),
    ("PATCH", "/api/v1/credits/grants/{id}", GRANTS),
    ("POST", "/api/v1/credits/grants/{id}/void", GRANTS),
    ("POST", "/api/v1/credits/consumption", CONSUMPTION),
    ("POST", "/api/v1/credits/consumption/async", CONSUMPTION),
    ("POST", "/api/v1/credits/consumption/refund", CONSUMPTION),
    ("POST", "/api/v1/credits/reservations", CONSUMPTION),
    ("GET", "/api/v1/credits/reservations", READ),
    ("GET", "/api/v1/credits/reservations/{reservationId}", READ),
    ("POST", "/api/v1/credits/reservations/{reservationId}/release", CONSUMPTION),
    ("POST", "/api/v1/credits/reservations/{reservationId}/extend", CONSUMPTION),
    ("GET", "/api/v1/credits/auto-recharge", Own(Part::AutoRecharge)),
    ("PUT", "/api/v1/credits/auto-recharge", GRANTS),
    ("PUT", "/api/v1/credits/recurring-grants/{recurringGrantId}", GRANTS),
    ("GET", "/api/v1/credits/recurring-grants/{recurringGrantId}", READ),
    ("DELETE", "/api/v1/credits/recurring-grants/{recurringGrantId}", GRANTS),
    ("GET", "/api/v1/credits/recurring-grants", READ),
    ("GET", "/api/v1/credits/balances", Own(Part::Balances)),
    ("GET", "/api/v1/credits/balances/explain", READ),
    ("GET", "/api/v1/credits/ledger", READ),
    ("GET", "/api/v1/credits/ledger/export", READ),
    ("GET", "/api/v1/credits/ledger/proof", READ),
    ("GET", "/api/v1/credits/anchors", READ),
    ("GET", "/api/v1/credits/usage", Own(Part::Usage)),
    ("GET", "/api/v1/credits/reports/revenue", READ),
    ("GET", "/api/v1/credits/reports/months", READ),
    // It cannot be taken back.
    ("POST", "/api/v1/credits/reports/months/{month}/close", FullKey),
    ("POST", "/api/v1/credits/custom-currencies", SETTINGS),
    ("GET", "/api/v1/credits/custom-currencies", READ),
    ("PATCH", "/api/v1/credits/custom-currencies/{currencyId}", SETTINGS),
    ("POST", "/api/v1/credits/custom-currencies/{currencyId}/archive", SETTINGS),
    ("POST", "/api/v1/credits/custom-currencies/{currencyId}/unarchive", SETTINGS),
    ("GET", "/api/v1/credits/custom-currencies/{currencyId}/associated-entities", READ),
    ("POST", "/api/v1/customers", CUSTOMERS),
    ("GET", "/api/v1/customers", READ),
    ("POST", "/api/v1/customers/import", CUSTOMERS),
    ("GET", "/api/v1/customers/{id}", READ),
    ("PATCH", "/api/v1/customers/{id}", CUSTOMERS),
    ("POST", "/api/v1/customers/{id}/archive", CUSTOMERS),
    ("POST", "/api/v1/customers/{id}/unarchive", CUSTOMERS),
    // It cannot be taken back.
    ("POST", "/api/v1/customers/{id}/erase", Admin),
    ("POST", "/api/v1/customers/{id}/portal-tokens", CUSTOMERS),
    ("DELETE", "/api/v1/customers/{id}/portal-tokens", CUSTOMERS),
    ("GET", "/api/v1/portal-token", CustomerToken),
    ("GET", "/api/v1/customers/{id}/resources", READ),
    ("GET", "/api/v1/customers/{id}/invoices", READ),
    // Where it is to set credits aside it asks for `consumption` too.
    ("GET", "/api/v1/customers/{id}/entitlements/check", READ),
    ("GET", "/api/v1/customers/{id}/entitlements", READ),
    ("POST", "/api/v1/customers/{id}/integrations", CUSTOMERS),
    ("GET", "/api/v1/customers/{id}/integrations", READ),
    ("GET", "/api/v1/customers/{id}/integrations/{integrationId}", READ),
    ("PATCH", "/api/v1/customers/{id}/integrations/{integrationId}", CUSTOMERS),
    ("DELETE", "/api/v1/customers/{id}/integrations/{integrationId}", CUSTOMERS),
    ("POST", "/api/v1/customers/{id}/payment-method", CUSTOMERS),
    ("DELETE", "/api/v1/customers/{id}/payment-method", CUSTOMERS),
    ("GET", "/api/v1/invoices", READ),
    ("GET", "/api/v1/invoices/{id}", READ),
    // What becomes of an invoice decides what becomes of its grant.
    ("POST", "/api/v1/invoices/{id}/mark-paid", GRANTS),
    ("POST", "/api/v1/invoices/{id}/cancel", GRANTS),
    ("POST", "/api/v1/invoices/{id}/refund", GRANTS),
    ("POST", "/api/v1/invoices/{id}/retry", GRANTS),
    ("GET", "/api/v1/payment-provider", READ),
    ("PUT", "/api/v1/payment-provider", SETTINGS),
    ("DELETE", "/api/v1/payment-provider", SETTINGS),
    // What a provider sends is signed.
    ("POST", "/api/v1/providers/stripe/{environment}/events", NoKey),
    ("GET", "/api/v1/events-log", READ),
    ("POST", "/api/v1/webhooks", SETTINGS),
    ("GET", "/api/v1/webhooks", READ),
    ("GET", "/api/v1/webhooks/{webhookId}", READ),
    ("PATCH", "/api/v1/webhooks/{webhookId}", SETTINGS),
    ("DELETE", "/api/v1/webhooks/{webhookId}", SETTINGS),
    ("POST", "/api/v1/webhooks/{webhookId}/rotate-secret", SETTINGS),
    ("POST", "/api/v1/webhooks/{webhookId}/test", SETTINGS),
    ("GET", "/api/v1/webhooks/{webhookId}/deliveries", READ),
    ("GET", "/api/v1/webhooks/{webhookId}/deliveries/{deliveryId}", READ),
    ("POST", "/api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/redeliver", SETTINGS),
    ("POST", "/api/v1/test-clock", SETTINGS),
    ("GET", "/api/v1/test-clock", READ),
    ("POST", "/api/v1/api-keys", Admin),
    ("GET", "/api/v1/api-keys", Admin),
    ("GET", "/api/v1/api-keys/{keyId}", Admin),
    ("PATCH", "/api/v1/api-keys/{keyId}", Admin),
    ("DELETE", "/api/v1/api-keys/{keyId}", Admin),
    ("POST", "/api/v1/api-keys/{keyId}/rotate-secret", Admin),
    ("POST", "/api/v1/accounts", FullKey),
    ("GET", "/api/v1/accounts", READ),
    ("POST", "/api/v1/accounts/{accountId}/archive", FullKey),
    ("POST", "/api/v1/environments", FullKey),
    ("GET", "/api/v1/environments", READ),
    ("POST", "/api/v1/environments/{environmentId}/archive", FullKey),
    ("POST", "/api/v1/environments/{environmentId}/reset", FullKey),
    ("POST", "/api/v1/people", FullKey),
    ("GET", "/api/v1/people", FullKey),
    ("GET", "/api/v1/people/{personId}", FullKey),
    ("PATCH", "/api/v1/people/{personId}", FullKey),
    ("DELETE", "/api/v1/people/{personId}", FullKey),
    ("POST", "/api/v1/people/{personId}/sign-in-link", FullKey),
    ("GET", "/api/v1/people/{personId}/sessions", FullKey),
    ("DELETE", "/api/v1/people/{personId}/sessions/{sessionId}", FullKey),
    // What it says of people asks for a full key.
    ("GET", "/api/v1/audit-log", Admin),
    ("GET", "/healthz", NoKey),
    ("GET", "/readyz", NoKey),
    ("GET", "/openapi.json", NoKey),
];

/// What the operation of a route needs.
pub(crate) fn needed(method: &str, path: &str) -> Needs {
    let row = TABLE.iter().find(|(of_method, of_path, _)| (*of_method, *of_path) == (method, path));
    row.map_or(FullKey, |(_, _, needs)| *needs)
}

impl Needs {
    /// Refuses a key that does not hold it.
    pub fn check(self, holder: &KeyHolder) -> Result<(), ApiError> {
        let is_held = match self {
            Self::NoKey => true,
            Self::Scope(scope) => holder.permissions.allow(scope),
            Self::Own(_) => holder.permissions.allow(Scope::Read),
            Self::CustomerToken => {
                let message = "this is asked for with X-CUSTOMER-TOKEN, and without an API key";
                return Err(ApiError::forbidden("AccessDeniedError", message));
            }
            Self::Admin => holder.permissions.manage_keys(),
            Self::FullKey => holder.permissions == Permissions::Full,
        };
        if is_held {
            return Ok(());
        }
        let missing = self.scope().unwrap_or_default();
        let message = match holder.actor() {
            Actor::Person(_) => format!("your role does not hold `{missing}`"),
            Actor::ApiKey(_) | Actor::System => {
                format!("this API key lacks the scope `{missing}`")
            }
        };
        Err(ApiError::forbidden("AccessDeniedError", message))
    }

    /// Refuses a customer's token: of all that there is it opens parts of what is its customer's own.
    pub fn check_customer(self, access: &CustomerAccess) -> Result<(), ApiError> {
        match self {
            Self::NoKey | Self::CustomerToken => Ok(()),
            Self::Own(part) => access.check(part),
            Self::Scope(_) | Self::Admin | Self::FullKey => {
                let message = "a customer token does not open this";
                Err(ApiError::forbidden("AccessDeniedError", message))
            }
        }
    }

    /// The name of the scope that a key must hold, if there must be one.
    pub const fn scope(self) -> Option<&'static str> {
        match self {
            Self::NoKey | Self::CustomerToken => None,
            Self::Scope(scope) => Some(scope.as_str()),
            Self::Own(_) => Some(Scope::Read.as_str()),
            Self::Admin | Self::FullKey => Some(Permissions::FULL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A route that somebody adds says here what it needs, and one that goes leaves nothing behind.
    #[test]
    fn every_route_says_what_it_needs() {
        let mut served: Vec<_> =
            crate::router::endpoints().iter().map(|each| (each.method, each.path)).collect();
        let mut told: Vec<_> = TABLE.iter().map(|(method, path, _)| (*method, *path)).collect();
        served.sort_unstable();
        told.sort_unstable();
        assert_eq!(served, told);
    }

    #[test]
    fn what_says_nothing_is_for_full_keys() {
        assert_eq!(needed("GET", "/api/v1/something-new"), FullKey);
    }
}
