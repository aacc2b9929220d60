//! What a ledger is asked to do, and how its answer is found again.

use std::fmt;
use std::sync::Arc;

use scrip_core::{
    Cadence, Consume, Credits, CustomerId, Digest, DisputeState, EditGrant, EnvironmentId, Extend,
    GrantId, IdempotencyKey, MoneyAmount, NameHash, NameKind, NewGrant, Origin, Priority,
    RechargeSetting, RecurringGrantId, RefundRequest, Refusal, Release, ReservationId, Reserve,
    Timestamp, Undone, WalletKey, genesis,
};

use crate::{
    Answer, ApiKeyChange, CollectionOutcome, EnvironmentChange, ErasePart, EraseStep, InvoiceId,
    LinkChange, LinkUse, PersonChange, RecordKind, StoredAnswer, WebhookSecret,
};

/// A request, with who asks and how its answer is remembered.
pub struct Order {
    /// Where.
    pub environment: EnvironmentId,
    /// Who asks.
    pub origin: Origin,
    /// What is asked.
    pub work: Work,
    /// Whether the answer must be found again.
    pub remember: Option<Remember>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub enum Work {
    /// Make a customer, a currency or another record.
    CreateRecord(NewRecord),
    /// Merge members into a record's body.
    PatchRecord(RecordPatch),
    /// Archive the live record of this identifier.
    ArchiveRecord(RecordKind, String),
    /// Bring back the record of this identifier that was archived last.
    UnarchiveRecord(RecordKind, String),
    /// Make or patch many customers, all or none (decision 52).
    ImportCustomers(Vec<NewRecord>),
    /// Edit, rotate or revoke an API key, or note that it was used.
    ChangeApiKey(Box<ApiKeyChange>),
    /// Make, end or reset an environment, or make or end an account.
    ChangeEnvironments(Box<EnvironmentChange>),
    /// Invite or change a person.
    ChangePerson(Box<PersonChange>),
    /// Use a link by which somebody signs in for the first time.
    UseSignInLink(Box<LinkUse>),
    /// Make, change or remove a link of a customer.
    ChangeLink(Box<LinkChange>),
    /// Store records as they are given, new or in place of what was there, all or none: what the
    /// product keeps for itself.
    PutRecords(Vec<NewRecord>),
    /// Remove records that nobody may ask for any more.
    ForgetRecords(RecordKind, Vec<String>),
    /// Remove some of the events up to a position, the oldest first, but never the newest.
    ForgetEvents(u64),
    /// Merge members into an endpoint's record. What it is told of, if that is among them, holds for
    /// events behind this position.
    ChangeWebhook(RecordPatch, u64),
    /// Give an endpoint a new secret.
    RotateWebhookSecret(Box<RotateWebhookSecret>),
    /// Send an endpoint, by its identifier, something about nothing, under this name.
    TestWebhook(String, String),
    /// Send an endpoint, by its identifier, a delivery of this name again.
    Redeliver(String, String),
    /// Make a grant.
    CreateGrant(Box<CreateGrant>),
    /// Take back what is left of a grant.
    VoidGrant(GrantId),
    /// Change a grant.
    EditGrant(Box<EditGrant>),
    /// Mark an invoice paid: its grant counts from now or its first instant on.
    MarkInvoicePaid(InvoiceId),
    /// Cancel an open invoice: its grant stays unpaid.
    CancelInvoice(InvoiceId),
    /// Money of a paid invoice was given back by hand: its grant loses as much of its credits.
    RefundInvoice(Box<InvoiceRefund>),
    /// What a payment provider says of a paid invoice's money.
    NoteMoney(Box<InvoiceMoney>),
    /// Have a provider collect an invoice again whose payment failed.
    RetryInvoice(InvoiceId),
    /// Write what a provider said of an invoice.
    Collect(Box<CollectionOutcome>),
    /// Burn credits.
    Consume(Box<WalletConsume>),
    /// Burn credits many times; one bad item refuses all (decision 52).
    ConsumeBatch(Vec<WalletConsume>),
    /// Set credits aside.
    Reserve(Box<WalletReserve>),
    /// Settle a reservation, once, whether or not its hold has ended by itself.
    Release(Box<WalletRelease>),
    /// Let an open hold end at another instant.
    Extend(Box<WalletExtend>),
    /// Move the environment's test clock.
    MoveClock(Timestamp),
    /// Give a consumption back.
    Refund(Box<WalletRefund>),
    /// Save what its owner wants of a wallet's recharge.
    SetRecharge(Box<WalletRecharge>),
    /// Make a recurring grant, or change it from its next period on.
    PutRecurringGrant(Box<PutRecurringGrant>),
    /// End a recurring grant of a wallet; what it gave stays.
    RemoveRecurringGrant(WalletKey, RecurringGrantId),
    /// A person lets somebody see what is a customer's own: nothing of it is kept but that it was done.
    NotePortalToken(Box<PortalTokenMade>),
    /// Take a step of erasing what was written of a customer.
    Erase(Box<EraseStep>),
    /// Write what time brought to these wallets.
    Advance(Vec<WalletKey>),
}

impl Work {
    /// The wallets that it names. A change of a grant names the grant only.
    pub(crate) fn wallets(&self) -> Vec<&WalletKey> {
        match self {
            Self::CreateGrant(create) => vec![&create.wallet],
            Self::Consume(item) => vec![&item.wallet],
            Self::ConsumeBatch(items) => items.iter().map(|item| &item.wallet).collect(),
            Self::Reserve(item) => vec![&item.wallet],
            Self::Release(item) => vec![&item.wallet],
            Self::Extend(item) => vec![&item.wallet],
            Self::Refund(item) => vec![&item.wallet],
            Self::SetRecharge(item) => vec![&item.wallet],
            Self::PutRecurringGrant(item) => vec![&item.wallet],
            Self::RemoveRecurringGrant(wallet, _) => vec![wallet],
            Self::Advance(keys) => keys.iter().collect(),
            Self::Erase(step) => match &step.part {
                ErasePart::Begin(wallets) => wallets.iter().collect(),
                ErasePart::Rows { wallet, .. } => vec![wallet],
                ErasePart::Records { .. } | ErasePart::End(_) => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    /// What it weighs in a queue and in a batch.
    pub(crate) const fn weight(&self) -> usize {
        match self {
            Self::ConsumeBatch(items) => items.len(),
            Self::ImportCustomers(records) | Self::PutRecords(records) => records.len(),
            Self::Advance(wallets) => wallets.len(),
            Self::ForgetRecords(_, ids) => ids.len(),
            Self::Erase(step) => match &step.part {
                ErasePart::Begin(wallets) => wallets.len(),
                ErasePart::Rows { .. } | ErasePart::Records { .. } => crate::work::STEP_MAX,
                ErasePart::End(_) => 1,
            },
            _ => 1,
        }
    }

    /// The grant that it changes, itself or its invoice.
    pub(crate) fn grant(&self) -> Option<GrantId> {
        match self {
            Self::VoidGrant(id) => Some(*id),
            Self::EditGrant(edit) => Some(edit.id),
            Self::MarkInvoicePaid(id) | Self::CancelInvoice(id) | Self::RetryInvoice(id) => {
                Some(id.grant())
            }
            Self::RefundInvoice(refund) => Some(refund.invoice.grant()),
            Self::NoteMoney(money) => Some(money.invoice.grant()),
            Self::Collect(outcome) => Some(outcome.invoice.grant()),
            _ => None,
        }
    }

    /// The names that it asks for, each with its wallet.
    pub(crate) fn names(&self) -> Vec<(&WalletKey, NameHash)> {
        self.names_within(|_, wallet| genesis(wallet))
    }

    /// The same, where somebody knows the genesis of each wallet, also by its place in
    /// [`Work::wallets`].
    pub(crate) fn names_within<'w>(
        &'w self,
        genesis: impl Fn(usize, &WalletKey) -> Digest,
    ) -> Vec<(&'w WalletKey, NameHash)> {
        let name = |(index, wallet): (usize, &'w WalletKey), kind, name: &str| {
            (wallet, NameHash::within(&genesis(index, wallet), kind, name))
        };
        let consumption = |(index, item): (usize, &'w WalletConsume)| {
            name((index, &item.wallet), NameKind::Consumption, item.consume.key.as_str())
        };
        let reservation = |wallet: &'w WalletKey, id: &ReservationId| {
            name((0, wallet), NameKind::Reservation, id.as_str())
        };
        match self {
            Self::Consume(item) => vec![consumption((0, item))],
            Self::ConsumeBatch(items) => items.iter().enumerate().map(consumption).collect(),
            Self::Reserve(item) => vec![reservation(&item.wallet, &item.reserve.reservation)],
            Self::Release(item) => vec![reservation(&item.wallet, &item.release.reservation)],
            Self::Extend(item) => vec![reservation(&item.wallet, &item.extend.reservation)],
            Self::Refund(item) => {
                let WalletRefund { wallet, request } = item.as_ref();
                let undone = match &request.of {
                    Undone::Consumption(key) => {
                        name((0, wallet), NameKind::Consumption, key.as_str())
                    }
                    Undone::Reservation(id) => reservation(wallet, id),
                };
                vec![undone, name((0, wallet), NameKind::Refund, request.key.as_str())]
            }
            _ => Vec::new(),
        }
    }
}

/// A record to be made.
#[derive(Clone)]
pub struct NewRecord {
    /// What it is.
    pub kind: RecordKind,
    /// Its identifier.
    pub id: String,
    /// A JSON object.
    pub body: serde_json::Map<String, serde_json::Value>,
}

/// Secrets of others are in no log.
impl fmt::Debug for NewRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewRecord")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("body", &crate::record::shown(self.kind, &self.body))
            .finish()
    }
}

/// A change of a record: members that are present replace, whole.
#[derive(Clone, Debug)]
pub struct RecordPatch {
    /// What it is.
    pub kind: RecordKind,
    /// Its identifier.
    pub id: String,
    /// The members that change.
    pub members: serde_json::Map<String, serde_json::Value>,
}

/// A new secret for an endpoint.
#[derive(Clone, Debug)]
pub struct RotateWebhookSecret {
    /// The endpoint.
    pub id: String,
    /// Signs from now on.
    pub secret: WebhookSecret,
    /// How long the one before signs beside it.
    pub overlap_milliseconds: i64,
}

/// How a new grant is paid (spec 2.14, decisions 7 and 9).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Payment {
    /// Nothing is collected.
    #[default]
    None,
    /// An invoice that its owner says is paid.
    PaidInvoice,
    /// An invoice is kept here, or sent by the environment's provider; the grant waits until it is
    /// paid.
    Invoice {
        /// In how many days it is due; at most [`INVOICE_DAYS_UNTIL_DUE_MAX`].
        days_until_due: u16,
    },
    /// The environment's provider charges a payment method; the built-in one cannot.
    Charge,
}

/// In how many days an invoice is due where nobody says otherwise.
pub const INVOICE_DAYS_UNTIL_DUE: u16 = 30;
/// In how many days an invoice is due at most.
pub const INVOICE_DAYS_UNTIL_DUE_MAX: u16 = 365;

/// A grant to be made, and in which wallet.
#[derive(Clone, Debug)]
pub struct CreateGrant {
    /// The wallet; it comes to be with its first change.
    pub wallet: WalletKey,
    /// The grant.
    pub grant: NewGrant,
    /// How it is paid.
    pub payment: Payment,
}

/// Credits to be burned, and in which wallet.
#[derive(Clone, Debug)]
pub struct WalletConsume {
    /// The wallet; it comes to be with its first change.
    pub wallet: WalletKey,
    /// The consumption.
    pub consume: Consume,
    /// The request does not say what happens when the balance is short: what the currency says
    /// then holds, whatever stands in `consume` (decision 72).
    pub as_currency_says: bool,
}

/// Credits to be set aside, and in which wallet.
#[derive(Clone, Debug)]
pub struct WalletReserve {
    /// The wallet.
    pub wallet: WalletKey,
    /// The reservation.
    pub reserve: Reserve,
}

/// A reservation to be settled, and in which wallet.
#[derive(Clone, Debug)]
pub struct WalletRelease {
    /// The wallet.
    pub wallet: WalletKey,
    /// The release.
    pub release: Release,
}

/// A hold to end at another instant, and in which wallet.
#[derive(Clone, Debug)]
pub struct WalletExtend {
    /// The wallet.
    pub wallet: WalletKey,
    /// The extension.
    pub extend: Extend,
}

/// A consumption to be given back, and in which wallet.
#[derive(Clone, Debug)]
pub struct WalletRefund {
    /// The wallet.
    pub wallet: WalletKey,
    /// The refund.
    pub request: RefundRequest,
}

/// Money of an invoice that was given back (decision 47).
#[derive(Clone, Debug)]
pub struct InvoiceRefund {
    /// Which invoice.
    pub invoice: InvoiceId,
    /// How much, in its money: positive, and at most what was not given back before.
    pub amount: MoneyAmount,
    /// Under which name it happens once in the grant's wallet.
    pub key: IdempotencyKey,
}

/// How the money of an invoice stands, as its provider says (decision 47).
#[derive(Clone, Debug)]
pub struct InvoiceMoney {
    /// Which invoice.
    pub invoice: InvoiceId,
    /// The provider's event that made somebody ask: what follows from it bears its name.
    pub event: IdempotencyKey,
    /// What was refunded in all.
    pub refunded: MoneyAmount,
    /// Every dispute that there was.
    pub disputes: Vec<ProviderDispute>,
    /// When a dispute takes credits.
    pub handling: DisputeHandling,
}

/// A dispute as the provider says it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDispute {
    /// The provider's identifier.
    pub id: String,
    /// The disputed money.
    pub amount: MoneyAmount,
    /// How it stands.
    pub state: DisputeState,
}

/// When a dispute takes the credits that were paid for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisputeHandling {
    /// When it is opened: the provider takes the money then.
    #[default]
    AtOnce,
    /// When it is lost.
    WhenLost,
}

impl DisputeHandling {
    /// Every choice as the API spells it.
    pub const NAMES: [(&'static str, Self); 2] =
        [("AT_ONCE", Self::AtOnce), ("WHEN_LOST", Self::WhenLost)];

    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        let [(at_once, _), (when_lost, _)] = Self::NAMES;
        match self {
            Self::AtOnce => at_once,
            Self::WhenLost => when_lost,
        }
    }

    /// Reads the API's spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(name, _)| *name == text).map(|(_, it)| it)
    }
}

/// What its owner wants of a wallet's recharge.
#[derive(Clone, Debug)]
pub struct WalletRecharge {
    /// The wallet; it comes to be with its first change.
    pub wallet: WalletKey,
    /// What is wanted. Without a price the currency's is taken (decision 53).
    pub setting: RechargeSetting,
}

/// A recurring grant to be made or changed, whole.
#[derive(Clone, Debug)]
pub struct PutRecurringGrant {
    /// The wallet; it comes to be with its first change, and cannot be another one later.
    pub wallet: WalletKey,
    /// Its name.
    pub id: RecurringGrantId,
    /// What each period gives: positive, at most [`scrip_core::limits::AMOUNT_MAX`].
    pub amount: Credits,
    /// How long a period is.
    pub cadence: Cadence,
    /// Where periods begin; none is now, or stays what it is.
    pub anchor: Option<Timestamp>,
    /// The grants' priority.
    pub priority: Priority,
    /// What the grants are called.
    pub display_name: String,
}

/// Turns an outcome into the answer that is stored with it, or into none if it must not be.
pub type Render = Arc<dyn Fn(&Result<Answer, OrderRefusal>) -> Option<StoredAnswer> + Send + Sync>;

/// How an order's answer is found again.
#[derive(Clone)]
pub struct Remember {
    /// By what.
    pub by: RememberBy,
    /// What to store.
    pub render: Render,
}

/// By what an order's answer is found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RememberBy {
    /// The `Idempotency-Key` header (decision 14).
    Claim(Claim),
    /// What an official SDK's own retry repeats (decision 41).
    Attempt {
        /// Hash of API key, path and body.
        scope: [u8; 32],
        /// The SDK's count of retries; 0 is a first attempt.
        retry_count: u32,
    },
}

/// The claim of an `Idempotency-Key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    /// Hash of environment, method, path and key.
    pub scope: [u8; 32],
    /// Hash of the body's bytes.
    pub body: [u8; 32],
}

/// Why an order is refused by the state of the world; an item of a batch is named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct OrderRefusal {
    /// The item of a batch that is refused, from 0.
    pub index: Option<usize>,
    /// Why.
    pub refusal: Refusal,
}

impl From<Refusal> for OrderRefusal {
    fn from(refusal: Refusal) -> Self {
        Self { index: None, refusal }
    }
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    use super::*;
    use crate::conformance::{extend_of, item, release_of, reserve_of, start, wallet};

    /// A name that is not told beforehand is looked for on the disk, while everybody waits.
    #[test]
    fn what_an_order_will_ask_for_is_told_beforehand() {
        let key = wallet("ann/gold/r1");
        let reservation = NameHash::of(&key, NameKind::Reservation, "job");
        let consumption = NameHash::of(&key, NameKind::Consumption, "job");
        for (work, name) in [
            (Work::Reserve(Box::new(reserve_of(&key, "job", "1"))), reservation),
            (Work::Release(Box::new(release_of(&key, "job", "1"))), reservation),
            (Work::Extend(Box::new(extend_of(&key, "job", start().later(1)))), reservation),
            (Work::Consume(Box::new(item(&key, "job", "1"))), consumption),
            (Work::ConsumeBatch(vec![item(&key, "job", "1")]), consumption),
        ] {
            let told = (work.wallets(), work.names());
            assert_eq!(told, (vec![&key], vec![(&key, name)]), "{work:?}");
        }
    }
}

/// A portal token, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortalTokenMade {
    /// Whose it opens.
    pub customer: CustomerId,
    /// Which parts of it, as the API names them.
    pub scopes: Vec<String>,
    /// Until when, by real time.
    pub expires_at: Timestamp,
}
