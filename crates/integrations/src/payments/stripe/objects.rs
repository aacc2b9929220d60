//! What of Stripe's objects is read.

use serde::Deserialize;

use crate::payments::provider::{Collected, Standing, Trouble};

/// How long an identifier may be.
const ID_CHARACTERS_MAX: usize = 255;

/// An identifier that can stand in a path.
pub(super) fn checked(id: &str) -> Result<&str, Trouble> {
    let is_id = !id.is_empty()
        && id.len() <= ID_CHARACTERS_MAX
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let refused = || Trouble::Refused(format!("{id:.40?} is no identifier of Stripe's"));
    if is_id { Ok(id) } else { Err(refused()) }
}

/// Another object, by its identifier or whole.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Reference {
    Id(String),
    Whole { id: String },
}

impl Reference {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Id(id) | Self::Whole { id } => id,
        }
    }
}

/// A page of objects.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub data: Vec<T>,
    #[serde(default)]
    pub has_more: bool,
}

/// Any object, as far as it has a name.
#[derive(Debug, Deserialize)]
pub(super) struct Named {
    pub id: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Customer {
    pub id: String,
    /// In seconds since 1970.
    #[serde(default)]
    pub created: i64,
    #[serde(default)]
    pub deleted: bool,
    #[serde(default)]
    pub invoice_settings: Option<InvoiceSettings>,
}

#[derive(Debug, Deserialize)]
pub(super) struct InvoiceSettings {
    pub default_payment_method: Option<Reference>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PaymentMethod {
    pub id: String,
    pub customer: Option<Reference>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    pub scrip_grant: Option<String>,
    pub scrip_environment: Option<String>,
}

/// Where an invoice stands in Stripe's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    Draft,
    Open,
    Paid,
    Uncollectible,
    Void,
}

#[derive(Debug, Deserialize)]
pub(super) struct Invoice {
    pub id: String,
    pub status: Status,
    pub customer: Reference,
    pub currency: String,
    /// In the currency's minor unit.
    pub total: i64,
    pub collection_method: String,
    pub hosted_invoice_url: Option<String>,
    pub invoice_pdf: Option<String>,
    pub charge: Option<Reference>,
    pub lines: List<Named>,
    pub metadata: Option<Metadata>,
    /// Whole in every answer that says where an invoice stands.
    pub payment_intent: Option<PaymentIntent>,
}

/// What tries to pay an invoice.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum PaymentIntent {
    Whole { status: String, last_payment_error: Option<PaymentError> },
    Id(#[expect(dead_code, reason = "says which form it has")] String),
}

#[derive(Debug, Deserialize)]
pub(super) struct PaymentError {
    code: Option<String>,
    decline_code: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Charge {
    pub id: String,
    pub currency: String,
    /// In the currency's minor unit.
    pub amount: i64,
    /// In the currency's minor unit, of all refunds.
    pub amount_refunded: i64,
    pub invoice: Option<Reference>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Dispute {
    pub id: String,
    /// In the currency's minor unit.
    pub amount: i64,
    pub currency: String,
    pub status: String,
}

impl Invoice {
    /// Whether it was made for this grant.
    pub(super) fn is_of(&self, environment: &str, grant: &str) -> bool {
        self.metadata.as_ref().is_some_and(|metadata| {
            metadata.scrip_grant.as_deref() == Some(grant)
                && metadata.scrip_environment.as_deref() == Some(environment)
        })
    }

    /// What is told of it.
    pub(super) fn collected(&self) -> Collected {
        self.standing_at(self.standing())
    }

    /// What is told of it if it is known to stand here.
    pub(super) fn standing_at(&self, standing: Standing) -> Collected {
        Collected {
            payer: self.customer.id().to_owned(),
            invoice: self.id.clone(),
            standing,
            payment_url: self.hosted_invoice_url.clone(),
            pdf_url: self.invoice_pdf.clone(),
        }
    }

    /// Where it stands.
    pub(super) fn standing(&self) -> Standing {
        match self.status {
            Status::Paid => Standing::Paid,
            Status::Void => Standing::Canceled,
            Status::Draft => Standing::Open,
            Status::Uncollectible => {
                Standing::Failed { message: "the invoice was marked uncollectible".to_owned() }
            }
            Status::Open => self.standing_of_payment(),
        }
    }

    fn standing_of_payment(&self) -> Standing {
        let Some(PaymentIntent::Whole { status, last_payment_error }) = &self.payment_intent else {
            return Standing::Open;
        };
        let error = last_payment_error.as_ref();
        let is_sent = self.collection_method == "send_invoice";
        match status.as_str() {
            // A payment that succeeded makes its invoice paid a moment later.
            "processing" | "succeeded" => Standing::Processing,
            // Whoever was sent an invoice and could not pay it may try again.
            _ if is_sent => Standing::Open,
            "requires_action" => Standing::ActionRequired { message: words(error) },
            _ => match error {
                Some(error) if error.wants_authentication() => {
                    Standing::ActionRequired { message: words(Some(error)) }
                }
                Some(error) => Standing::Failed { message: words(Some(error)) },
                None => Standing::Open,
            },
        }
    }
}

impl PaymentError {
    fn wants_authentication(&self) -> bool {
        wants_authentication(self.code.as_deref(), self.decline_code.as_deref())
    }
}

/// Whether these codes say that the payer must authenticate.
pub(super) fn wants_authentication(code: Option<&str>, decline_code: Option<&str>) -> bool {
    let codes = ["authentication_required", "invoice_payment_intent_requires_action"];
    code.is_some_and(|code| codes.contains(&code)) || decline_code == Some(codes[0])
}

fn words(error: Option<&PaymentError>) -> String {
    let message = error.and_then(|error| error.message.clone());
    message.unwrap_or_else(|| "the payment must be authenticated".to_owned())
}
