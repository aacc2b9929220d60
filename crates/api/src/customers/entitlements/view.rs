//! An entitlement as the API shows it.

use scrip_core::{Balance, Credits, ReservationId, Timestamp};
use scrip_ledger::{Record, Reserved};
use serde_json::{Value, json};

use crate::credits::reservations::write_held;
use crate::json::{Members, Writer};
use crate::openapi::Component;
use crate::openapi::schema::{
    self, amount, boolean, choice, data, described, instant, nullable, open, optional, reference,
    required,
};

/// Why access is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Denied {
    CustomerNotFound,
    CustomerIsArchived,
    CustomerResourceNotFound,
    EntitlementNotFound,
    FeatureNotFound,
    InsufficientCredits,
}

impl Denied {
    fn as_str(self) -> &'static str {
        match self {
            Self::CustomerNotFound => "CustomerNotFound",
            Self::CustomerIsArchived => "CustomerIsArchived",
            Self::CustomerResourceNotFound => "CustomerResourceNotFound",
            Self::EntitlementNotFound => "EntitlementNotFound",
            Self::FeatureNotFound => "FeatureNotFound",
            Self::InsufficientCredits => "InsufficientCredits",
        }
    }
}

/// Access to credits of a currency.
pub(super) struct CreditEntitlement<'a> {
    /// None grants it.
    pub denied: Option<Denied>,
    /// What the currency is called in the request or the wallet.
    pub currency_id: &'a str,
    /// The currency, if it exists.
    pub currency: Option<&'a Record>,
    /// The wallet's balance; none shows zeros.
    pub balance: Option<&'a Balance>,
    /// The wallet's last change, or what stands for it.
    pub updated_at: Timestamp,
    /// What the check set aside.
    pub reservation: Option<(&'a ReservationId, &'a Reserved)>,
}

impl CreditEntitlement<'_> {
    pub fn write(&self, writer: &mut Writer) {
        let amount = |of: fn(&Balance) -> Credits| self.balance.map_or(Credits::ZERO, of);
        writer.object(|members| {
            members.text("type", "CREDIT");
            write_access(members, self.denied);
            members.object("currency", |currency| self.write_currency(currency));
            members.credits("usageLimit", amount(|balance| balance.granted));
            members.credits("currentUsage", amount(|balance| balance.used));
            members.plain("usageUpdatedAt", self.updated_at);
            members.credits("reserved", amount(|balance| balance.reserved));
            members.credits("reservedOnExpiredGrants", amount(|balance| balance.reserved_on_dead));
            if let Some(at) = self.balance.and_then(|balance| balance.period_end) {
                members.plain("usagePeriodEnd", at);
            }
            if let Some(at) = self.balance.and_then(|balance| balance.valid_until) {
                members.plain("validUntil", at);
            }
            if let Some((id, reserved)) = self.reservation {
                members.object("reservation", |members| write_held(members, id, reserved));
            }
        });
    }

    fn write_currency(&self, members: &mut Members<'_>) {
        let text = |name| self.currency.and_then(|record| record.text(name));
        members.text("currencyId", self.currency_id);
        members.text("displayName", text("displayName").unwrap_or(self.currency_id));
        if let Some(description) = text("description") {
            members.text("description", description);
        }
        let body = self.currency.map(|record| &record.body);
        let units = body.and_then(|body| body.get("units"));
        for (name, unit) in [("unitSingular", "singular"), ("unitPlural", "plural")] {
            if let Some(text) = units.and_then(|units| units.get(unit)).and_then(Value::as_str) {
                members.text(name, text);
            }
        }
        if let Some(metadata) = body.and_then(|body| body.get("metadata")) {
            members.value("metadata", |writer| writer.json(metadata));
        }
    }
}

/// Access to a feature. There are none, so it is never granted.
pub(super) fn write_feature(writer: &mut Writer, denied: Denied) {
    writer.object(|members| {
        members.plain("type", "FEATURE");
        write_access(members, Some(denied));
        members.null("feature");
    });
}

fn write_access(members: &mut Members<'_>, denied: Option<Denied>) {
    members.flag("isGranted", denied.is_none());
    write_reason(members, denied);
}

pub(super) fn write_reason(members: &mut Members<'_>, denied: Option<Denied>) {
    match denied {
        Some(denied) => members.text("accessDeniedReason", denied.as_str()),
        None => members.null("accessDeniedReason"),
    }
}

pub(super) fn components() -> Vec<Component> {
    let entitlement = json!({
        "oneOf": [reference("CreditEntitlement"), reference("FeatureEntitlement")],
        "discriminator": {
            "propertyName": "type",
            "mapping": {
                "CREDIT": "#/components/schemas/CreditEntitlement",
                "FEATURE": "#/components/schemas/FeatureEntitlement",
            },
        },
    });
    let list = open([
        required("entitlements", json!({"type": "array", "items": reference("Entitlement")})),
        required(
            "accessDeniedReason",
            nullable(choice(["CustomerNotFound", "NoActiveSubscription", "CustomerIsArchived"])),
        ),
    ]);
    vec![
        ("CreditEntitlement", credit_schema()),
        ("FeatureEntitlement", feature_schema()),
        ("Entitlement", entitlement),
        ("CheckEntitlementResponse", data(reference("Entitlement"))),
        ("ListEntitlementsResponse", data(list)),
    ]
}

fn credit_schema() -> Value {
    let currency = open([
        required("currencyId", schema::text()),
        required("displayName", schema::text()),
        optional("description", schema::text()),
        optional("unitSingular", schema::text()),
        optional("unitPlural", schema::text()),
        optional("metadata", json!({"type": "object", "additionalProperties": {"type": "string"}})),
    ]);
    let until = "The next instant at which the answer may change by itself";
    open([
        required("type", choice(["CREDIT"])),
        required("isGranted", boolean()),
        required("accessDeniedReason", nullable(reason_schema())),
        required("currency", currency),
        required("usageLimit", described(amount(), "All credits of the usable grants")),
        required("currentUsage", described(amount(), "What of them is consumed or held")),
        required("usageUpdatedAt", instant()),
        optional("reserved", described(amount(), "What of `currentUsage` is held")),
        optional("reservedOnExpiredGrants", described(amount(), "Part of no other number")),
        optional("usagePeriodEnd", instant()),
        optional("validUntil", described(instant(), until)),
        optional("reservation", reference("Reservation")),
    ])
}

fn feature_schema() -> Value {
    let feature = open([
        required("id", schema::text()),
        required("displayName", schema::text()),
        required("featureStatus", choice(["NEW", "SUSPENDED", "ACTIVE"])),
        required("featureType", choice(["BOOLEAN", "NUMBER", "ENUM"])),
    ]);
    open([
        required("type", choice(["FEATURE"])),
        required("isGranted", boolean()),
        required("accessDeniedReason", nullable(reason_schema())),
        required("feature", nullable(feature)),
    ])
}

/// Every reason of the official API; not all of them can occur yet.
fn reason_schema() -> Value {
    choice([
        "FeatureNotFound",
        "CustomerNotFound",
        "CustomerIsArchived",
        "CustomerResourceNotFound",
        "NoActiveSubscription",
        "NoFeatureEntitlementInSubscription",
        "RequestedUsageExceedingLimit",
        "RequestedValuesMismatch",
        "BudgetExceeded",
        "Unknown",
        "FeatureTypeMismatch",
        "Revoked",
        "InsufficientCredits",
        "EntitlementNotFound",
    ])
}
