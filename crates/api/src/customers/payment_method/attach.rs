//! `POST /api/v1/customers/{id}/payment-method`: what a customer is charged by from now on.

use scrip_core::{CustomerId, MoneyCurrency};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, answer, collecting};
use crate::customers::profile::VENDORS;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Text, read_body};
use crate::lookup::customer_exists;
use crate::openapi::Operation;
use crate::openapi::schema::{
    choice, closed, described, filled_text, nullable, optional, required,
};
use crate::payments::refused;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    integration_id: Text<'a>,
    payment_method_id: Text<'a>,
    vendor_identifier: Text<'a>,
    billing_currency: Option<Text<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let customer: CustomerId = call.path_customer()?;
    let payment_method = parse(write.body())?;
    customer_exists(call, &customer).await?;
    let attached = collecting(call)?.attach(call.environment(), &customer, &payment_method).await;
    attached.map_err(refused)?;
    answer(call, &customer).await
}

/// The provider's name of the payment method. An environment has one provider, so whatever the
/// integration is called, it is that one.
fn parse(body: &[u8]) -> Result<String, ApiError> {
    const VENDOR: &str = "vendorIdentifier";
    let request: Request<'_> = read_body(body)?;
    fields::filled_text("integrationId", &request.integration_id)?;
    let known = VENDORS.map(|vendor| (vendor, vendor));
    let vendor = fields::choice(VENDOR, &request.vendor_identifier.0, &known)?;
    if vendor != "STRIPE" {
        let message = format!("{VENDOR}: payment methods are kept by STRIPE only");
        return Err(ApiError::bad("FailedToResolveBillingIntegration", message));
    }
    if let Some(Text(code)) = &request.billing_currency {
        fields::money_currency("billingCurrency", code)?;
    }
    fields::filled_text("paymentMethodId", &request.payment_method_id)
}

pub(super) fn operation() -> Operation {
    Operation::new("attachPaymentMethod", TAG, "Attach a payment method to a customer")
        .text(
            "The environment's payment provider keeps it, and charges it from now on. The provider \
             gets to know the customer, if it did not. Repeated, it changes nothing.",
        )
        .path("id", "The customer's id")
        .body("AttachPaymentMethodRequest")
        .answers(200, "The customer", "CustomerResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let integration = "Any: an environment has one payment provider";
    closed([
        required("integrationId", described(filled_text(), integration)),
        required("paymentMethodId", described(filled_text(), "What the provider calls it")),
        required("vendorIdentifier", choice(VENDORS)),
        optional("billingCurrency", nullable(choice(MoneyCurrency::ALL))),
    ])
}
