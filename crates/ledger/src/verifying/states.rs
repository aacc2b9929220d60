//! The kept states: one after every command whose rows crossed a multiple, and no other.

use std::collections::{BTreeMap, HashSet};

use scrip_core::{Cause, Event, GrantType, Row};

use super::{Beside, Collector, Finding, Followed, KeptState};
use crate::seal::BROKEN;
use crate::slot::{Position, Slot, WalletNumber, state_is_due};
use crate::work::StoreError;

/// What was seen so far.
#[derive(Default)]
pub struct States {
    /// Wallets whose state was due when their command had not ended yet.
    pending: BTreeMap<WalletNumber, Pending>,
    /// The wallets and sequences of states that were met.
    met: HashSet<(WalletNumber, u64)>,
}

/// A state that must follow: the command whose rows crossed the multiple goes on.
struct Pending {
    crossed_at: Position,
    crossed_by: u64,
    /// The command's own rows were met, so that only what follows from them may come.
    has_request: bool,
    has_own: bool,
    /// The command made a recurring grant, whose first period may begin with it.
    may_begin_period: bool,
}

impl States {
    /// A state is kept after the command whose rows crossed a multiple. How many rows a command
    /// had is not written; it has ended at the latest where another one certainly begins.
    pub fn follow(
        &mut self,
        beside: &impl Beside,
        position: Position,
        slot: &Slot,
        row: &Row,
    ) -> Result<(), Finding> {
        let (number, sequence) = (slot.number, row.sequence);
        let is_due = state_is_due(sequence.saturating_sub(1), sequence);
        // Most rows end here.
        if !is_due && self.pending.is_empty() {
            return Ok(());
        }
        match self.pending.get_mut(&number) {
            Some(pending) if pending.has_ended_before(row) => {
                let missing = pending.missing();
                self.pending.remove(&number);
                return Err(missing);
            }
            Some(pending) => pending.meet(row),
            None if is_due => {
                let mut pending = Pending {
                    crossed_at: position,
                    crossed_by: sequence,
                    has_request: false,
                    has_own: false,
                    may_begin_period: false,
                };
                pending.meet(row);
                self.pending.insert(number, pending);
            }
            None => return Ok(()),
        }
        let kept = beside
            .state(number, sequence)
            .map_err(|error| Finding::row(position, format!("its state: {error}")))?;
        let Some(KeptState { position: kept_at, state, is_sealed }) = kept else { return Ok(()) };
        self.pending.remove(&number);
        self.met.insert((number, sequence));
        let expected = postcard::to_stdvec(&slot.wallet)
            .map_err(|error| StoreError::Failed(format!("packing a state: {error}")))?;
        let what = match (kept_at, &state) == (position, &expected) {
            true if is_sealed => return Ok(()),
            true => format!("the state kept after sequence {sequence}: {BROKEN}"),
            false => {
                format!("the state kept after sequence {sequence} is not what the rows add up to")
            }
        };
        Err(Finding::row(position, what))
    }
}

/// States that should have been kept and were not, and of those that are kept such as nobody kept.
pub fn check_states(
    parts: &[impl Followed],
    kept: impl IntoIterator<Item = (WalletNumber, u64)>,
    findings: &Collector,
) {
    let is_broken = |number| parts.iter().any(|part| part.is_broken(number));
    for (number, pending) in parts.iter().flat_map(|part| &part.states().pending) {
        if !is_broken(*number) {
            findings.add(pending.missing());
        }
    }
    for (wallet, sequence) in kept {
        let is_met = parts.iter().any(|part| part.states().met.contains(&(wallet, sequence)));
        if !is_met && !is_broken(wallet) {
            let what = format!("states: wallet {wallet} has one after sequence {sequence}");
            findings.add(Finding::Other(format!("{what}, where none is due")));
        }
    }
}

impl Pending {
    fn meet(&mut self, row: &Row) {
        if row.cause == Cause::Request {
            self.has_request = true;
            self.may_begin_period |= matches!(row.event, Event::RenewalSet { .. });
            self.has_own |= !matches!(
                row.event,
                Event::GrantCreated { grant_type: GrantType::Overdraft, .. }
                    | Event::GrantReopened { .. }
                    | Event::RefundNamed { .. }
                    | Event::RefundTakenOver(_)
                    | Event::Granted(_)
                    | Event::Expired(_)
            );
        }
    }

    /// Time comes before a command's own rows, but for a recurring grant's first period; a command
    /// has one row of its own, which a paid grant's activation and expiry may follow.
    fn has_ended_before(&self, row: &Row) -> bool {
        match row.cause {
            Cause::Time => self.has_request && !self.may_begin_period,
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
