//! The scrubber: while the ledger serves, every wallet is folded again from its rows in turn and
//! compared with the one in use and with its record, and every slice of names is read.
//!
//! It is never in a hurry: a pass is spread over its time, takes at most a twentieth of one core,
//! and waits while others do. A wallet whose rows are wrong is frozen, and thaws when a later pass
//! finds it well. What can be made again from rows that are well is made again.

mod consequences;
mod ends;
mod slices;
mod wallet;

use std::sync::Weak;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::readers::Reader;
use super::{Embedded, tables};
use crate::LedgerError;
use crate::reading::store_error;
use crate::slot::WalletNumber;
use ends::Ends;
use wallet::Scrub;

/// For each part of a core's time that is taken, so many are left.
const REST: u32 = 19;
/// With more waiting than this the scrubber waits too.
const QUEUE_LONG: usize = 64;
const WAIT: Duration = Duration::from_millis(100);

/// Where the scrubber is. A start begins at a wallet by chance, so that a ledger that starts often
/// is scrubbed everywhere.
pub(super) struct Scrubber {
    last: WalletNumber,
    pass: Pass,
    at: Option<Scrub>,
}

/// What is left of a pass.
#[derive(Default)]
struct Pass {
    ends: Ends,
    wallets: u64,
    /// Numbers of slices, the next one last.
    slices: Vec<u64>,
    /// After so many wallets comes a slice.
    wallets_per_slice: u64,
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Some rows.
    Part,
    /// A wallet or a slice.
    Whole,
    /// Nothing is left of the pass.
    Ended,
}

impl Scrubber {
    /// Begins behind a wallet.
    pub(super) fn beginning_after(last: WalletNumber) -> Self {
        Self { last, pass: Pass::default(), at: None }
    }

    /// Begins a pass; how many steps it has, beside those of parts.
    pub(super) fn begin(&mut self, ledger: &Embedded) -> Result<u64, LedgerError> {
        let (wallets, ends) = ledger.readers.read(|reader| {
            let wallets = tables::count_wallets(&reader.connection).map_err(store_error)?;
            Ok((wallets, Ends::begin(reader)?))
        })?;
        let slices: Vec<_> = ledger.shared.keys.slices().iter().map(|one| one.number()).collect();
        let tasks = wallets + slices.len() as u64;
        let wallets_per_slice = wallets / (slices.len() as u64 + 1);
        self.pass = Pass { ends, wallets, slices, wallets_per_slice };
        Ok(tasks)
    }

    /// Scrubs a bounded part.
    pub(super) fn step(&mut self, ledger: &Embedded) -> Result<Step, LedgerError> {
        if let Some(scrub) = self.at.take() {
            return self.go_on(ledger, scrub);
        }
        if !self.pass.ends.read(ledger)? {
            return Ok(Step::Part);
        }
        let slices = self.pass.slices.len() as u64;
        if slices > 0 && self.pass.wallets <= self.pass.wallets_per_slice * slices {
            if let Some(number) = self.pass.slices.pop() {
                slices::scrub(ledger, number)?;
            }
            return Ok(Step::Whole);
        }
        if self.pass.wallets == 0 {
            return Ok(Step::Ended);
        }
        self.pass.wallets -= 1;
        let Some((number, key)) = self.next(ledger)? else { return Ok(Step::Whole) };
        match Scrub::begin(ledger, number, key, self.pass.ends.of(number))? {
            Some(scrub) => self.go_on(ledger, scrub),
            None => Ok(Step::Whole),
        }
    }

    fn go_on(&mut self, ledger: &Embedded, mut scrub: Scrub) -> Result<Step, LedgerError> {
        let is_done = scrub.step(ledger)?;
        if is_done {
            return Ok(Step::Whole);
        }
        self.at = Some(scrub);
        Ok(Step::Part)
    }

    /// The wallet behind the last one; behind all of them comes the first.
    fn next(
        &mut self,
        ledger: &Embedded,
    ) -> Result<Option<(WalletNumber, scrip_core::WalletKey)>, LedgerError> {
        let last = self.last;
        let next = ledger.readers.read(|reader| {
            let after = |number| tables::wallet_after(&reader.connection, number);
            match after(last).map_err(store_error)? {
                None => after(0).map_err(store_error),
                next => Ok(next),
            }
        })?;
        self.last = next.as_ref().map_or(0, |(number, _)| *number);
        Ok(next)
    }
}

/// Runs until the ledger is closed or dropped.
pub(super) fn run(ledger: &Weak<Embedded>, stop: &Receiver<()>, every: Duration) {
    let mut scrubber = Scrubber::beginning_after(0);
    let mut pause = WAIT;
    // How long a task may take so that the pass takes its time; none before the first pass.
    let mut each: Option<Duration> = None;
    loop {
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
        }
        let Some(ledger) = ledger.upgrade() else { return };
        if ledger.queue.len() > QUEUE_LONG {
            pause = WAIT;
            continue;
        }
        let begin = Instant::now();
        let done = match each {
            Some(_) => scrubber.step(&ledger),
            None => {
                scrubber.last = by_chance(&ledger);
                Ok(Step::Ended)
            }
        };
        let left = match done {
            Ok(Step::Part) => Duration::ZERO,
            Ok(Step::Whole) => each.unwrap_or_default(),
            Ok(Step::Ended) => {
                let tasks = scrubber.begin(&ledger).unwrap_or(0).max(1);
                let time = every / u32::try_from(tasks).unwrap_or(u32::MAX);
                each = Some(time);
                time
            }
            Err(error) => {
                tracing::warn!(%error, "scrubbing was interrupted");
                each.unwrap_or_default()
            }
        };
        pause = left.max(begin.elapsed() * REST).max(Duration::from_millis(1));
    }
}

/// A wallet to begin behind. Without random bytes it is none, so that the first comes first.
fn by_chance(ledger: &Embedded) -> WalletNumber {
    let mut random = [0; 8];
    let count = |reader: &Reader| tables::count_wallets(&reader.connection).map_err(store_error);
    match (getrandom::fill(&mut random), ledger.readers.read(count)) {
        (Ok(()), Ok(wallets)) => u64::from_le_bytes(random) % wallets.max(1),
        _ => 0,
    }
}

impl Embedded {
    /// Scrubs everything at once, in the calling thread, as the background does in its own time.
    /// Not for a thread that must not wait.
    pub fn scrub(&self) -> Result<(), LedgerError> {
        let mut scrubber = Scrubber::beginning_after(0);
        scrubber.begin(self)?;
        while scrubber.step(self)? != Step::Ended {}
        Ok(())
    }
}
