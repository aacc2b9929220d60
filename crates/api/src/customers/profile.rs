//! What is known of a customer besides its identifier: read strictly, kept as it is shown.

use scrip_core::MoneyCurrency;
use scrip_core::limits::{CUSTOMER_LIST_MAX, SHORT_TEXT_MAX};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use crate::error::ApiError;
use crate::fields;
use crate::json::{Metadata, Number, Object, Text, TextOrNull, present, required_or_null};
use crate::openapi::schema::{
    self, choice, closed, filled_text, nullable, optional, required, text,
};

/// Systems that a customer can be linked to.
pub(crate) const VENDORS: [&str; 14] = [
    "AUTH0",
    "ZUORA",
    "STRIPE",
    "HUBSPOT",
    "AWS_MARKETPLACE",
    "SNOWFLAKE",
    "SALESFORCE",
    "BIG_QUERY",
    "OPEN_FGA",
    "APP_STORE",
    "RECEIVED",
    "PREQUEL",
    "AIRWALLEX",
    "STRIPE_INVOICING",
];
pub(super) const PAYMENT_METHOD_TYPES: [&str; 4] = ["CARD", "BANK", "CASH_APP", "PAYPAL"];

/// The members that a request may carry: absent, null, or a value.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Profile<'a> {
    /// Only where a customer is made.
    #[serde(borrow)]
    pub id: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    email: Option<TextOrNull<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    name: Option<TextOrNull<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    language: Option<TextOrNull<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    timezone: Option<TextOrNull<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    billing_id: Option<TextOrNull<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    billing_currency: Option<TextOrNull<'a>>,
    coupon_id: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    metadata: Option<Option<Metadata>>,
    #[serde(default, deserialize_with = "present")]
    integrations: Option<Option<Vec<Object<Integration>>>>,
    #[serde(default, deserialize_with = "present")]
    passthrough: Option<Option<Object<Passthrough>>>,
    /// Only where a customer is made.
    #[serde(borrow)]
    pub default_payment_method: Option<Object<PaymentMethod<'a>>>,
}

impl Profile<'_> {
    /// The members as they are kept; null removes one.
    pub fn members(self) -> Result<Map<String, Value>, ApiError> {
        if self.coupon_id.is_some_and(|coupon| !coupon.0.is_empty()) {
            return Err(ApiError::unsupported("couponId is not served: there are no coupons yet"));
        }
        let mut members = Map::new();
        let texts = [
            ("email", self.email),
            ("name", self.name),
            ("language", self.language),
            ("timezone", self.timezone),
            ("billingId", self.billing_id),
        ];
        for (name, text) in texts {
            if let Some(text) = text {
                let text = text.map(|text| fields::text(name, &text)).transpose()?;
                members.insert(name.to_owned(), text.into());
            }
        }
        if let Some(currency) = self.billing_currency {
            const FIELD: &str = "billingCurrency";
            let currency = currency.map(|Text(code)| money_currency(FIELD, &code)).transpose()?;
            members.insert(FIELD.to_owned(), currency.into());
        }
        if let Some(metadata) = self.metadata {
            let metadata =
                metadata.map(|metadata| fields::metadata("metadata", metadata)).transpose()?;
            members.insert("metadata".to_owned(), json!(metadata));
        }
        if let Some(integrations) = self.integrations {
            let integrations = integrations.map(|links| kept_integrations(&links)).transpose()?;
            members.insert("integrations".to_owned(), integrations.into());
        }
        if let Some(passthrough) = self.passthrough {
            let passthrough = passthrough.map(Passthrough::kept).transpose()?;
            members.insert("passthrough".to_owned(), passthrough.into());
        }
        if let Some(Object(method)) = self.default_payment_method {
            members.insert("defaultPaymentMethod".to_owned(), method.kept()?);
        }
        Ok(members)
    }
}

/// A text of at most 255 characters, where it is kept as it came.
#[derive(Serialize)]
#[serde(transparent)]
struct ShortText(String);

impl<'de> Deserialize<'de> for ShortText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.chars().count() > SHORT_TEXT_MAX {
            return Err(serde::de::Error::custom("it is longer than 255 characters"));
        }
        Ok(Self(text))
    }
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Integration {
    id: ShortText,
    #[serde(deserialize_with = "required_or_null")]
    synced_entity_id: Option<ShortText>,
    vendor_identifier: ShortText,
}

fn kept_integrations(links: &[Object<Integration>]) -> Result<Value, ApiError> {
    few("integrations", links.len())?;
    let known = VENDORS.map(|vendor| (vendor, ()));
    for (index, Object(link)) in links.iter().enumerate() {
        let field = |name: &str| format!("integrations[{index}].{name}");
        fields::choice(&field("vendorIdentifier"), &link.vendor_identifier.0, &known)?;
        let id = &link.id.0;
        if id.is_empty() || links.iter().take(index).any(|Object(earlier)| earlier.id.0 == *id) {
            // It is what the link is found by (SDK `customer_provision_params.py`).
            let message = format!("{} must be the only one of its name, not empty", field("id"));
            return Err(ApiError::bad_input(message));
        }
    }
    Ok(json!(links.iter().map(|Object(link)| link).collect::<Vec<_>>()))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct PaymentMethod<'a> {
    #[serde(borrow, deserialize_with = "required_or_null")]
    billing_id: TextOrNull<'a>,
    #[serde(borrow, deserialize_with = "required_or_null")]
    card_expiry_month: Option<Number<'a>>,
    #[serde(borrow, deserialize_with = "required_or_null")]
    card_expiry_year: Option<Number<'a>>,
    #[serde(borrow, rename = "cardLast4Digits", deserialize_with = "required_or_null")]
    card_last_digits: TextOrNull<'a>,
    #[serde(borrow, rename = "type", deserialize_with = "required_or_null")]
    kind: TextOrNull<'a>,
}

impl PaymentMethod<'_> {
    fn kept(self) -> Result<Value, ApiError> {
        let field = |name: &str| format!("defaultPaymentMethod.{name}");
        let text = |name: &str, text: &TextOrNull<'_>| {
            text.as_ref().map(|text| fields::text(&field(name), text)).transpose()
        };
        let number = |name: &str, number: Option<Number<'_>>, range| {
            let read = |number: Number<'_>| fields::integer_in(&field(name), number.0.get(), range);
            number.map(read).transpose()
        };
        let types = PAYMENT_METHOD_TYPES.map(|kind| (kind, ()));
        if let Some(Text(kind)) = &self.kind {
            fields::choice(&field("type"), kind, &types)?;
        }
        Ok(json!({
            "billingId": text("billingId", &self.billing_id)?,
            "cardBrand": null,
            "cardExpiryMonth": number("cardExpiryMonth", self.card_expiry_month, 1..=12)?,
            "cardExpiryYear": number("cardExpiryYear", self.card_expiry_year, 0..=9999)?,
            "cardLast4Digits": text("cardLast4Digits", &self.card_last_digits)?,
            "type": text("type", &self.kind)?,
            "walletType": null,
        }))
    }
}

/// What is meant for a billing provider, kept for it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Passthrough {
    #[serde(skip_serializing_if = "Option::is_none")]
    stripe: Option<Object<Stripe>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    zuora: Option<Object<Zuora>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Stripe {
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<Object<Address>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<ShortText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    invoice_custom_fields: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method_id: Option<ShortText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_address: Option<Object<Address>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_ids: Option<Vec<Object<TaxId>>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Zuora {
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<Object<Address>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency: Option<ShortText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_method_id: Option<ShortText>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Address {
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<ShortText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country: Option<ShortText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line1: Option<ShortText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<ShortText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<ShortText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<ShortText>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct TaxId {
    #[serde(rename = "type")]
    kind: ShortText,
    value: ShortText,
}

impl Passthrough {
    fn kept(Object(passthrough): Object<Self>) -> Result<Value, ApiError> {
        let limited = |field: &str, metadata: &Option<Metadata>| match metadata {
            Some(metadata) => fields::metadata(field, metadata.clone()).map(drop),
            None => Ok(()),
        };
        if let Some(Object(stripe)) = &passthrough.stripe {
            limited("passthrough.stripe.metadata", &stripe.metadata)?;
            let field = "passthrough.stripe.invoiceCustomFields";
            limited(field, &stripe.invoice_custom_fields)?;
            few("passthrough.stripe.taxIds", stripe.tax_ids.as_ref().map_or(0, Vec::len))?;
        }
        if let Some(Object(zuora)) = &passthrough.zuora {
            limited("passthrough.zuora.metadata", &zuora.metadata)?;
            if let Some(ShortText(code)) = &zuora.currency {
                money_currency("passthrough.zuora.currency", code)?;
            }
        }
        serde_json::to_value(passthrough).map_err(|error| ApiError::internal(error.to_string()))
    }
}

fn money_currency(field: &str, code: &str) -> Result<&'static str, ApiError> {
    fields::money_currency(field, code).map(MoneyCurrency::as_str)
}

fn few(field: &str, count: usize) -> Result<(), ApiError> {
    if count > CUSTOMER_LIST_MAX {
        let message = format!("{field} must have at most {CUSTOMER_LIST_MAX} items");
        return Err(ApiError::bad_input(message));
    }
    Ok(())
}

/// The members that making and changing a customer have in common.
pub(super) fn member_schemas() -> Vec<schema::Member> {
    let address = || {
        nullable(closed(
            ["city", "country", "line1", "line2", "postalCode", "state"]
                .map(|name| optional(name, nullable(text()))),
        ))
    };
    let tax_id = closed([required("type", text()), required("value", text())]);
    let stripe = closed([
        optional("billingAddress", address()),
        optional("customerName", nullable(text())),
        optional("invoiceCustomFields", nullable(schema::metadata())),
        optional("metadata", nullable(schema::metadata())),
        optional("paymentMethodId", nullable(text())),
        optional("shippingAddress", address()),
        optional("taxIds", nullable(short_list(tax_id))),
    ]);
    let zuora = closed([
        optional("billingAddress", address()),
        optional("currency", nullable(choice(MoneyCurrency::ALL))),
        optional("metadata", nullable(schema::metadata())),
        optional("paymentMethodId", nullable(text())),
    ]);
    let passthrough =
        closed([optional("stripe", nullable(stripe)), optional("zuora", nullable(zuora))]);
    let integration = closed([
        required("id", filled_text()),
        required("syncedEntityId", nullable(text())),
        required("vendorIdentifier", choice(VENDORS)),
    ]);
    vec![
        optional("email", nullable(text())),
        optional("name", nullable(text())),
        optional("language", nullable(text())),
        optional("timezone", nullable(text())),
        optional("billingId", nullable(text())),
        optional("billingCurrency", nullable(choice(MoneyCurrency::ALL))),
        optional("couponId", nullable(json!({"type": "string", "enum": [""]}))),
        optional("metadata", nullable(schema::metadata())),
        optional("integrations", nullable(short_list(integration))),
        optional("passthrough", nullable(passthrough)),
    ]
}

pub(super) fn payment_method_schema() -> Value {
    closed([
        required("billingId", nullable(text())),
        required("cardExpiryMonth", nullable(whole_number(1, 12))),
        required("cardExpiryYear", nullable(whole_number(0, 9999))),
        required("cardLast4Digits", nullable(text())),
        required("type", nullable(choice(PAYMENT_METHOD_TYPES))),
    ])
}

fn short_list(items: Value) -> Value {
    json!({"type": "array", "maxItems": CUSTOMER_LIST_MAX, "items": items})
}

/// The official API has numbers here, not integers.
fn whole_number(minimum: i64, maximum: i64) -> Value {
    json!({"type": "number", "minimum": minimum, "maximum": maximum, "multipleOf": 1})
}
