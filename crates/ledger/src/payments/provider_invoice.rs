//! What is known of an invoice that a payment provider collects.

use serde::{Deserialize, Serialize};

use super::ProviderKind;

/// How the provider collects an invoice. The order of the variants is part of the stored format: new
/// ones go to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CollectionMethod {
    /// The customer's payment method is charged.
    Charge,
    /// The customer is sent the invoice.
    Send {
        /// In how many days it is due.
        days_until_due: u16,
    },
}

/// How far the collection of an invoice is. The order of the variants is part of the stored format: new
/// ones go to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CollectionState {
    /// It is on its way, or waits for whoever pays.
    Processing,
    /// The payment did not succeed.
    Failed {
        /// Why, in the provider's words.
        message: String,
    },
    /// Whoever pays must do something first: confirm a payment, for one.
    ActionRequired {
        /// What, in the provider's words.
        message: String,
    },
    /// It is over: the invoice is paid or canceled.
    Settled,
    /// It was paid when nobody wanted that any more: no credits are granted for it.
    Unwanted {
        /// What happened.
        message: String,
    },
}

/// What is known of an invoice that a payment provider collects. The order of the members is part of
/// the stored format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderInvoice {
    /// Who collects it.
    pub provider: ProviderKind,
    /// How.
    pub method: CollectionMethod,
    /// How far that is.
    pub state: CollectionState,
    /// What the provider calls the invoice, once that is known.
    pub id: Option<String>,
    /// Where it can be paid.
    pub payment_url: Option<String>,
    /// Where the document is.
    pub pdf_url: Option<String>,
    /// How often somebody asked for it to be collected, from 1.
    pub attempts: u32,
}

impl ProviderInvoice {
    /// One that was just asked for.
    #[must_use]
    pub const fn new(provider: ProviderKind, method: CollectionMethod) -> Self {
        Self {
            provider,
            method,
            state: CollectionState::Processing,
            id: None,
            payment_url: None,
            pdf_url: None,
            attempts: 1,
        }
    }

    /// What went wrong, if something did.
    #[must_use]
    pub fn error_message(&self) -> Option<&str> {
        match &self.state {
            CollectionState::Processing | CollectionState::Settled => None,
            CollectionState::Failed { message }
            | CollectionState::ActionRequired { message }
            | CollectionState::Unwanted { message } => Some(message),
        }
    }

    /// Whoever pays must do something.
    #[must_use]
    pub const fn requires_action(&self) -> bool {
        matches!(self.state, CollectionState::ActionRequired { .. })
    }
}
