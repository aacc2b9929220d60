//! What was written of a customer is erased: the steps, the record that says how they stand, and whoever
//! takes one after the other (decision record 36).

use scrip_core::{CurrencyId, CustomerId, EnvironmentId, Origin, ResourceId, Timestamp, WalletKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::body_of;
use crate::slot::Position;
use crate::{
    Answer, CreatedRange, Executed, Ledger, LedgerError, NewRecord, Order, PageRequest, Record,
    RecordKind, RecordQuery, Start, Work,
};

/// Members by which erasures are listed.
pub(crate) const KEYS: &[&str] = &[STATE];
/// The member that says whether anything is left to be done.
const STATE: &str = "state";

/// How the erasure of a customer stands. Its record is called like the customer, and lies with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// Whether anything is left to be done.
    pub state: ErasureState,
    /// How often the customer was erased, this time with it.
    pub round: u64,
    /// When it was asked for last, by real time, in milliseconds since 1970.
    pub began_milliseconds: i64,
    /// When it was done, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_milliseconds: Option<i64>,
    /// How far each wallet is erased; empty once it is done.
    pub wallets: Vec<ErasedWallet>,
}

/// Whether anything is left to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErasureState {
    /// Words may be somewhere still.
    Running,
    /// What was written by then is erased.
    Done,
}

impl ErasureState {
    /// As it is kept, to be looked for.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Done => "DONE",
        }
    }
}

/// How far a wallet is erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ErasedWallet {
    /// Its currency.
    pub currency: Box<str>,
    /// Its resource, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<Box<str>>,
    /// The last row that is erased.
    pub sequence: u64,
}

impl Erasure {
    /// What a record says; none for another record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::Erasure {
            return None;
        }
        serde_json::from_value(Value::Object(record.body.clone())).ok()
    }

    /// The record of a customer's.
    #[must_use]
    pub fn record(&self, customer: &CustomerId) -> NewRecord {
        NewRecord {
            kind: RecordKind::Erasure,
            id: customer.as_str().to_owned(),
            body: body_of(self),
        }
    }

    /// The wallets of the customer, each with its last row that is erased.
    pub(crate) fn wallets_of(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Vec<(WalletKey, u64)> {
        let key = |wallet: &ErasedWallet| {
            Some(WalletKey {
                environment,
                customer: customer.clone(),
                currency: CurrencyId::parse(&wallet.currency).ok()?,
                resource: wallet.resource.as_deref().map(ResourceId::parse).transpose().ok()?,
            })
        };
        self.wallets.iter().filter_map(|it| Some((key(it)?, it.sequence))).collect()
    }

    /// What was seen since an instant of real time may be partly of before and partly of after it.
    pub(crate) fn may_be_under_way(&self, since: Timestamp) -> bool {
        self.state == ErasureState::Running
            || self.ended_milliseconds.is_none_or(|ended| ended >= since.milliseconds())
    }
}

/// A step of an erasure, about a customer.
#[derive(Clone, Debug)]
pub struct EraseStep {
    /// Whose words.
    pub customer: CustomerId,
    /// What is done.
    pub part: ErasePart,
}

/// What a step erases. Those that may be long go on where the answer says.
#[derive(Clone, Debug)]
pub enum ErasePart {
    /// The customer's record; notes how far each of these wallets is to be erased.
    Begin(Vec<WalletKey>),
    /// Rows of a wallet up to a sequence, and what their grants are called: from a position on, downward;
    /// 0 is its last row.
    Rows {
        /// Which wallet.
        wallet: WalletKey,
        /// The last sequence that is erased.
        until: u64,
        /// Where to go on.
        from: Position,
    },
    /// Records of a kind, older than one: 0 is the newest.
    Records {
        /// Of which kind.
        kind: RecordKind,
        /// Where to go on.
        before: u64,
    },
    /// It is done, if this is still the round.
    End(u64),
}

/// Begins to erase what was written of a customer up to now. From the answer on it will be done, whatever
/// becomes of whoever asked: by [`go_on_erasing`].
pub async fn begin_erasing(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    customer: &CustomerId,
    origin: Origin,
) -> Result<Erasure, LedgerError> {
    let wallets = ledger.wallets(environment, customer).await?;
    let step = EraseStep { customer: customer.clone(), part: ErasePart::Begin(wallets) };
    let work = Work::Erase(Box::new(step));
    let order = Order { environment, origin, work, remember: None };
    match ledger.execute(order).await? {
        Executed::Fresh(Answer::Record(record)) => Erasure::of(&record)
            .ok_or_else(|| LedgerError::Internal("an erasure that cannot be read".to_owned())),
        _ => Err(LedgerError::Internal("an erasure was answered with something else".to_owned())),
    }
}

/// Takes every step of an erasure but the last, which says that it is done ([`Work::Erase`] with
/// [`ErasePart::End`]). Beginning again does no harm.
pub async fn go_on_erasing(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    customer: &CustomerId,
    erasure: &Erasure,
) -> Result<(), LedgerError> {
    let wallets = erasure.wallets_of(environment, customer);
    for (wallet, until) in &wallets {
        let mut from = 0;
        loop {
            let part = ErasePart::Rows { wallet: wallet.clone(), until: *until, from };
            from = step(ledger, environment, customer, part).await?;
            if from == 0 {
                break;
            }
        }
    }
    for kind in [RecordKind::RecurringGrant, RecordKind::AuditEntry] {
        let mut before = 0;
        loop {
            before =
                step(ledger, environment, customer, ErasePart::Records { kind, before }).await?;
            if before == 0 {
                break;
            }
        }
    }
    ledger.erase_behind(wallets).await
}

/// The last step, where nobody waits for what it answers.
async fn end(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    customer: &CustomerId,
    erasure: &Erasure,
) -> Result<(), LedgerError> {
    step(ledger, environment, customer, ErasePart::End(erasure.round)).await.map(drop)
}

/// Takes a step; where the next one goes on, 0 if nothing is left.
async fn step(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    customer: &CustomerId,
    part: ErasePart,
) -> Result<u64, LedgerError> {
    let work = Work::Erase(Box::new(EraseStep { customer: customer.clone(), part }));
    let order = Order { environment, origin: Origin::SYSTEM, work, remember: None };
    match ledger.execute(order).await? {
        Executed::Fresh(Answer::Erased(next)) => Ok(next),
        Executed::Fresh(Answer::Record(_)) => Ok(0),
        _ => Err(LedgerError::Internal("a step was answered with something else".to_owned())),
    }
}

/// Erasures that are looked at together.
const PAGE: usize = 50;

/// Finishes the erasures of an environment that nobody finished who began them before an instant of real
/// time; how many.
pub async fn finish_erasures(
    ledger: &dyn Ledger,
    environment: EnvironmentId,
    begun_before: Timestamp,
) -> Result<usize, LedgerError> {
    let query = RecordQuery {
        environment,
        kind: RecordKind::Erasure,
        matching: vec![(STATE, ErasureState::Running.as_str().to_owned())],
        created: CreatedRange::default(),
        archived: None,
        page: PageRequest { start: Start::Newest, limit: PAGE },
    };
    let mut count = 0;
    for (_, record) in ledger.records(query).await?.items {
        let Some(erasure) = Erasure::of(&record) else { continue };
        let Ok(customer) = CustomerId::parse(&record.id) else { continue };
        if erasure.began_milliseconds < begun_before.milliseconds() {
            go_on_erasing(ledger, environment, &customer, &erasure).await?;
            end(ledger, environment, &customer, &erasure).await?;
            count += 1;
        }
    }
    Ok(count)
}
