//! Who collects the payments of an environment.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::body_of;
use crate::{DisputeHandling, NewRecord, Record, RecordKind};

/// A payment provider that collects by itself. The order of the variants is part of the stored format:
/// new ones go to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ProviderKind {
    /// Stripe.
    Stripe,
}

impl ProviderKind {
    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stripe => "STRIPE",
        }
    }
}

/// Who collects the payments of an environment, with what it is spoken to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PaymentProvider {
    /// The built-in one: invoices are kept here and marked by hand. It is what an environment has that
    /// nobody gave another.
    #[default]
    Manual,
    /// Stripe.
    Stripe(StripeSettings),
}

/// How Stripe is spoken to.
#[derive(Clone, PartialEq, Eq)]
pub struct StripeSettings {
    /// Authenticates requests to it.
    pub secret_key: String,
    /// What it signs with whatever it sends; without it nothing is taken from it.
    pub webhook_secret: Option<String>,
    /// When a dispute takes credits.
    pub disputes: DisputeHandling,
}

/// No secret in a log.
impl fmt::Debug for StripeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeSettings").finish_non_exhaustive()
    }
}

/// What is kept, member by member.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    provider: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    secret_key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    webhook_secret: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dispute_handling: Option<String>,
}

impl PaymentProvider {
    /// The identifier of the record: an environment has one.
    pub const ID: &'static str = "default";
    /// The built-in provider as the API spells it.
    pub const MANUAL: &'static str = "MANUAL";

    /// The one that collects by itself, if it does.
    #[must_use]
    pub const fn kind(&self) -> Option<ProviderKind> {
        match self {
            Self::Manual => None,
            Self::Stripe(_) => Some(ProviderKind::Stripe),
        }
    }

    /// As the API spells it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        self.kind().map_or(Self::MANUAL, ProviderKind::as_str)
    }

    /// What a record says; none if it says nothing of it.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::PaymentProvider {
            return None;
        }
        let kept: Kept = serde_json::from_value(Value::Object(record.body.clone())).ok()?;
        match kept.provider.as_str() {
            Self::MANUAL => Some(Self::Manual),
            "STRIPE" => Some(Self::Stripe(StripeSettings {
                secret_key: kept.secret_key?,
                webhook_secret: kept.webhook_secret,
                disputes: match kept.dispute_handling {
                    Some(text) => DisputeHandling::parse(&text)?,
                    None => DisputeHandling::default(),
                },
            })),
            _ => None,
        }
    }

    /// The record of it.
    #[must_use]
    pub fn record(&self) -> NewRecord {
        let provider = self.as_str().to_owned();
        let kept = match self {
            Self::Manual => {
                Kept { provider, secret_key: None, webhook_secret: None, dispute_handling: None }
            }
            Self::Stripe(stripe) => Kept {
                provider,
                secret_key: Some(stripe.secret_key.clone()),
                webhook_secret: stripe.webhook_secret.clone(),
                dispute_handling: Some(stripe.disputes.as_str().to_owned()),
            },
        };
        let (kind, id) = (RecordKind::PaymentProvider, Self::ID.to_owned());
        NewRecord { kind, id, body: body_of(&kept) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_shown_by_nothing_that_is_logged() {
        let stripe = StripeSettings {
            secret_key: "sk_very_secret".to_owned(),
            webhook_secret: Some("whsec_very_secret".to_owned()),
            disputes: DisputeHandling::WhenLost,
        };
        let provider = PaymentProvider::Stripe(stripe.clone());
        let new = provider.record();
        let at = scrip_core::Timestamp::from_milliseconds(1).unwrap();
        let record = Record {
            ordinal: 1,
            environment: crate::SANDBOX,
            kind: new.kind,
            id: new.id.clone(),
            created_at: at,
            updated_at: at,
            archived_at: None,
            body: new.body.clone(),
        };
        assert_eq!(PaymentProvider::of(&record).as_ref(), Some(&provider));
        let work = crate::Work::PutRecords(vec![new.clone()]);
        for shown in [
            format!("{stripe:?}"),
            format!("{provider:?}"),
            format!("{new:?}"),
            format!("{record:?}"),
            format!("{work:?}"),
        ] {
            assert!(!shown.contains("very_secret"), "{shown}");
        }
    }
}
