//! What asking a payment provider came to.

use scrip_core::Timestamp;

use super::Intent;
use crate::InvoiceId;

/// What asking a payment provider about an invoice came to. Told twice, late or in another order, it
/// comes to the same: where an invoice stands only moves on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionOutcome {
    /// The invoice.
    pub invoice: InvoiceId,
    /// In which attempt it was asked: what an attempt of before failed with is nobody's affair.
    pub attempt: u32,
    /// What it was asked for.
    pub asked: Intent,
    /// What it said.
    pub said: ProviderSaid,
    /// When to go on, in real time, if something is left to do.
    pub next: Timestamp,
}

/// What a payment provider said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderSaid {
    /// Where the invoice stands.
    Stands(Box<Stands>),
    /// It has no such invoice, and will not get one.
    Nothing,
    /// Nothing that can be relied on: it is to be asked again.
    Again {
        /// Why, for whoever runs this.
        trouble: String,
    },
    /// It will never do it.
    Refused {
        /// Why, in its words.
        message: String,
    },
}

impl ProviderSaid {
    /// The provider has the invoice, and it may still be paid.
    pub(crate) fn is_unsettled(&self) -> bool {
        match self {
            Self::Stands(stands) => {
                !matches!(stands.standing, ProviderStanding::Paid | ProviderStanding::Canceled)
            }
            Self::Nothing | Self::Again { .. } | Self::Refused { .. } => false,
        }
    }

    /// What kept it from answering.
    pub(crate) fn trouble(&self) -> Option<&str> {
        match self {
            Self::Again { trouble } => Some(trouble),
            Self::Refused { message } => Some(message),
            Self::Stands(_) | Self::Nothing => None,
        }
    }
}

/// How an invoice stands with its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stands {
    /// What the provider calls the customer.
    pub payer: String,
    /// What it calls the invoice.
    pub invoice: String,
    /// Where it stands.
    pub standing: ProviderStanding,
    /// Where it can be paid.
    pub payment_url: Option<String>,
    /// Where the document is.
    pub pdf_url: Option<String>,
}

/// Where an invoice stands with its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderStanding {
    /// It waits for whoever pays.
    Open,
    /// A payment is on its way.
    Processing,
    /// It is paid.
    Paid,
    /// The payment did not succeed.
    Failed {
        /// Why.
        message: String,
    },
    /// Whoever pays must do something first.
    ActionRequired {
        /// What.
        message: String,
    },
    /// It will not be paid.
    Canceled,
}
