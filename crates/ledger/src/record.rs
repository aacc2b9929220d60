//! Records: everything that is not a wallet. A typed JSON object with an identifier, times, and
//! declared secondary keys; no entity brings storage code of its own.

use std::fmt;

use scrip_core::{EnvironmentId, Money, MoneyAmount, MoneyCurrency, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};

/// What a record is. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RecordKind {
    /// An account; lives in [`SYSTEM`].
    Account = 1,
    /// An environment; lives in [`SYSTEM`], its identifier is its number.
    Environment = 2,
    /// An API key; lives in [`SYSTEM`]; see [`crate::ApiKey`].
    ApiKey = 3,
    /// A customer.
    Customer = 4,
    /// A custom currency.
    CustomCurrency = 5,
    /// A resource of a customer; its identifier is made by [`resource_record_id`].
    Resource = 6,
    /// A recurring grant; what it gives, its wallet knows too.
    RecurringGrant = 7,
    /// An address that is told of events; see [`crate::WebhookEndpoint`].
    WebhookEndpoint = 8,
    /// An event on its way to an endpoint, or there; see [`crate::WebhookDelivery`].
    WebhookDelivery = 9,
    /// How far an endpoint was told; see [`crate::WebhookProgress`].
    WebhookProgress = 10,
    /// Which events are kept; lives in [`SYSTEM`]; see [`crate::EventMarks`].
    EventMarks = 11,
    /// An invoice; its identifier is an [`crate::InvoiceId`].
    Invoice = 12,
    /// Who collects an environment's payments; see [`crate::PaymentProvider`].
    PaymentProvider = 13,
    /// What is to be done about an invoice, by whose name it is called; see [`crate::Collection`].
    Collection = 14,
    /// Somebody who signs in; lives in [`SYSTEM`]; see [`crate::Person`].
    Person = 15,
    /// A session of a person; lives in [`SYSTEM`]; see [`crate::Session`].
    Session = 16,
    /// A link by which somebody signs in first; lives in [`SYSTEM`]; see [`crate::SignInLink`].
    SignInLink = 17,
    /// What somebody did; see [`crate::AuditEntry`].
    AuditEntry = 18,
    /// A month whose revenue figures stand for ever; see [`crate::ClosedMonth`].
    ClosedMonth = 19,
    /// An anchor, called by its number; lives in [`SYSTEM`]; see [`crate::anchors::Anchor`].
    Anchor = 21,
    /// A number that an environment had before it was reset; lives in [`SYSTEM`], its identifier is the
    /// number.
    RetiredEnvironment = 22,
    /// Some heads of wallets under an anchor; lives in [`SYSTEM`]; see [`crate::anchors::Page`].
    AnchorHeads = 24,
    /// How the erasure of a customer stands; see [`crate::Erasure`]. Called like the customer.
    Erasure = 25,
}

/// The member of a currency that says whether its wallets may be overdrawn by consumptions that do
/// not say so themselves: [`OVERDRAFT_ALLOW`] or [`OVERDRAFT_DENY`]. Without it they may.
pub const OVERDRAFT_MEMBER: &str = "overdraft";
/// What is missing goes to the overdraft grant.
pub const OVERDRAFT_ALLOW: &str = "ALLOW";
/// A consumption that is short is refused.
pub const OVERDRAFT_DENY: &str = "DENY";

/// The member of a currency that says what one of its credits costs where nothing else does:
/// `{"amount": text, "currency": code}`.
pub const UNIT_COST_MEMBER: &str = "unitCost";

/// Where records live that belong to no environment.
pub const SYSTEM: EnvironmentId = EnvironmentId(0);

impl RecordKind {
    /// Members of the body by which records of this kind can be listed.
    #[must_use]
    pub const fn secondary_keys(self) -> &'static [&'static str] {
        match self {
            Self::Customer => &["email", "name"],
            Self::Resource => &["customerId", "resourceId"],
            Self::RecurringGrant => &["customerId", "currencyId", "resourceId"],
            Self::Invoice => &["customerId", "status", crate::Invoice::PROVIDER_INVOICE],
            Self::Collection => &[crate::Collection::PACE],
            Self::ApiKey => &[crate::ApiKey::ENVIRONMENT],
            Self::WebhookDelivery => crate::webhook::DELIVERY_KEYS,
            Self::Person => &[crate::Person::ID, crate::Person::IDENTITY],
            Self::Session => &[crate::Session::PERSON],
            Self::AuditEntry => crate::audit::KEYS,
            Self::AnchorHeads => &[crate::anchors::Page::ANCHOR],
            Self::Erasure => crate::erasure::KEYS,
            Self::Account
            | Self::Environment
            | Self::RetiredEnvironment
            | Self::CustomCurrency
            | Self::WebhookEndpoint
            | Self::WebhookProgress
            | Self::EventMarks
            | Self::PaymentProvider
            | Self::SignInLink
            | Self::Anchor
            | Self::ClosedMonth => &[],
        }
    }

    /// Members of the body that are a secret or the hash of one.
    pub(crate) const fn secret_members(self) -> &'static [&'static str] {
        match self {
            Self::ApiKey => &["secrets"],
            Self::WebhookEndpoint => &[crate::WebhookEndpoint::SECRETS],
            Self::PaymentProvider => &["secretKey", "webhookSecret"],
            Self::Person => &[crate::Person::PASSWORD_HASH],
            _ => &[],
        }
    }

    /// Whether an archived record's identifier may be given to a new one (spec 1.8).
    #[must_use]
    pub const fn archiving_frees_id(self) -> bool {
        matches!(self, Self::CustomCurrency | Self::RecurringGrant)
    }

    /// The kind that a stored number stands for.
    #[must_use]
    pub const fn of_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Account,
            2 => Self::Environment,
            3 => Self::ApiKey,
            4 => Self::Customer,
            5 => Self::CustomCurrency,
            6 => Self::Resource,
            7 => Self::RecurringGrant,
            8 => Self::WebhookEndpoint,
            9 => Self::WebhookDelivery,
            10 => Self::WebhookProgress,
            11 => Self::EventMarks,
            12 => Self::Invoice,
            13 => Self::PaymentProvider,
            14 => Self::Collection,
            15 => Self::Person,
            16 => Self::Session,
            17 => Self::SignInLink,
            18 => Self::AuditEntry,
            19 => Self::ClosedMonth,
            21 => Self::Anchor,
            22 => Self::RetiredEnvironment,
            24 => Self::AnchorHeads,
            25 => Self::Erasure,
            _ => return None,
        })
    }

    /// The number that is stored.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// A record.
#[derive(Clone, PartialEq)]
pub struct Record {
    /// Its place in the order of recording, over the whole store.
    pub ordinal: u64,
    /// Where it lives.
    pub environment: EnvironmentId,
    /// What it is.
    pub kind: RecordKind,
    /// Its identifier: unique among the records of its kind whose identifier is not freed.
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// When it was archived, if it is.
    pub archived_at: Option<Timestamp>,
    /// Its members.
    pub body: Map<String, Value>,
}

/// What of a record says that it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordTimes {
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was archived, if it is.
    pub archived_at: Option<Timestamp>,
}

impl RecordTimes {
    /// Those of a record.
    #[must_use]
    pub const fn of(record: &Record) -> Self {
        Self { created_at: record.created_at, archived_at: record.archived_at }
    }
}

/// Secrets of others are in no log.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("ordinal", &self.ordinal)
            .field("environment", &self.environment)
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("created_at", &self.created_at)
            .field("updated_at", &self.updated_at)
            .field("archived_at", &self.archived_at)
            .field("body", &shown(self.kind, &self.body))
            .finish()
    }
}

/// What of a body may be shown in a log of the process: nothing of what has secrets, nor of what somebody
/// signs in with.
pub(crate) fn shown(kind: RecordKind, body: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let has_secrets = !kind.secret_members().is_empty()
        || matches!(kind, RecordKind::Session | RecordKind::SignInLink);
    (!has_secrets).then_some(body)
}

impl Record {
    /// The text of a member, if it is one.
    #[must_use]
    pub fn text(&self, member: &str) -> Option<&str> {
        self.body.get(member).and_then(Value::as_str)
    }

    /// What one credit of the currency costs, if it says so.
    #[must_use]
    pub fn unit_cost(&self) -> Option<Money> {
        let price = self.body.get(UNIT_COST_MEMBER)?;
        let text = |member| price.get(member).and_then(Value::as_str);
        let amount = MoneyAmount::parse(text("amount")?).ok()?;
        Some(Money { amount, currency: MoneyCurrency::parse(text("currency")?)? })
    }

    /// The secondary keys with their values.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.kind.secondary_keys().iter().filter_map(|name| Some((*name, self.text(name)?)))
    }

    /// Merges members: a present one replaces, whole; null removes.
    pub(crate) fn merge(&mut self, members: &Map<String, Value>) {
        for (name, value) in members {
            if value.is_null() {
                self.body.remove(name);
            } else {
                self.body.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The members of what is kept.
pub(crate) fn body_of(kept: &impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(kept) {
        Ok(Value::Object(members)) => members,
        // Structs with named members become objects.
        _ => Map::new(),
    }
}

/// The identifier of a resource's record. Customer ids contain no slash.
#[must_use]
pub fn resource_record_id(
    customer: &scrip_core::CustomerId,
    resource: &scrip_core::ResourceId,
) -> String {
    format!("{customer}/{resource}")
}
