//! What somebody does is written down with what it changed: a unit of work that remembers what everything
//! was before.

use std::collections::BTreeMap;
use std::sync::Arc;

use scrip_core::{
    Actor, CustomerId, Decided, EnvironmentId, GrantId, NameHash, Timestamp, WalletKey,
};
use serde_json::{Map, Value};

use super::erasing::MEMBERS;
use super::{
    EraseRows, ErasedRows, Failure, Place, Settings, Standing, State, StoreError, carry_out,
    records,
};
use crate::audit::{AuditChange, AuditEntry, environment_of};
use crate::event::DomainEvent;
use crate::hex::to_hex;
use crate::history::Entry;
use crate::slot::{Position, Slot};
use crate::{
    Account, Answer, ApiKeyDeed, EnvironmentChange, ErasePart, GrantRecord, Order, Person,
    PersonDeed, PortalTokenMade, Record, RecordKind, RecordQuery, SYSTEM, StoredAnswer, Work,
    secret_hash,
};

/// Carries out an order, and writes down what it changed if it is one of those that are written down.
pub(super) fn carry_out_noted(state: &mut dyn State, order: &Order) -> Result<Answer, Failure> {
    if !is_noted(order) {
        return carry_out(state, order);
    }
    let mut watched = Watched { state, changed: Vec::new(), wallets: BTreeMap::new() };
    let answer = carry_out(&mut watched, order)?;
    let Watched { changed, wallets, .. } = watched;
    note(state, order, changed, wallets)?;
    Ok(answer)
}

/// Everything that a person does; of what keys do, what they manage. Nothing of what happens by itself.
fn is_noted(order: &Order) -> bool {
    let is_managed = |kind: RecordKind| {
        matches!(
            kind,
            RecordKind::Account
                | RecordKind::Environment
                | RecordKind::ApiKey
                | RecordKind::CustomCurrency
                | RecordKind::WebhookEndpoint
                | RecordKind::PaymentProvider
        )
    };
    match (&order.origin.actor, &order.work) {
        (Actor::System, _) => false,
        // That it is done is noted in the erasure.
        (_, Work::Erase(step)) => matches!(step.part, ErasePart::Begin(_)),
        (Actor::Person(_), _) => true,
        (Actor::ApiKey(_), work) => match work {
            Work::CreateRecord(new) => is_managed(new.kind),
            Work::PatchRecord(patch) => is_managed(patch.kind),
            Work::ArchiveRecord(kind, _) | Work::UnarchiveRecord(kind, _) => is_managed(*kind),
            Work::PutRecords(new) => new.iter().any(|new| is_managed(new.kind)),
            Work::ForgetRecords(kind, _) => is_managed(*kind),
            Work::ChangeApiKey(change) => !matches!(change.deed, ApiKeyDeed::NoteUse(_)),
            Work::ChangeEnvironments(_)
            | Work::ChangePerson(_)
            | Work::UseSignInLink(_)
            | Work::ChangeWebhook(..)
            | Work::RotateWebhookSecret(_)
            | Work::MoveClock(_) => true,
            _ => false,
        },
    }
}

/// A record that changed: what it was, and what it is.
struct ChangedRecord {
    before: Option<Record>,
    after: Option<Record>,
}

/// A wallet that changed.
struct ChangedWallet {
    before: Option<Map<String, Value>>,
    after: Map<String, Value>,
    rows: Vec<u64>,
    is_changed: bool,
}

/// Writes down what an order changed; what changed nothing is not written down.
fn note(
    state: &mut dyn State,
    order: &Order,
    changed: Vec<ChangedRecord>,
    wallets: BTreeMap<WalletKey, ChangedWallet>,
) -> Result<(), Failure> {
    let mut customer = None;
    let mut changes = Vec::new();
    for (key, wallet) in wallets.into_iter().filter(|(_, wallet)| wallet.is_changed) {
        customer.get_or_insert_with(|| key.customer.to_string());
        let mut target = format!("wallet/{}/{}", key.customer, key.currency);
        if let Some(resource) = &key.resource {
            target = format!("{target}/{resource}");
        }
        let mut after = wallet.after;
        after.insert("rows".to_owned(), Value::from(wallet.rows));
        changes.extend(AuditChange::between(target, wallet.before, Some(after)));
    }
    let mut environment = order.environment;
    let mut accounts = Vec::new();
    for ChangedRecord { before, after } in &changed {
        let Some(record) = after.as_ref().or(before.as_ref()) else { continue };
        match record.kind {
            RecordKind::Customer => {
                customer.get_or_insert_with(|| record.id.clone());
            }
            RecordKind::Person => {
                let people = [before, after].into_iter().flatten().filter_map(Person::of);
                let places = people.flat_map(|person| person.memberships);
                accounts.extend(places.map(|place| place.account));
            }
            RecordKind::Account => accounts.push(record.id.clone()),
            RecordKind::Environment => {
                accounts.push(record.text("account").unwrap_or(Account::FIRST).to_owned());
            }
            _ => {
                let of = record.text(AuditEntry::CUSTOMER).map(str::to_owned);
                customer = customer.or(of);
            }
        }
        // What becomes of an environment stands with its account, whatever becomes of its keys.
        if !matches!(order.work, Work::ChangeEnvironments(_)) {
            environment = environment_of(record).unwrap_or(environment);
        }
        let is_bookkeeping = matches!(order.work, Work::ChangePerson(_) | Work::UseSignInLink(_))
            && record.kind == RecordKind::Account;
        if !is_bookkeeping {
            changes.extend(AuditChange::of(before.as_ref(), after.as_ref()));
        }
    }
    match &order.work {
        Work::Erase(step) => {
            customer = Some(step.customer.to_string());
            changes = vec![erased(&step.customer, &changed)];
        }
        Work::NotePortalToken(made) => {
            customer = Some(made.customer.to_string());
            changes = vec![opened(made)];
        }
        _ => {}
    }
    if changes.len() > CHANGES_MAX {
        changes.truncate(CHANGES_MAX);
    }
    let Some(first) = changes.first() else { return Ok(()) };
    let actor = order.origin.actor.to_string();
    if let Some(account) = account_of(&order.work) {
        accounts = vec![account.to_owned()];
    }
    let mut entry = AuditEntry {
        actor,
        operation: operation(&order.work).to_owned(),
        target: first.target.clone(),
        customer_id: customer,
        account: None,
        changes,
        trace_id: order.origin.trace_id.to_string(),
        at_milliseconds: state.real_now().milliseconds(),
    };
    if environment != SYSTEM {
        return write(state, order, environment, &entry);
    }
    accounts.extend(session_accounts(state, &changed)?);
    accounts.sort_unstable();
    accounts.dedup();
    for account in accounts {
        let mut of_account = entry.clone();
        for change in &mut of_account.changes {
            only_of(change, &account);
        }
        of_account.account = Some(account);
        write(state, order, environment, &of_account)?;
        entry.account.clone_from(&of_account.account);
    }
    match entry.account {
        Some(_) => Ok(()),
        None => write(state, order, environment, &entry),
    }
}

/// What an erasure changed: which members the customer had, and none of their values.
fn erased(id: &CustomerId, changed: &[ChangedRecord]) -> AuditChange {
    let customer = changed.iter().find_map(|change| {
        let is_customer = |record: &&Record| record.kind == RecordKind::Customer;
        change.before.as_ref().filter(is_customer).zip(change.after.as_ref())
    });
    let members = customer.map_or_else(Vec::new, |(before, after)| {
        let gone = |name: &&String| before.body.get(*name) != after.body.get(*name);
        before.body.keys().filter(gone).cloned().collect()
    });
    let after = Map::from_iter([(MEMBERS.to_owned(), Value::from(members))]);
    AuditChange { target: format!("customer/{id}"), before: None, after: Some(after) }
}

/// What somebody may see now.
fn opened(made: &PortalTokenMade) -> AuditChange {
    let after = Map::from_iter([
        ("scopes".to_owned(), Value::from(made.scopes.clone())),
        ("expiresAt".to_owned(), Value::from(made.expires_at.to_string())),
    ]);
    let target = format!("portal-token/{}", made.customer);
    AuditChange { target, before: None, after: Some(after) }
}

/// Changes that one entry tells of: an import makes many customers at once.
const CHANGES_MAX: usize = 100;

/// Stores an entry, under a name that nobody else has: whoever asks names every request anew, and says so
/// in the salt.
fn write(
    state: &mut dyn State,
    order: &Order,
    environment: EnvironmentId,
    entry: &AuditEntry,
) -> Result<(), Failure> {
    for attempt in 0_u64.. {
        let mut named = order.origin.salt.to_vec();
        named.extend(order.origin.trace_id.0);
        named.extend(entry.target.as_bytes());
        named.extend(entry.account.as_deref().unwrap_or_default().as_bytes());
        named.extend(attempt.to_be_bytes());
        let digits = to_hex(&secret_hash(&named));
        let id = format!("audit_{}", digits.get(..24).unwrap_or_default());
        if state.record(environment, RecordKind::AuditEntry, &id)?.is_some() {
            continue;
        }
        let new = entry.record(id);
        let at = Place { environment, origin: &order.origin };
        records::insert(state, at, new.kind, &new.id, new.body)?;
        break;
    }
    Ok(())
}

/// The account on whose behalf people are changed.
fn account_of(work: &Work) -> Option<&str> {
    let Work::ChangePerson(change) = work else { return None };
    match &change.deed {
        PersonDeed::Invite { account, .. }
        | PersonDeed::SetRole { account, .. }
        | PersonDeed::SetDisabled { account, .. }
        | PersonDeed::Leave { account }
        | PersonDeed::Link { account, .. } => Some(account),
        _ => None,
    }
}

/// The accounts of those whose sessions changed.
fn session_accounts(
    state: &mut dyn State,
    changed: &[ChangedRecord],
) -> Result<Vec<String>, StoreError> {
    let mut accounts = Vec::new();
    for ChangedRecord { before, after } in changed {
        let session = after.as_ref().or(before.as_ref());
        let Some(email) = session
            .filter(|record| record.kind == RecordKind::Session)
            .and_then(|record| record.text("email"))
        else {
            continue;
        };
        let found = state.record(SYSTEM, RecordKind::Person, email)?;
        let places = found.as_ref().and_then(Person::of).map(|person| person.memberships);
        accounts.extend(places.into_iter().flatten().map(|place| place.account));
    }
    Ok(accounts)
}

/// Of a person's places only that in an account: others are nobody's business there.
fn only_of(change: &mut AuditChange, account: &str) {
    for body in [&mut change.before, &mut change.after].into_iter().flatten() {
        if let Some(Value::Array(places)) = body.get_mut("memberships") {
            places.retain(|place| place.get("account").and_then(Value::as_str) == Some(account));
        }
    }
}

/// How the log calls what was done.
const fn operation(work: &Work) -> &'static str {
    match work {
        Work::CreateRecord(_) => "create",
        Work::PatchRecord(_) => "update",
        Work::ArchiveRecord(..) => "archive",
        Work::UnarchiveRecord(..) => "unarchive",
        Work::ImportCustomers(_) => "import-customers",
        Work::ChangeApiKey(change) => match change.deed {
            ApiKeyDeed::Edit { .. } => "update",
            ApiKeyDeed::Rotate { .. } => "rotate-secret",
            ApiKeyDeed::Revoke => "revoke",
            ApiKeyDeed::NoteUse(_) => "note-use",
        },
        Work::ChangeEnvironments(change) => match **change {
            EnvironmentChange::CreateAccount(..) => "create-account",
            EnvironmentChange::ArchiveAccount(_) => "archive-account",
            EnvironmentChange::Create(_) => "create-environment",
            EnvironmentChange::Archive(_) => "archive-environment",
            EnvironmentChange::Reset(_) => "reset-environment",
        },
        Work::ChangePerson(change) => match change.deed {
            PersonDeed::Invite { .. } => "invite",
            PersonDeed::SetRole { .. } => "set-role",
            PersonDeed::SetDisabled { is_disabled: true, .. } => "disable",
            PersonDeed::SetDisabled { is_disabled: false, .. } => "enable",
            PersonDeed::Leave { .. } => "remove",
            PersonDeed::Rename(_) => "rename",
            PersonDeed::SetPassword(_) => "set-password",
            PersonDeed::Identify(_) => "identify",
            PersonDeed::EndSessions => "end-sessions",
            PersonDeed::Link { .. } => "make-sign-in-link",
        },
        Work::UseSignInLink(_) => "use-sign-in-link",
        Work::ChangeLink(_) => "change-integration",
        Work::PutRecords(_) => "put",
        Work::ForgetRecords(..) => "remove",
        Work::ForgetEvents(_) => "forget-events",
        Work::ChangeWebhook(..) => "update",
        Work::RotateWebhookSecret(_) => "rotate-secret",
        Work::TestWebhook(..) => "test",
        Work::Redeliver(..) => "redeliver",
        Work::CreateGrant(_) => "create-grant",
        Work::VoidGrant(_) => "void-grant",
        Work::EditGrant(_) => "update-grant",
        Work::MarkInvoicePaid(_) => "mark-invoice-paid",
        Work::CancelInvoice(_) => "cancel-invoice",
        Work::RefundInvoice(_) => "refund-invoice",
        Work::NoteMoney(_) => "note-money",
        Work::RetryInvoice(_) => "retry-invoice",
        Work::Collect(_) => "collect",
        Work::Consume(_) | Work::ConsumeBatch(_) => "consume",
        Work::Reserve(_) => "reserve",
        Work::Release(_) => "release",
        Work::Extend(_) => "extend-reservation",
        Work::MoveClock(_) => "move-test-clock",
        Work::Refund(_) => "refund-consumption",
        Work::SetRecharge(_) => "set-auto-recharge",
        Work::PutRecurringGrant(_) => "put-recurring-grant",
        Work::RemoveRecurringGrant(..) => "remove-recurring-grant",
        Work::NotePortalToken(_) => "create-portal-token",
        Work::Erase(_) => "erase",
        Work::Advance(_) => "advance",
    }
}

/// A unit of work that remembers what everything was before.
struct Watched<'a> {
    state: &'a mut dyn State,
    /// In the order in which they changed first.
    changed: Vec<ChangedRecord>,
    wallets: BTreeMap<WalletKey, ChangedWallet>,
}

impl Watched<'_> {
    fn note(&mut self, before: Option<Record>, after: Option<Record>) {
        let of = |record: &Record| (record.environment, record.kind, record.ordinal);
        let Some(place) = after.as_ref().or(before.as_ref()).map(of) else { return };
        let known = self
            .changed
            .iter_mut()
            .find(|change| change.after.as_ref().or(change.before.as_ref()).map(of) == Some(place));
        match known {
            Some(change) => change.after = after,
            None => self.changed.push(ChangedRecord { before, after }),
        }
    }
}

/// A wallet's balance, as the log shows it.
fn balance(slot: &Slot) -> Map<String, Value> {
    let Ok(balance) = slot.wallet.balance() else { return Map::new() };
    let member = |name: &str, amount: scrip_core::Credits| {
        (name.to_owned(), Value::from(amount.to_string()))
    };
    Map::from_iter([
        member("available", balance.available),
        member("reserved", balance.reserved),
        member("granted", balance.granted),
    ])
}

impl State for Watched<'_> {
    fn settings(&self) -> Settings {
        self.state.settings()
    }

    fn now(&self, environment: EnvironmentId) -> Timestamp {
        self.state.now(environment)
    }

    fn real_now(&self) -> Timestamp {
        self.state.real_now()
    }

    fn set_clock(&mut self, environment: EnvironmentId, now: Timestamp) {
        self.state.set_clock(environment, now);
    }

    fn record(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError> {
        self.state.record(environment, kind, id)
    }

    fn standing(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Standing>, StoreError> {
        self.state.standing(environment, kind, id)
    }

    fn has_archived(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<bool, StoreError> {
        self.state.has_archived(environment, kind, id)
    }

    fn count_live(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<usize, StoreError> {
        self.state.count_live(environment, kind)
    }

    fn all_records(
        &mut self,
        environment: EnvironmentId,
        kind: RecordKind,
    ) -> Result<Vec<Record>, StoreError> {
        self.state.all_records(environment, kind)
    }

    fn listed(&mut self, query: &RecordQuery) -> Result<Vec<Record>, StoreError> {
        self.state.listed(query)
    }

    fn insert_record(&mut self, record: &mut Record) -> Result<(), StoreError> {
        self.state.insert_record(record)?;
        self.note(None, Some(record.clone()));
        Ok(())
    }

    fn update_record(&mut self, record: &Record) -> Result<(), StoreError> {
        let before = self.state.record(record.environment, record.kind, &record.id)?;
        self.state.update_record(record)?;
        let before = before.filter(|before| before.ordinal == record.ordinal);
        self.note(before, Some(record.clone()));
        Ok(())
    }

    fn remove_record(&mut self, record: &Record) -> Result<(), StoreError> {
        self.state.remove_record(record)?;
        // Links that are over are forgotten by the way: nobody does that, and they may be another account's.
        if record.kind != RecordKind::SignInLink {
            self.note(Some(record.clone()), None);
        }
        Ok(())
    }

    fn load(&mut self, key: &WalletKey) -> Result<Option<Arc<Slot>>, StoreError> {
        let slot = self.state.load(key)?;
        if !self.wallets.contains_key(key) {
            let before = slot.as_deref().map(balance);
            let after = before.clone().unwrap_or_default();
            let wallet = ChangedWallet { before, after, rows: Vec::new(), is_changed: false };
            self.wallets.insert(key.clone(), wallet);
        }
        Ok(slot)
    }

    fn save(
        &mut self,
        slot: Arc<Slot>,
        rows: &[Decided],
        names: &[Option<NameHash>],
        own: Option<usize>,
    ) -> Result<Position, StoreError> {
        if let Some(wallet) = self.wallets.get_mut(slot.wallet.key())
            && !rows.is_empty()
        {
            wallet.after = balance(&slot);
            wallet.rows.extend(rows.iter().map(|decided| decided.row.sequence));
            wallet.is_changed = true;
        }
        self.state.save(slot, rows, names, own)
    }

    fn find(&mut self, name: NameHash) -> Result<Option<Position>, StoreError> {
        self.state.find(name)
    }

    fn entry(&mut self, position: Position) -> Result<Entry, StoreError> {
        self.state.entry(position)
    }

    fn erase_rows(&mut self, rows: &EraseRows<'_>) -> Result<ErasedRows, StoreError> {
        self.state.erase_rows(rows)
    }

    fn grant(
        &mut self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantRecord>, StoreError> {
        self.state.grant(environment, id)
    }

    fn insert_grant(&mut self, record: &mut GrantRecord) -> Result<(), StoreError> {
        self.state.insert_grant(record)
    }

    fn update_grant(&mut self, record: &GrantRecord) -> Result<(), StoreError> {
        self.state.update_grant(record)
    }

    fn insert_event(&mut self, event: &mut DomainEvent) -> Result<(), StoreError> {
        self.state.insert_event(event)
    }

    fn forget_events(&mut self, until: u64, most: usize) -> Result<usize, StoreError> {
        self.state.forget_events(until, most)
    }

    fn claimed(&mut self, scope: [u8; 32]) -> Result<Option<([u8; 32], StoredAnswer)>, StoreError> {
        self.state.claimed(scope)
    }

    fn store_claim(
        &mut self,
        claim: crate::Claim,
        answer: &StoredAnswer,
    ) -> Result<(), StoreError> {
        self.state.store_claim(claim, answer)
    }

    fn latest_attempt(
        &mut self,
        scope: [u8; 32],
        since: Timestamp,
    ) -> Result<Option<StoredAnswer>, StoreError> {
        self.state.latest_attempt(scope, since)
    }

    fn store_attempt(&mut self, scope: [u8; 32], answer: &StoredAnswer) -> Result<(), StoreError> {
        self.state.store_attempt(scope, answer)
    }
}
