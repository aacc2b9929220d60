//! The steps by which what was written of a customer is erased (decision record 36).

use scrip_core::{CustomerId, Event, GrantId, GrantType, WalletKey, Words};
use serde_json::{Map, Value};

use super::{Failure, Place, State, StoreError, overdraft_words, recharge_words, records};
use crate::erasure::{ErasePart, EraseStep, ErasedWallet, Erasure, ErasureState};
use crate::slot::Position;
use crate::verifying::RawEntry;
use crate::{
    Answer, AuditEntry, CreatedRange, GrantRecord, PageRequest, Point, Record, RecordKind,
    RecordQuery, Start,
};

/// Rows and records of one step: nothing holds up the others for long.
pub const STEP_MAX: usize = 256;

/// Rows of a wallet that are erased.
pub struct EraseRows<'w> {
    /// Whose.
    pub wallet: &'w WalletKey,
    /// The position of the newest; downward from there.
    pub from: Position,
    /// Newer ones than of this sequence are passed over.
    pub until: u64,
    /// How many are looked at.
    pub most: usize,
}

/// What became of some rows.
#[derive(Default)]
pub struct ErasedRows {
    /// The grants that they made.
    pub grants: Vec<GrantId>,
    /// Where the next ones are; 0 if there are none.
    pub next: Position,
}

impl ErasedRows {
    /// Takes in a row, going downward; as it is to be stored, if that is otherwise.
    pub fn take(
        &mut self,
        entry: &RawEntry<impl AsRef<[u8]>>,
        rows: &EraseRows<'_>,
    ) -> Result<Option<RawEntry>, StoreError> {
        self.next = entry.links.previous;
        if entry.sequence > rows.until {
            return Ok(None);
        }
        if let Event::GrantCreated { grant, .. } = &entry.read()?.row.event {
            self.grants.push(grant.id);
        }
        entry.without_texts()
    }
}

pub(super) fn erase(
    state: &mut dyn State,
    at: Place<'_>,
    step: &EraseStep,
) -> Result<Answer, Failure> {
    let customer = &step.customer;
    match &step.part {
        ErasePart::Begin(wallets) => begin(state, at, customer, wallets),
        ErasePart::Rows { wallet, until, from } => rows(state, at, wallet, *until, *from),
        ErasePart::Records { kind, before } => of_kind(state, at, customer, *kind, *before),
        ErasePart::End(round) => end(state, at, customer, *round),
    }
}

fn begin(
    state: &mut dyn State,
    at: Place<'_>,
    customer: &CustomerId,
    wallets: &[WalletKey],
) -> Result<Answer, Failure> {
    let mut record = records::find(state, at, RecordKind::Customer, customer.as_str())?;
    if erase_customer(&mut record.body) {
        record.updated_at = state.now(at.environment).max(record.updated_at);
        state.update_record(&record)?;
    }
    let mut erased = Vec::with_capacity(wallets.len());
    for key in wallets {
        let Some(slot) = state.load(key)? else { continue };
        erased.push(ErasedWallet {
            currency: key.currency.as_str().into(),
            resource: key.resource.as_ref().map(|id| id.as_str().into()),
            sequence: slot.wallet.sequence(),
        });
        state.save(slot, &[], &[], None)?;
    }
    let known = state.record(at.environment, RecordKind::Erasure, customer.as_str())?;
    let round = known.as_ref().and_then(Erasure::of).map_or(0, |known| known.round);
    let erasure = Erasure {
        state: ErasureState::Running,
        round: round.saturating_add(1),
        began_milliseconds: state.real_now().milliseconds(),
        ended_milliseconds: None,
        wallets: erased,
    };
    put(state, at, customer, known, &erasure)
}

/// Stores how an erasure stands.
fn put(
    state: &mut dyn State,
    at: Place<'_>,
    customer: &CustomerId,
    known: Option<Record>,
    erasure: &Erasure,
) -> Result<Answer, Failure> {
    let new = erasure.record(customer);
    let Some(mut record) = known else {
        return records::insert(state, at, new.kind, &new.id, new.body).map(records::answer);
    };
    record.body = new.body;
    record.updated_at = state.now(at.environment).max(record.updated_at);
    state.update_record(&record)?;
    Ok(records::answer(record))
}

fn rows(
    state: &mut dyn State,
    at: Place<'_>,
    wallet: &WalletKey,
    until: u64,
    from: Position,
) -> Result<Answer, Failure> {
    let from = match from {
        0 => {
            let Some(slot) = state.load(wallet)? else { return Ok(Answer::Erased(0)) };
            let last = slot.links.last;
            state.save(slot, &[], &[], None)?;
            last
        }
        from => from,
    };
    if from == 0 {
        return Ok(Answer::Erased(0));
    }
    let ErasedRows { grants, next } =
        state.erase_rows(&EraseRows { wallet, from, until, most: STEP_MAX })?;
    for id in grants {
        let missing = || StoreError::Corrupt(format!("grants: no record of {id}"));
        let mut record = state.grant(at.environment, id)?.ok_or_else(missing)?;
        let words = words_without_author(&record);
        if record.words != words {
            record.words = words;
            state.update_grant(&record)?;
        }
    }
    Ok(Answer::Erased(next))
}

/// What a grant is called when nobody called it anything.
fn words_without_author(record: &GrantRecord) -> Words {
    match record.grant.grant_type {
        GrantType::Overdraft => overdraft_words(),
        _ if record.is_recharge => recharge_words(),
        _ => Words::default(),
    }
}

fn of_kind(
    state: &mut dyn State,
    at: Place<'_>,
    customer: &CustomerId,
    kind: RecordKind,
    before: u64,
) -> Result<Answer, Failure> {
    let start = match before {
        0 => Start::Newest,
        position => Start::After(Point { position, part: 0 }),
    };
    // One entry of the log may tell of many customers, and is listed as of one of them.
    let matching = match kind {
        RecordKind::AuditEntry => Vec::new(),
        _ => vec![(AuditEntry::CUSTOMER, customer.as_str().to_owned())],
    };
    let query = RecordQuery {
        environment: at.environment,
        kind,
        matching,
        created: CreatedRange::default(),
        archived: None,
        page: PageRequest { start, limit: STEP_MAX },
    };
    let mut found = state.listed(&query)?;
    let is_more = found.len() > STEP_MAX;
    found.truncate(STEP_MAX);
    let next = found.last().filter(|_| is_more).map_or(0, |last| last.ordinal);
    for mut record in found {
        let is_changed = match kind {
            RecordKind::AuditEntry => erase_entry(&mut record, customer.as_str()),
            _ => erase_members(&mut record.body),
        };
        if is_changed {
            state.update_record(&record)?;
        }
    }
    Ok(Answer::Erased(next))
}

/// Notes that it is done; the customer as it is now. If somebody began again meanwhile, it is they who
/// say so.
fn end(
    state: &mut dyn State,
    at: Place<'_>,
    customer: &CustomerId,
    round: u64,
) -> Result<Answer, Failure> {
    let known = state.record(at.environment, RecordKind::Erasure, customer.as_str())?;
    let erasure = known.as_ref().and_then(Erasure::of);
    if let Some(erasure) =
        erasure.filter(|known| known.round == round && known.state == ErasureState::Running)
    {
        let done = Erasure {
            state: ErasureState::Done,
            ended_milliseconds: Some(state.real_now().milliseconds()),
            wallets: Vec::new(),
            ..erasure
        };
        put(state, at, customer, known, &done)?;
    }
    records::find(state, at, RecordKind::Customer, customer.as_str()).map(records::answer)
}

/// What a customer is known by elsewhere, and what is no word of theirs: everything else goes.
const KEPT_OF_CUSTOMERS: [&str; 5] = [
    "billingCurrency",
    "billingId",
    "defaultPaymentMethod",
    "integrations",
    "portalTokenGeneration",
];
/// What is charged, and how; what stands on a card goes.
const KEPT_OF_PAYMENT_METHODS: [&str; 2] = ["billingId", "type"];

/// Takes out what was written of a customer; whether there was anything.
fn erase_customer(body: &mut Map<String, Value>) -> bool {
    let members = body.len();
    body.retain(|name, _| KEPT_OF_CUSTOMERS.contains(&name.as_str()));
    let mut is_changed = body.len() != members;
    if let Some(Value::Object(method)) = body.get_mut("defaultPaymentMethod") {
        for (name, value) in method {
            if !KEPT_OF_PAYMENT_METHODS.contains(&name.as_str()) && !value.is_null() {
                *value = Value::Null;
                is_changed = true;
            }
        }
    }
    is_changed
}

/// What stands in the place of words that a record must have, and in the log.
pub const ERASED: &str = "(erased)";
/// Members of records of a customer's that somebody wrote.
const WRITTEN: [&str; 4] = ["displayName", "comment", "metadata", "description"];

/// Takes the words out of a record that belongs to a customer; whether there were any.
fn erase_members(body: &mut Map<String, Value>) -> bool {
    let mut is_changed = false;
    for name in WRITTEN {
        if let Some(value) = body.get_mut(name).filter(|value| **value != ERASED) {
            *value = Value::from(ERASED);
            is_changed = true;
        }
    }
    is_changed
}

/// Takes out of an entry of the log what was written of a customer; whether there was anything.
fn erase_entry(record: &mut Record, customer: &str) -> bool {
    let Some(mut entry) = AuditEntry::of(record) else { return false };
    let own = format!("customer/{customer}");
    let is_about = entry.customer_id.as_deref() == Some(customer);
    let mut is_changed = false;
    for change in &mut entry.changes {
        let is_own = change.target == own;
        let is_of_theirs = is_about && !change.target.starts_with("customer/");
        if !is_own && !is_of_theirs {
            continue;
        }
        for body in [&mut change.before, &mut change.after].into_iter().flatten() {
            if is_own {
                for (name, value) in body.iter_mut() {
                    let is_kept = KEPT_OF_CUSTOMERS.contains(&name.as_str())
                        && name != "defaultPaymentMethod"
                        || [ARCHIVED, MEMBERS].contains(&name.as_str());
                    if !is_kept && *value != ERASED {
                        *value = Value::from(ERASED);
                        is_changed = true;
                    }
                }
            } else {
                is_changed |= erase_members(body);
            }
        }
    }
    if is_changed {
        record.body = entry.record(record.id.clone()).body;
    }
    is_changed
}

/// The member of the log that says when something was archived.
const ARCHIVED: &str = "archivedAt";
/// The member of the log that says which members of a customer went.
pub const MEMBERS: &str = "erasedMembers";
