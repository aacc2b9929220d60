//! Domain events: what happened, in one order over the whole store, written in the commit of what
//! brought it.
//!
//! An event keeps facts and no text that somebody wrote: the names of customer, currency and grant
//! are looked up when it is read.

use scrip_core::{EnvironmentId, Fact, GrantFact, GrantId, Timestamp, TraceId, WalletKey};
use serde::{Deserialize, Serialize};

use crate::{
    GrantRecord, Ledger, LedgerError, PageRequest, Point, Record, RecordKind, Start, WebhookStop,
};

/// What kind of event it is. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// A grant was made.
    GrantCreated = 1,
    /// A grant was changed.
    GrantUpdated = 2,
    /// A grant fell to its threshold.
    GrantLow = 3,
    /// A grant is used up.
    GrantDepleted = 4,
    /// A grant ends soon.
    GrantExpiring = 5,
    /// A grant ended.
    GrantExpired = 6,
    /// A grant was taken back.
    GrantVoided = 7,
    /// A wallet fell to its threshold.
    BalanceLow = 8,
    /// A wallet has nothing left.
    BalanceDepleted = 9,
    /// A currency was made.
    CurrencyCreated = 10,
    /// A currency was changed.
    CurrencyUpdated = 11,
    /// A currency was archived.
    CurrencyArchived = 12,
    /// A currency was brought back.
    CurrencyUnarchived = 13,
    /// A wallet recharged itself.
    RechargeAttempted = 14,
    /// A recharge was saved, stopped or went on.
    RechargeChanged = 15,
    /// A recharge's spend comes near its limit.
    RechargeLimit = 16,
    /// An endpoint is told of nothing any more.
    EndpointDisabled = 17,
    /// A grant was paid for when it had ended already.
    GrantPaidAfterExpiry = 18,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::GrantCreated,
        Self::GrantUpdated,
        Self::GrantLow,
        Self::GrantDepleted,
        Self::GrantExpiring,
        Self::GrantExpired,
        Self::GrantVoided,
        Self::BalanceLow,
        Self::BalanceDepleted,
        Self::CurrencyCreated,
        Self::CurrencyUpdated,
        Self::CurrencyArchived,
        Self::CurrencyUnarchived,
        Self::RechargeAttempted,
        Self::RechargeChanged,
        Self::RechargeLimit,
        Self::EndpointDisabled,
        Self::GrantPaidAfterExpiry,
    ];

    /// The name that the world knows (decision 37).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GrantCreated => "credit_grant.created",
            Self::GrantUpdated => "credit_grant.updated",
            Self::GrantLow => "credit_grant.balance.low",
            Self::GrantDepleted => "credit_grant.depleted",
            Self::GrantExpiring => "credit_grant.expiring",
            Self::GrantExpired => "credit_grant.expired",
            Self::GrantVoided => "credit_grant.voided",
            Self::BalanceLow => "credit_balance.low",
            Self::BalanceDepleted => "credit_balance.depleted",
            Self::CurrencyCreated => "credit_type.created",
            Self::CurrencyUpdated => "credit_type.updated",
            Self::CurrencyArchived => "credit_type.archived",
            Self::CurrencyUnarchived => "credit_type.unarchived",
            Self::RechargeAttempted => "automatic_recharge.operation.attempted",
            Self::RechargeChanged => "automatic_recharge.configuration.changed",
            Self::RechargeLimit => "credits.automatic_recharge_limit_exceeded",
            Self::EndpointDisabled => "webhook_endpoint.disabled",
            Self::GrantPaidAfterExpiry => "credit_grant.paid_after_expiry",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }

    /// The number that is stored.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }
}

/// What was done to a currency. The order of the variants is part of the stored format: new ones go
/// to the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CurrencyChange {
    /// It was made.
    Created,
    /// Members of it were changed.
    Updated,
    /// It was archived.
    Archived,
    /// It was brought back.
    Unarchived,
}

/// What an event is about. The order of the variants is part of the stored format: new ones go to
/// the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subject {
    /// Something happened to a wallet, or to a grant of it.
    Wallet {
        /// Which wallet.
        key: WalletKey,
        /// What.
        fact: Fact,
    },
    /// Something was done to a currency.
    Currency {
        /// What.
        change: CurrencyChange,
        /// The ordinal of its record: another of the same identifier may live by now.
        ordinal: u64,
    },
    /// An endpoint is told of nothing any more.
    EndpointDisabled {
        /// Which.
        id: Box<str>,
        /// Why.
        stop: WebhookStop,
    },
}

impl Subject {
    /// What kind of event this makes.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Wallet { fact, .. } => match fact {
                Fact::Grant(GrantFact::Created, _) => EventKind::GrantCreated,
                Fact::Grant(GrantFact::Updated, _) => EventKind::GrantUpdated,
                Fact::Grant(GrantFact::Low, _) => EventKind::GrantLow,
                Fact::Grant(GrantFact::Depleted, _) => EventKind::GrantDepleted,
                Fact::Grant(GrantFact::Expiring, _) => EventKind::GrantExpiring,
                Fact::Grant(GrantFact::Expired, _) => EventKind::GrantExpired,
                Fact::Grant(GrantFact::Voided, _) => EventKind::GrantVoided,
                Fact::Grant(GrantFact::PaidAfterExpiry, _) => EventKind::GrantPaidAfterExpiry,
                Fact::BalanceLow { .. } => EventKind::BalanceLow,
                Fact::BalanceDepleted { .. } => EventKind::BalanceDepleted,
                Fact::Recharged { .. } | Fact::RechargeCharged { .. } => {
                    EventKind::RechargeAttempted
                }
                Fact::RechargeChanged { .. } => EventKind::RechargeChanged,
                Fact::RechargeLimit { .. } => EventKind::RechargeLimit,
            },
            Self::Currency { change, .. } => match change {
                CurrencyChange::Created => EventKind::CurrencyCreated,
                CurrencyChange::Updated => EventKind::CurrencyUpdated,
                CurrencyChange::Archived => EventKind::CurrencyArchived,
                CurrencyChange::Unarchived => EventKind::CurrencyUnarchived,
            },
            Self::EndpointDisabled { .. } => EventKind::EndpointDisabled,
        }
    }
}

/// A domain event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainEvent {
    /// Its place in the order of all events of the store, from 1.
    pub position: u64,
    /// Where it happened.
    pub environment: EnvironmentId,
    /// When, by the environment's clock. Events of several wallets need not be in this order.
    pub at: Timestamp,
    /// The request that brought it; none for what time brought.
    pub trace_id: Option<TraceId>,
    /// What it is about.
    pub subject: Subject,
}

/// What of an event is packed.
type Body = (Timestamp, Option<TraceId>, Subject);

impl DomainEvent {
    /// What of it stands in no column, packed.
    pub(crate) fn pack_body(&self) -> postcard::Result<Vec<u8>> {
        let body: (_, _, &Subject) = (self.at, self.trace_id, &self.subject);
        postcard::to_stdvec(&body)
    }

    /// Reads an event from its columns.
    pub(crate) fn of_body(
        position: u64,
        environment: EnvironmentId,
        body: &[u8],
    ) -> postcard::Result<Self> {
        let (at, trace_id, subject): Body = postcard::from_bytes(body)?;
        Ok(Self { position, environment, at, trace_id, subject })
    }

    /// Its place in a list of events.
    #[must_use]
    pub const fn point(&self) -> Point {
        Point::of_upward(self.position)
    }
}

/// An event with the records that it names, as they are when it is read.
#[derive(Clone, Debug, PartialEq)]
pub struct EventView {
    /// The event.
    pub event: DomainEvent,
    /// The customer of its wallet.
    pub customer: Option<Record>,
    /// Its currency.
    pub currency: Option<Record>,
    /// The record of its grant: its texts and what it cost.
    pub grant: Option<GrantRecord>,
}

/// Where the records that events name are looked up.
pub(crate) trait Named {
    /// Why a record cannot be read.
    type Error;
    /// The live record of this identifier, else the one archived last.
    fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, Self::Error>;
    /// The record of this ordinal.
    fn record_at(&self, ordinal: u64) -> Result<Option<Record>, Self::Error>;
    /// A grant's record.
    fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantRecord>, Self::Error>;
}

impl EventView {
    /// The event with what it names.
    pub(crate) fn of<N: Named>(event: DomainEvent, named: &N) -> Result<Self, N::Error> {
        let environment = event.environment;
        let (mut customer, mut grant) = (None, None);
        let currency = match &event.subject {
            Subject::Wallet { key, fact } => {
                if let Fact::Grant(_, of) = fact {
                    grant = named.grant(environment, of.name.id)?;
                }
                let id = key.customer.as_str();
                customer = named.record(environment, RecordKind::Customer, id)?;
                let id = key.currency.as_str();
                named.record(environment, RecordKind::CustomCurrency, id)?
            }
            Subject::Currency { ordinal, .. } => named.record_at(*ordinal)?,
            Subject::EndpointDisabled { .. } => None,
        };
        Ok(Self { event, customer, currency, grant })
    }
}

/// The position of an environment's newest event; 0 before the first.
pub async fn newest_event(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
) -> Result<u64, LedgerError> {
    let page = PageRequest { start: Start::Before(Point::END), limit: 1 };
    let found = ledger.events(EventQuery { environment, kinds: Vec::new(), page }).await?;
    Ok(found.items.last().map_or(0, |(_, view)| view.event.position))
}

/// The event at a position, while it is kept.
pub async fn event_at(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    position: u64,
) -> Result<Option<EventView>, LedgerError> {
    let start = Start::After(Point::of_upward(position.saturating_sub(1)));
    let query =
        EventQuery { environment, kinds: Vec::new(), page: PageRequest { start, limit: 1 } };
    let found = ledger.events(query).await?.items.into_iter().map(|(_, view)| view);
    Ok(found.into_iter().find(|view| view.event.position == position))
}

/// Which events, oldest first: a page's `older` says that there are later ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventQuery {
    /// Where.
    pub environment: EnvironmentId,
    /// Of these kinds; empty is all.
    pub kinds: Vec<EventKind>,
    /// Which stretch, by [`DomainEvent::point`].
    pub page: PageRequest,
}

impl EventQuery {
    /// An event that is asked for.
    pub(crate) fn asks_for(&self, event: &DomainEvent) -> bool {
        event.environment == self.environment
            && (self.kinds.is_empty() || self.kinds.contains(&event.subject.kind()))
    }
}
