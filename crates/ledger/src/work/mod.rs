//! How an order becomes rows and records: the same for every ledger, over the little that a
//! ledger's unit of work must offer.

mod api_keys;
mod audited;
mod clock;
mod collections;
mod consumption;
mod environments;
mod erasing;
mod events;
mod grants;
mod holds;
mod invoices;
mod links;
mod links_over;
mod money_back;
mod own_grants;
mod people;
mod records;
mod refunds;
mod remember;
mod repeats;
mod webhooks;

use std::sync::Arc;

use scrip_core::{
    Balance, Broken, Command, Contradiction, Decided, EnvironmentId, Event, Grant, GrantId,
    GrantType, NameHash, OnInsufficient, Origin, Overflow, Refusal, Row, Timestamp, WalletKey,
};

use crate::event::DomainEvent;
use crate::history::Entry;
use crate::record::{OVERDRAFT_DENY, OVERDRAFT_MEMBER};
use crate::slot::{Position, RowLinks, Slot, is_linked, name_of};
use crate::{
    Advanced, Answer, GrantInvoice, GrantRecord, Order, OrderRefusal, Payment, ProviderKind,
    Record, RecordKind, RecordQuery, StoredAnswer, Work,
};

pub use clock::CLOCK_MEMBER;
pub use erasing::{EraseRows, ErasedRows, STEP_MAX};
pub use grants::{change_words, overdraft_words};
pub use own_grants::recharge_words;
pub use remember::run;

/// What the owner of the store decided.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// A grant or consumption of an unknown customer makes a bare one (decision 3).
    pub auto_create_customers: bool,
    /// Custom currencies of an environment that are not archived (decision 30).
    pub custom_currencies_max: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auto_create_customers: false,
            custom_currencies_max: scrip_core::limits::CUSTOM_CURRENCIES_MAX,
        }
    }
}

/// Why the store itself failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// No room.
    #[error("there is no room left on the disk")]
    DiskFull,
    /// The wallet takes no orders, because something about it is wrong.
    #[error("the wallet is frozen")]
    Frozen,
    /// What is stored cannot be what was stored.
    #[error("{0}")]
    Corrupt(String),
    /// The store cannot be reached, or is held up by others; trying again may help.
    #[error("the store cannot be reached: {0}")]
    Unavailable(String),
    /// Reading or writing failed.
    #[error("{0}")]
    Failed(String),
}

/// Why an order was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The state of the world does not allow it.
    #[error(transparent)]
    Refused(#[from] OrderRefusal),
    /// The minted identifier is taken.
    #[error("the minted grant id is taken")]
    GrantIdTaken,
    /// The `Idempotency-Key` belongs to another body.
    #[error("the claim belongs to another body")]
    ClaimedForOther,
    /// The program contradicts itself.
    #[error(transparent)]
    Broken(#[from] Broken),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

/// What orders need to know of a record, small enough to be kept in memory for many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// It may not be used for what is new (decision 48).
    pub is_archived: bool,
    /// Of a currency: what happens to a consumption that is short and does not say (decision 72).
    pub on_insufficient: OnInsufficient,
}

impl Standing {
    /// Of a record that is about to be made.
    pub const NEW: Self = Self { is_archived: false, on_insufficient: OnInsufficient::Overdraft };

    /// How a record stands.
    pub fn of(record: &Record) -> Self {
        let denies = record.kind == RecordKind::CustomCurrency
            && record.text(OVERDRAFT_MEMBER) == Some(OVERDRAFT_DENY);
        Self {
            is_archived: record.archived_at.is_some(),
            on_insufficient: if denies {
                OnInsufficient::Reject
            } else {
                OnInsufficient::Overdraft
            },
        }
    }
}

/// What a ledger's unit of work offers. Everything is seen by later calls at once, and becomes
/// durable, or is forgotten, as a whole.
pub trait State {
    /// What the owner decided.
    fn settings(&self) -> Settings;
    /// The environment's clock.
    fn now(&self, environment: EnvironmentId) -> Timestamp;
    /// Real time, for what outlives requests.
    fn real_now(&self) -> Timestamp;
    /// Sets an environment's test clock.
    fn set_clock(&mut self, environment: EnvironmentId, now: Timestamp);

    /// The live record of this identifier, else the one archived last.
    fn record(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError>;
    /// How such a record stands; the answer to [`State::record`], from memory if it can.
    fn standing(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Standing>, StoreError>;
    /// An archived record of this identifier exists.
    fn has_archived(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<bool, StoreError>;
    /// Records of this kind that are not archived.
    fn count_live(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<usize, StoreError>;
    /// All records of a kind, archived ones too. Whoever asks works alone.
    fn all_records(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<Vec<Record>, StoreError>;
    /// The records of a query that a page may have, and one more. Whoever asks works alone.
    fn listed(&mut self, query: &RecordQuery) -> Result<Vec<Record>, StoreError>;
    /// Stores a new record and gives it its ordinal.
    fn insert_record(&mut self, record: &mut Record) -> Result<(), StoreError>;
    /// Stores a changed record.
    fn update_record(&mut self, record: &Record) -> Result<(), StoreError>;
    /// Removes a record. Only for kinds of which nobody asks how they stand.
    fn remove_record(&mut self, record: &Record) -> Result<(), StoreError>;

    /// Takes a wallet out to work on it; whoever changes it copies what others see of it. It must be
    /// put back before the order is refused; only a failure, which makes the unit be forgotten, may
    /// keep it.
    fn load(&mut self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError>;
    /// Puts a wallet back, with the rows that were decided meanwhile and the names under which
    /// they are found again. The rows get ascending positions; the answer is that of the row with
    /// the index `own`, 0 if there is none.
    fn save(
        &mut self,
        slot: Arc<Slot>,
        rows: &[Decided],
        names: &[Option<NameHash>],
        own: Option<usize>,
    ) -> Result<Position, StoreError>;
    /// Where the newest row of this name is.
    fn find(&mut self, name: NameHash) -> Result<Option<Position>, StoreError>;
    /// The row at a position, with its relatives.
    fn entry(&mut self, position: Position) -> Result<Entry, StoreError>;

    /// Takes the words out of some rows of a wallet.
    fn erase_rows(&mut self, rows: &EraseRows<'_>) -> Result<ErasedRows, StoreError>;

    /// A grant's record.
    fn grant(
        &mut self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantRecord>, StoreError>;
    /// Stores a new grant's record and gives it its ordinal.
    fn insert_grant(&mut self, record: &mut GrantRecord) -> Result<(), StoreError>;
    /// Stores a changed grant's record.
    fn update_grant(&mut self, record: &GrantRecord) -> Result<(), StoreError>;

    /// Stores a domain event and gives it its position.
    fn insert_event(&mut self, event: &mut DomainEvent) -> Result<(), StoreError>;

    /// Removes the oldest events up to a position, at most so many, and never the newest; how many.
    fn forget_events(&mut self, until: u64, most: usize) -> Result<usize, StoreError>;

    /// A claim's body hash and answer.
    fn claimed(&mut self, scope: [u8; 32]) -> Result<Option<([u8; 32], StoredAnswer)>, StoreError>;
    /// Stores a claim's answer.
    fn store_claim(&mut self, claim: crate::Claim, answer: &StoredAnswer)
    -> Result<(), StoreError>;
    /// The latest answer that was stored for such an attempt at or after an instant of real time.
    fn latest_attempt(
        &mut self,
        scope: [u8; 32],
        since: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError>;
    /// Stores the answer of an attempt.
    fn store_attempt(&mut self, scope: [u8; 32], answer: &StoredAnswer) -> Result<(), StoreError>;
}

/// Carries out what an order asks.
fn carry_out(state: &mut dyn State, order: &Order) -> Result<Answer, Failure> {
    let at = Place { environment: order.environment, origin: &order.origin };
    match &order.work {
        Work::CreateRecord(new) => records::create(state, at, new),
        Work::PatchRecord(patch) => records::patch(state, at, patch),
        Work::ArchiveRecord(kind, id) => records::archive(state, at, *kind, id),
        Work::UnarchiveRecord(kind, id) => records::unarchive(state, at, *kind, id),
        Work::ImportCustomers(customers) => records::import(state, at, customers),
        Work::ChangeApiKey(change) => api_keys::change(state, at, change),
        Work::ChangeEnvironments(change) => environments::change(state, at, change),
        Work::ChangePerson(change) => people::change(state, at, change),
        Work::UseSignInLink(used) => people::use_link(state, at, used),
        Work::ChangeLink(change) => links::change(state, at, change),
        Work::PutRecords(records) => records::put(state, at, records),
        Work::ForgetRecords(kind, ids) => records::forget(state, at, *kind, ids),
        Work::ForgetEvents(until) => {
            Ok(Answer::Forgotten(state.forget_events(*until, FORGET_EVENTS_MAX)?))
        }
        Work::ChangeWebhook(patch, newest) => webhooks::change(state, at, patch, *newest),
        Work::RotateWebhookSecret(rotate) => webhooks::rotate_secret(state, at, rotate),
        Work::TestWebhook(id, message_id) => webhooks::test(state, at, id, message_id),
        Work::Redeliver(id, message_id) => webhooks::redeliver(state, at, id, message_id),
        Work::CreateGrant(create) => grants::create(state, at, create),
        Work::VoidGrant(id) => grants::void(state, at, *id),
        Work::EditGrant(edit) => grants::edit(state, at, edit),
        Work::MarkInvoicePaid(id) => invoices::mark_paid(state, at, *id),
        Work::CancelInvoice(id) => invoices::cancel(state, at, *id),
        Work::RefundInvoice(refund) => money_back::refund(state, at, refund),
        Work::NoteMoney(money) => money_back::note(state, at, money),
        Work::RetryInvoice(id) => collections::retry(state, at, *id),
        Work::Collect(outcome) => collections::note(state, at, outcome),
        Work::Consume(item) => consumption::consume(state, at, item),
        Work::ConsumeBatch(items) => consumption::consume_batch(state, at, items),
        Work::Reserve(item) => holds::reserve(state, at, item),
        Work::Release(item) => holds::release(state, at, item),
        Work::Extend(item) => holds::extend(state, at, item),
        Work::Refund(item) => refunds::refund(state, at, item),
        Work::SetRecharge(item) => own_grants::set_recharge(state, at, item),
        Work::PutRecurringGrant(put) => own_grants::put_recurring(state, at, put),
        Work::RemoveRecurringGrant(wallet, id) => {
            own_grants::remove_recurring(state, at, wallet, id)
        }
        Work::MoveClock(now) => clock::move_to(state, at, *now),
        // It is noted; there is nothing else to it.
        Work::NotePortalToken(_) => Ok(Answer::Done),
        Work::Erase(step) => erasing::erase(state, at, step),
        Work::Advance(keys) => advance(state, at, keys),
    }
}

/// Lets time pass in some wallets, one after the other, until there are enough rows. A wallet that is low
/// recharges even where nothing is due: its customer or its currency may have come back.
fn advance(state: &mut dyn State, at: Place<'_>, keys: &[WalletKey]) -> Result<Answer, Failure> {
    let (mut left, mut rows) = (Vec::new(), 0);
    for key in keys {
        if rows >= ADVANCE_ROWS_MAX {
            left.push(key.clone());
            continue;
        }
        let ran = command(state, at, key, &Command::Advance, &Extra::default())?;
        rows += ran.rows;
        if ran.is_due {
            left.push(key.clone());
        }
    }
    Ok(Answer::Advanced(Advanced { left, rows }))
}

/// Events that are removed at a time: nothing holds up the others for long.
const FORGET_EVENTS_MAX: usize = 500;

/// How many rows time brings in one order, and those of one wallet more.
const ADVANCE_ROWS_MAX: usize = 512;

/// Where an order applies and who gave it.
#[derive(Clone, Copy)]
struct Place<'a> {
    environment: EnvironmentId,
    origin: &'a Origin,
}

/// Facts of a new grant that the wallet does not keep.
#[derive(Default)]
struct Extra {
    payment: Payment,
    /// Who collects the payment, if nobody does it by hand.
    provider: Option<ProviderKind>,
    /// The name of the command's own row, where it is known already.
    name: Option<NameHash>,
    /// What a recurring grant's grants are called from now on.
    display_name: Option<String>,
}

/// What a command left behind.
struct Ran {
    /// The command's own row and its position, or why there is none. An accepted command may
    /// change nothing.
    own: Result<Option<(Row, Position)>, Refusal>,
    /// The wallet's balance now.
    balance: Balance,
    /// The wallet's time of the command.
    at: Timestamp,
    /// How many rows it and the time before it brought.
    rows: usize,
    /// Something is due in the wallet still.
    is_due: bool,
}

/// Runs a command on a wallet and stores what follows. A wallet comes to be with its first row.
fn command(
    state: &mut dyn State,
    at: Place<'_>,
    key: &WalletKey,
    command: &Command,
    extra: &Extra,
) -> Result<Ran, Failure> {
    let slot = state.load(key)?;
    run_on(state, at, slot.unwrap_or_else(|| fresh(key)), command, extra)
}

/// A wallet without rows.
fn fresh(key: &WalletKey) -> Arc<Slot> {
    Arc::new(Slot::new(key.clone()))
}

fn run_on(
    state: &mut dyn State,
    at: Place<'_>,
    mut slot: Arc<Slot>,
    command: &Command,
    extra: &Extra,
) -> Result<Ran, Failure> {
    let is_new = slot.wallet.sequence() == 0;
    let had_grants = slot.wallet.has_had_grants();
    let now = state.now(at.environment);
    let time = time_of(&slot, now, command);
    let circumstances = own_grants::circumstances(state, at, &slot, command)?;
    let renewals = own_grants::renewals_due(&slot, time);
    let wallet = &mut Arc::make_mut(&mut slot).wallet;
    let outcome = wallet.execute_in(circumstances, command, time, at.origin)?;
    let balance = slot.wallet.balance().map_err(overflow)?;
    let is_due = slot.wallet.next_due().is_some_and(|due| due.at <= now);
    let mut rows = outcome.rows;
    if rows.is_empty() {
        if !is_new {
            state.save(slot, &[], &[], None)?;
        }
        let own = outcome.own.map(|_| None);
        return Ok(Ran { own, balance, at: time, rows: 0, is_due });
    }
    let departed = Arc::make_mut(&mut slot).wallet.take_departed();
    let mut made: Vec<_> = rows.iter().filter_map(|row| made_grant(&slot, row, extra)).collect();
    for (id, words, is_recharge) in own_grants::own_words(state, at, renewals, &rows, extra)? {
        if let Some(record) = made.iter_mut().find(|record| record.grant.name.id == id) {
            record.words = words;
            record.is_recharge = is_recharge;
            record.invoice = own_grants::own_invoice(state, at, record)?;
        }
    }
    let has_first_grant = !had_grants && slot.wallet.has_had_grants();
    let new_key = has_first_grant.then(|| slot.wallet.key().clone());
    let told_key = (!outcome.notices.is_empty()).then(|| slot.wallet.key().clone());
    let own = outcome.own.as_ref().ok().copied();
    let name = |(index, decided): (usize, &Decided)| match extra.name {
        Some(name) if own == Some(index) => Some(name),
        _ => name_of(&slot.genesis, &decided.row),
    };
    let names: Vec<_> = rows.iter().enumerate().map(name).collect();
    let position = state.save(slot, &rows, &names, own)?;
    if let Some(key) = new_key {
        records::ensure_resource(state, at, &key)?;
    }
    for mut record in made {
        state.insert_grant(&mut record)?;
        invoices::keep(state, at, &record)?;
    }
    for grant in departed {
        record_departure(state, at, grant)?;
    }
    if let Some(key) = told_key {
        events::of_wallet(state, at, &key, outcome.notices)?;
    }
    let count = rows.len();
    let own =
        outcome.own.map(|own| (own < rows.len()).then(|| (rows.swap_remove(own).row, position)));
    Ok(Ran { own, balance, at: time, rows: count, is_due })
}

/// The wallet's time of a command. Time alone passes at most a year at once in a wallet that makes
/// grants by itself, and less if it has several recurring ones: it may have thousands of periods behind
/// it when a test clock leaps. Whoever lets it pass asks again.
fn time_of(slot: &Slot, now: Timestamp, command: &Command) -> Timestamp {
    let wallet = &slot.wallet;
    let now = wallet.time_at(now);
    match (command, wallet.next_due()) {
        (Command::Advance, Some(due)) if wallet.makes_grants() => {
            let grants = i32::try_from(wallet.renewals().len()).unwrap_or(i32::MAX);
            let months = (12 / grants.max(1)).max(1);
            now.min(wallet.time_at(due.at).months_later(months))
        }
        _ => now,
    }
}

/// Links a row to its relatives, at the end of its wallet's rows.
pub fn link(
    state: &mut (impl State + ?Sized),
    slot: &mut Slot,
    position: Position,
    decided: &Decided,
    name: Option<NameHash>,
) -> Result<RowLinks, StoreError> {
    let event = &decided.row.event;
    let related = match (is_linked(event), name) {
        (true, Some(name)) => state.find(name)?.unwrap_or(0),
        _ => 0,
    };
    let before = decided.row.sequence.saturating_sub(1);
    slot.links
        .append(before, position, event, related)
        .map_err(|error| StoreError::Corrupt(format!("wallet {}: {error}", slot.number)))
}

/// The sums of a stored wallet are in range, or the program is wrong.
fn overflow(overflow: Overflow) -> Failure {
    Failure::Broken(Contradiction::from(overflow).into())
}

/// The record of the grant that a row made, if it made one.
fn made_grant(slot: &Slot, decided: &Decided, extra: &Extra) -> Option<GrantRecord> {
    let made = made(decided)?;
    let Event::GrantCreated { cost, .. } = &decided.row.event else { return None };
    let words = match made.grant_type {
        GrantType::Overdraft => overdraft_words(),
        _ => decided.row.texts.words().cloned().unwrap_or_default(),
    };
    Some(GrantRecord {
        ordinal: 0,
        wallet: slot.wallet.key().clone(),
        // It may have left again within the same command; then its departure corrects this.
        grant: slot.wallet.grant(made.name.number).copied().unwrap_or(made),
        words,
        cost: *cost,
        invoice: GrantInvoice::of_new(extra.payment, extra.provider, decided.row.recorded_at),
        is_recharge: false,
    })
}

/// A grant as its first row made it.
fn made(decided: &Decided) -> Option<Grant> {
    let Event::GrantCreated {
        grant, grant_type, amount, priority, effective_at, expire_at, ..
    } = &decided.row.event
    else {
        return None;
    };
    let zero = scrip_core::Credits::ZERO;
    Some(Grant {
        name: *grant,
        grant_type: *grant_type,
        priority: *priority,
        amount: *amount,
        consumed: zero,
        held: zero,
        lost: zero,
        effective_at: *effective_at,
        expire_at: *expire_at,
        created_at: decided.row.recorded_at,
        updated_at: decided.row.recorded_at,
        state: scrip_core::GrantState::Scheduled,
    })
}

/// Stores the final facts of a grant that left its wallet.
fn record_departure(state: &mut dyn State, at: Place<'_>, grant: Grant) -> Result<(), Failure> {
    let missing = || StoreError::Corrupt(format!("grants: no record of {}", grant.name.id));
    let mut record = state.grant(at.environment, grant.name.id)?.ok_or_else(missing)?;
    record.grant = grant;
    Ok(state.update_grant(&record)?)
}
