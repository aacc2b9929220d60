//! `PUT /api/v1/payment-provider`: somebody else collects from now on.

use scrip_ledger::{DisputeHandling, PaymentProvider, StripeSettings, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Reply, Write};
use crate::json::{Text, read_body};
use crate::limits::PROVIDER_SECRET_MAX;
use crate::openapi::Operation;
use crate::openapi::schema::{choice, closed, described, nullable, optional, required, text_up_to};
use crate::providers::events_path;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    provider: Text<'a>,
    secret_key: Option<Text<'a>>,
    webhook_secret: Option<Text<'a>>,
    dispute_handling: Option<Text<'a>>,
}

#[derive(Clone, Copy)]
enum Kind {
    Manual,
    Stripe,
}

const KINDS: [(&str, Kind); 2] = [("MANUAL", Kind::Manual), ("STRIPE", Kind::Stripe)];
const SECRET_KEY: &str = "secretKey";
const WEBHOOK_SECRET: &str = "webhookSecret";
const DISPUTES: &str = "disputeHandling";

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let events_path = events_path(write.call()).await?;
    let provider = parse(write.body())?;
    let work = Work::PutRecords(vec![provider.record()]);
    let render = move |_: &_| Ok(Reply::ok(view::body(&events_path, &provider)));
    write.execute(work, render).await
}

fn parse(body: &[u8]) -> Result<PaymentProvider, ApiError> {
    let request: Request<'_> = read_body(body)?;
    let secret_key = request.secret_key.map(|Text(text)| secret(SECRET_KEY, &text)).transpose()?;
    let webhook_secret =
        request.webhook_secret.map(|Text(text)| secret(WEBHOOK_SECRET, &text)).transpose()?;
    let disputes = request
        .dispute_handling
        .map(|Text(text)| fields::choice(DISPUTES, &text, &DisputeHandling::NAMES))
        .transpose()?;
    match (fields::choice("provider", &request.provider.0, &KINDS)?, secret_key) {
        (Kind::Stripe, Some(secret_key)) => {
            let disputes = disputes.unwrap_or_default();
            Ok(PaymentProvider::Stripe(StripeSettings { secret_key, webhook_secret, disputes }))
        }
        (Kind::Stripe, None) => {
            Err(ApiError::bad_input(format!("{SECRET_KEY} is missing: STRIPE needs one")))
        }
        (Kind::Manual, None) if webhook_secret.is_none() && disputes.is_none() => {
            Ok(PaymentProvider::Manual)
        }
        (Kind::Manual, _) => {
            let message =
                format!("{SECRET_KEY}, {WEBHOOK_SECRET} and {DISPUTES} are of STRIPE only");
            Err(ApiError::bad_input(message))
        }
    }
}

/// A secret that can stand in a header. What is wrong with one does not show it.
fn secret(field: &str, text: &str) -> Result<String, ApiError> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    if text.is_empty() || text.len() > PROVIDER_SECRET_MAX || !is_plain {
        let message =
            format!("{field} must be 1 to {PROVIDER_SECRET_MAX} visible ASCII characters");
        return Err(ApiError::bad_input(message));
    }
    Ok(text.to_owned())
}

pub(super) fn operation() -> Operation {
    Operation::new("putPaymentProvider", TAG, "Set the payment provider")
        .text(
            "From now on it collects what new grants cost: CHARGE charges the customer's payment \
             method, INVOICE sends an invoice. Secrets are replaced as a whole, hold from the answer \
             on, and are shown by nothing.",
        )
        .body("PutPaymentProviderRequest")
        .answers(200, "Who collects the environment's payments", "PaymentProviderResponse")
}

pub(super) fn schema() -> Value {
    let secret = || {
        let mut secret = text_up_to(PROVIDER_SECRET_MAX);
        secret["minLength"] = Value::from(1);
        secret["pattern"] = Value::from("^[!-~]+$");
        nullable(secret)
    };
    let key = "Of STRIPE, and required there: a secret or restricted key";
    let webhook = "Of STRIPE: signs what it sends; without it nothing is taken from it";
    let disputes = "Of STRIPE: when a dispute takes credits; AT_ONCE unless said otherwise";
    let names = DisputeHandling::NAMES.map(|(name, _)| name);
    closed([
        required("provider", choice(KINDS.map(|(name, _)| name))),
        optional(SECRET_KEY, described(secret(), key)),
        optional(WEBHOOK_SECRET, described(secret(), webhook)),
        optional(DISPUTES, described(nullable(choice(names)), disputes)),
    ])
}
