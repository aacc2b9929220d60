//! What happens by itself: rows of what became due appear on time, and answers that nobody may
//! ask for any more are forgotten.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use super::mark::MarkSync;
use super::{Embedded, Shared};
use crate::published::Published as _;
use crate::reading::{ADVANCE_MOST, advance};
use crate::{Advanced, Answer, Executed};

/// How far the mark on the disk may be behind.
const SYNC_EVERY: Duration = Duration::from_millis(900);
/// How long what is due is written before something else is looked after.
const WRITE_DUE_FOR: Duration = Duration::from_millis(300);
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Decision 14: claims are kept for 24 hours.
const CLAIM_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;
/// Decision 41: attempts matter for 5 minutes.
const ATTEMPT_MILLISECONDS: i64 = 10 * 60 * 1_000;

/// Runs until the ledger is closed or dropped.
pub(super) fn run(ledger: &Weak<Embedded>, stop: &Receiver<()>, mark: &MarkSync, every: Duration) {
    let mut pruned: Option<Instant> = None;
    let mut synced = Instant::now();
    let mut is_more_due = false;
    loop {
        // What is due does not wait for the next tick: of much that is, the last would be late by
        // all the pauses before it.
        let pause = if is_more_due { Duration::ZERO } else { every };
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return sync(mark),
        }
        let Some(ledger) = ledger.upgrade() else { return };
        accept_clock(&ledger.shared, &ledger.shared.directory);
        if synced.elapsed() >= SYNC_EVERY {
            sync(mark);
            synced = Instant::now();
        }
        is_more_due = write_due(&ledger);
        if pruned.is_none_or(|at| at.elapsed() >= PRUNE_EVERY) {
            let now = ledger.shared.clocks.system().now();
            let claims = now.later(-CLAIM_MILLISECONDS);
            let more = ledger.prune(claims, now.later(-ATTEMPT_MILLISECONDS));
            // What is left is forgotten tick by tick, so that no commit is held up for long.
            pruned = (more != Ok(true)).then(Instant::now);
        }
    }
}

/// Makes the mark durable: how far behind it may be is what a loss of power can hide.
pub(super) fn sync(mark: &MarkSync) {
    if let Err(error) = mark.sync() {
        tracing::error!(%error, "the mark was not synced; a loss of rows could go unnoticed");
    }
}

/// Slice by slice, each environment in its turn; the queue decides in between whatever else arrived.
/// Whether more may be due.
fn write_due(ledger: &Arc<Embedded>) -> bool {
    let begin = Instant::now();
    while write_a_slice_of_each(ledger) {
        if begin.elapsed() >= WRITE_DUE_FOR {
            return true;
        }
    }
    false
}

/// Whether more may be due.
fn write_a_slice_of_each(ledger: &Arc<Embedded>) -> bool {
    let wallets = &ledger.shared.wallets;
    let mut is_more = false;
    let environments = wallets.environments_with_due().unwrap_or_else(|error| {
        tracing::error!(%error, "what is due cannot be read");
        Vec::new()
    });
    for environment in environments {
        let now = ledger.shared.clocks.now(environment);
        match wallets.due(environment, now, ADVANCE_MOST) {
            Ok(keys) if !keys.is_empty() => {
                // A full queue or disk is met again at the next tick.
                if let Ok(Executed::Fresh(Answer::Advanced(Advanced { rows, .. }))) =
                    ledger.execute_blocking(advance(environment, keys))
                {
                    is_more |= rows > 0;
                }
            }
            Ok(_) => {}
            Err(error) => tracing::error!(%error, "what is due cannot be read"),
        }
    }
    is_more
}

/// The file by which `scrip clock accept` speaks to the process that owns the directory.
pub(super) fn accept_file(directory: &std::path::Path) -> PathBuf {
    directory.join("clock-accept")
}

/// Takes the word of `scrip clock accept`. It holds for a leap that was seen; said too early it is
/// forgotten, and a later leap needs a word of its own.
fn accept_clock(shared: &Shared, directory: &std::path::Path) {
    let path = accept_file(directory);
    let was_trusted = shared.clocks.system().is_trusted();
    if path.exists() && std::fs::remove_file(&path).is_ok() && !was_trusted {
        shared.clocks.system().accept();
        tracing::warn!("the system clock's leap was accepted");
    }
}
