//! What the rows say of the grants' records and the kept states, for `verify` to compare.

use std::collections::{BTreeMap, HashMap, HashSet};

use rusqlite::Connection;
use scrip_core::{
    Cause, EnvironmentId, Event, Grant, GrantId, GrantType, Money, Row, Texts, Words,
};

use super::findings::Finding;
use super::tables::{self, GrantColumns};
use crate::GrantRecord;
use crate::slot::{Position, Slot, WalletNumber, state_is_due};
use crate::work::{StoreError, change_words, overdraft_words};

/// What was seen so far.
#[derive(Default)]
pub(super) struct Audit {
    grants: HashMap<(EnvironmentId, GrantId), Seen>,
    /// Wallets whose state was due when their command had not ended yet.
    pending: BTreeMap<WalletNumber, Pending>,
    /// The wallets and sequences of states that are there and right.
    states: HashSet<(WalletNumber, u64)>,
}

/// A grant, as its rows tell it.
struct Seen {
    wallet: WalletNumber,
    made_at: Position,
    grant_number: scrip_core::GrantNumber,
    cost: Money,
    /// None once a person was erased.
    words: Option<Box<Words>>,
    /// As it left its wallet.
    departed: Option<Grant>,
}

/// A state that must follow: the command whose rows crossed the multiple goes on.
struct Pending {
    crossed_at: Position,
    crossed_by: u64,
    /// The command's own rows were met, so that only what follows from them may come.
    has_request: bool,
    has_own: bool,
}

impl Audit {
    /// Follows a row that was folded into its wallet.
    pub(super) fn follow(
        &mut self,
        connection: &Connection,
        position: Position,
        slot: &Slot,
        row: &Row,
        departed: Vec<Grant>,
    ) -> Result<(), Finding> {
        self.follow_grants(position, slot, row)?;
        let environment = slot.wallet.key().environment;
        for grant in departed {
            if let Some(seen) = self.grants.get_mut(&(environment, grant.name.id)) {
                seen.departed = Some(grant);
            }
        }
        self.follow_state(connection, position, slot, row)
    }

    fn follow_grants(&mut self, position: Position, slot: &Slot, row: &Row) -> Result<(), Finding> {
        let environment = slot.wallet.key().environment;
        match &row.event {
            Event::GrantCreated { grant, grant_type, cost, .. } => {
                let words = match (&row.texts, grant_type) {
                    (Texts::Erased { .. }, _) => None,
                    (_, GrantType::Overdraft) => Some(overdraft_words()),
                    (texts, _) => Some(texts.words().cloned().unwrap_or_default()),
                };
                let seen = Seen {
                    wallet: slot.number,
                    made_at: position,
                    grant_number: grant.number,
                    cost: *cost,
                    words: words.map(Box::new),
                    departed: None,
                };
                self.grants.insert((environment, grant.id), seen);
            }
            Event::Updated { grant, .. } => {
                let Some(seen) = self.grants.get_mut(&(environment, grant.id)) else {
                    return Ok(());
                };
                match (&row.texts, &mut seen.words) {
                    (Texts::Erased { .. }, words) => *words = None,
                    (texts, Some(words)) => change_words(words, texts.words()),
                    (_, None) => {}
                }
            }
            Event::GrantReopened { grant } => {
                let seen = self.grants.get_mut(&(environment, grant.name.id));
                if seen.and_then(|seen| seen.departed.take()).as_ref() != Some(&**grant) {
                    return Err(Finding::row(position, "its grant did not leave like that"));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// A state is kept after the command whose rows crossed a multiple. How many rows a command
    /// had is not written; it has ended at the latest where another one certainly begins.
    fn follow_state(
        &mut self,
        connection: &Connection,
        position: Position,
        slot: &Slot,
        row: &Row,
    ) -> Result<(), Finding> {
        let (number, sequence) = (slot.number, row.sequence);
        match self.pending.get_mut(&number) {
            Some(pending) if pending.has_ended_before(row) => return Err(pending.missing()),
            Some(pending) => pending.meet(row),
            None if state_is_due(sequence.saturating_sub(1), sequence) => {
                let mut pending = Pending {
                    crossed_at: position,
                    crossed_by: sequence,
                    has_request: false,
                    has_own: false,
                };
                pending.meet(row);
                self.pending.insert(number, pending);
            }
            None => return Ok(()),
        }
        let kept = tables::state(connection, number, sequence)
            .map_err(|error| Finding::row(position, format!("its state: {error}")))?;
        let Some((kept_at, state)) = kept else { return Ok(()) };
        self.pending.remove(&number);
        self.states.insert((number, sequence));
        let expected = postcard::to_stdvec(&slot.wallet)
            .map_err(|error| StoreError::Failed(format!("packing a state: {error}")))?;
        if (kept_at, &state) == (position, &expected) {
            return Ok(());
        }
        let what =
            format!("the state kept after sequence {sequence} is not what the rows add up to");
        Err(Finding::row(position, what))
    }

    /// States that should have been kept and were not, and such that nobody kept.
    pub(super) fn check_states(&self, connection: &Connection) -> Result<(), Finding> {
        let first = self.pending.values().min_by_key(|pending| pending.crossed_at);
        if let Some(pending) = first {
            return Err(pending.missing());
        }
        for (wallet, sequence) in tables::states(connection)? {
            if !self.states.contains(&(wallet, sequence)) {
                let what = format!("states: wallet {wallet} has one after sequence {sequence}");
                return Err(Finding::Other(format!("{what}, where none is due")));
            }
        }
        Ok(())
    }

    /// Every grant has one record, which says what its rows say.
    pub(super) fn check_grants(
        &mut self,
        connection: &Connection,
        slots: &HashMap<WalletNumber, Slot>,
    ) -> Result<usize, Finding> {
        let mut count = 0;
        tables::each_grant(connection, |columns, record| {
            count += 1;
            let id = &columns.id;
            let name = (columns.environment, record.grant.name.id);
            let wrong = |what: &str| Finding::Other(format!("grants: the record of {id} {what}"));
            let seen = self.grants.remove(&name).ok_or_else(|| wrong("is of no grant"))?;
            let slot = slots.get(&seen.wallet).ok_or_else(|| wrong("is of no wallet"))?;
            seen.check(&columns, &record, slot).map_err(wrong)
        })?;
        let missing = self.grants.iter().min_by_key(|(_, seen)| seen.made_at);
        match missing {
            None => Ok(count),
            Some(((_, id), seen)) => {
                Err(Finding::row(seen.made_at, format!("its grant {id} has no record")))
            }
        }
    }
}

impl Pending {
    fn meet(&mut self, row: &Row) {
        if row.cause == Cause::Request {
            self.has_request = true;
            self.has_own |= !matches!(
                row.event,
                Event::GrantCreated { grant_type: GrantType::Overdraft, .. }
                    | Event::GrantReopened { .. }
                    | Event::Granted(_)
                    | Event::Expired(_)
            );
        }
    }

    /// Time comes before a command's own rows; a command has one row of its own, which a paid
    /// grant's activation and expiry may follow.
    fn has_ended_before(&self, row: &Row) -> bool {
        match row.cause {
            Cause::Time => self.has_request,
            Cause::Request => {
                self.has_own && !matches!(row.event, Event::Granted(_) | Event::Expired(_))
            }
            Cause::Follows { .. } => false,
        }
    }

    fn missing(&self) -> Finding {
        let what = format!("no state is kept at or after sequence {}", self.crossed_by);
        Finding::row(self.crossed_at, what)
    }
}

impl Seen {
    fn check(
        &self,
        columns: &GrantColumns,
        record: &GrantRecord,
        slot: &Slot,
    ) -> Result<(), &'static str> {
        let key = slot.wallet.key();
        let living = slot.wallet.grant(self.grant_number);
        let Some(grant) = living.or(self.departed.as_ref()) else {
            return Err("is of a grant that its wallet never had");
        };
        let rules = [
            (columns.are_of(record), "does not say what its columns say"),
            (record.wallet == *key, "is in another wallet"),
            (record.grant.name == grant.name, "is of another grant"),
            (
                record.grant.amount == grant.amount
                    && record.grant.grant_type == grant.grant_type
                    && record.grant.created_at == grant.created_at,
                "is not of this grant",
            ),
            (record.cost == self.cost, "has another cost"),
            (self.words.as_ref().is_none_or(|words| **words == record.words), "has other words"),
            (living.is_some() || record.grant == *grant, "does not say how the grant ended"),
        ];
        match rules.into_iter().find(|(holds, _)| !holds) {
            None => Ok(()),
            Some((_, what)) => Err(what),
        }
    }
}
