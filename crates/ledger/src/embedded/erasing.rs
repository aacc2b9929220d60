//! Takes the words of rows that were erased out of what was made of them: usage that was added up, and
//! what the files keep of what was deleted.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use scrip_core::WalletKey;
use tokio::sync::oneshot;

use super::writer::{Message, Reply};
use super::{Embedded, Shared, snapshots, tables};
use crate::LedgerError;
use crate::published::Published as _;
use crate::reading::store_error;
use crate::slot::Slot;
use crate::usage::{Day, used_behind};
use crate::work::StoreError;

/// Wallets whose usage is to be changed, each with the last sequence that is erased.
type Wallets = Vec<(WalletKey, u64)>;

/// What the keeper is to change when it comes to it.
#[derive(Default)]
pub(super) struct ToErase(Mutex<Vec<(Wallets, Reply<()>)>>);

impl ToErase {
    fn add(&self, wallets: Wallets, reply: Reply<()>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((wallets, reply));
    }

    /// Nobody comes to it any more; whoever waits hears that.
    pub(super) fn drop_all(&self) {
        drop(self.take());
    }

    fn take(&self) -> Vec<(Wallets, Reply<()>)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How often the log is looked at again that readers keep from being cut, and how long it is waited.
const CUTS: u32 = 100;
const CUT_PAUSE: Duration = Duration::from_millis(50);

impl Embedded {
    /// See [`crate::Ledger::erase_behind`].
    pub(super) async fn erase_behind_rows(&self, wallets: Wallets) -> Result<(), LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.shared.keep.to_erase.add(wallets, reply);
        self.shared.keep.behind.ask();
        if self.shared.keep.has_ended() {
            return Err(LedgerError::Closed);
        }
        answer.await.unwrap_or(Err(LedgerError::Closed))?;
        for _ in 0..CUTS {
            if self.ask(Message::CutLog).await? {
                return Ok(());
            }
            tokio::time::sleep(CUT_PAUSE).await;
        }
        // Its pages are overwritten as it goes on, and it is cut at the next end.
        tracing::warn!("readers keep the write-ahead log of ledger.db from being cut");
        Ok(())
    }
}

/// Takes a log into its file and cuts it, unless others read of it; whether it did.
pub(super) fn cut_log(connection: &Connection) -> bool {
    let patiently = Duration::from_secs(5);
    let cut = connection.busy_timeout(Duration::ZERO).and_then(|()| {
        connection.query_row("pragma wal_checkpoint(truncate)", [], |row| row.get::<_, bool>(0))
    });
    let reset = connection.busy_timeout(patiently);
    match cut.and_then(|is_busy| reset.map(|()| !is_busy)) {
        Ok(is_cut) => is_cut,
        Err(error) => {
            tracing::warn!(%error, "a write-ahead log was not cut");
            false
        }
    }
}

/// Changes what the keeper was asked for, in the thread that adds usage up: nobody does meanwhile.
pub(super) fn erase_usage(connection: &Connection, ledger: &Connection, shared: &Shared) {
    for (wallets, reply) in shared.keep.to_erase.take() {
        let changed = wallets.iter().try_for_each(|(key, until)| {
            // Looked up now: what was added up is of rows up to its last one, and none is missed.
            let slot = shared.wallets.slot(key)?;
            slot.map_or(Ok(()), |slot| change(connection, ledger, &slot, *until))
        });
        if changed.is_ok() {
            // With it, what was changed is durable too.
            cut_log(connection);
        }
        let _ = reply.send(changed.map_err(store_error));
    }
}

fn change(
    connection: &Connection,
    ledger: &Connection,
    slot: &Slot,
    until: u64,
) -> Result<(), StoreError> {
    let reach = snapshots::usage_reach(connection)?.added_up_to().of(slot.number);
    let back = |position| Ok(tables::raw_entry(ledger, position)?.into_iter().collect());
    let later = used_behind(slot, until, reach, back)?;
    let nothing = Day::default();
    snapshots::in_transaction(connection, || {
        for key in snapshots::days_of(connection, slot.number)? {
            let Some(day) = snapshots::read_day(connection, key)? else { continue };
            let day = day.with_sets_of(later.get(&key).unwrap_or(&nothing));
            snapshots::put_day(connection, key, &day.map_err(|error| key.wrong(error))?)?;
        }
        Ok(())
    })
}

#[cfg(all(test, feature = "conformance"))]
mod tests {
    use std::sync::Arc;

    use scrip_core::Dimension;

    use super::super::Options;
    use super::super::snapshots::Next;
    use super::*;
    use crate::conformance::erasure::word_of;
    use crate::conformance::{Made, SANDBOX, World, item, wallet};
    use crate::{ErasePart, EraseStep, Work};

    const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

    /// What rows used is kept with its words until it is added up, but not where rows lose theirs: whoever
    /// adds it up later would bring them back.
    #[tokio::test]
    async fn words_that_are_erased_are_not_kept_to_be_added_up() {
        let directory = tempfile::tempdir().unwrap();
        let opened = Arc::new(Mutex::new(None));
        let (path, told) = (directory.path().to_owned(), Arc::clone(&opened));
        let world = World::new(&move |given| {
            let options = Options {
                settings: given.settings,
                clock: given.clock,
                snapshots_every: NEVER,
                housekeeping_every: NEVER,
                ..Options::default()
            };
            let ledger = Embedded::open(&path, options, |_, _| {}).unwrap();
            *told.lock().unwrap() = Some(Arc::clone(&ledger));
            Box::pin(async { Made { ledger, follows_given_clock: true, keep: Box::new(()) } })
        })
        .await;
        let ledger = opened.lock().unwrap().take().unwrap();
        let behind = &ledger.shared.keep.behind;
        let key = wallet("ann/gold");
        let consume = async |name: &str| {
            let mut one = item(&key, name, "1");
            one.consume.dimensions = [("what", Dimension::Text(word_of("ann").into()))].into();
            world.done(Work::Consume(Box::new(one))).await;
        };

        consume("added up").await;
        let Next::AtHand(used, reach) = behind.next_used(0) else { panic!("it is at hand") };
        let used: Vec<_> = used.iter().flatten().collect();
        assert_eq!(used.len(), 1);
        assert_eq!(used[0].dimensions.get("what").unwrap().as_text(), word_of("ann"));

        consume("erased").await;
        let erasure = world.begin_erasing(SANDBOX, "ann").await;
        for (wallet, until) in erasure.wallets_of(SANDBOX, &key.customer) {
            let part = ErasePart::Rows { wallet, until, from: 0 };
            let step = EraseStep { customer: key.customer.clone(), part };
            world.done(Work::Erase(Box::new(step))).await;
        }
        let Next::Read(until) = behind.next_used(reach.position) else { panic!("it has words") };
        assert_eq!(until, behind.durable().position);

        consume("later").await;
        let Next::AtHand(used, _) = behind.next_used(until) else { panic!("it is at hand") };
        assert_eq!(used.iter().flatten().count(), 1);
    }
}
