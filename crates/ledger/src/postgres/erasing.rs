//! Takes the words of rows that were erased out of the usage that was added up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip_core::WalletKey;

use super::Shared;
use super::rolling;
use super::session::{Session, lock_if_free};
use super::tables::{bucket_of, entries, usage, wallets};
use crate::slot::Slot;
use crate::usage::{Day, used_behind};
use crate::work::StoreError;

/// How long it is waited for whoever adds usage up.
const WITHIN: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(50);
/// Rows that are read together.
const ROWS: i64 = 1_024;
/// Days that are read and written together.
const DAYS: usize = 64;

/// Changes the days of these wallets, each up to its row of a sequence.
pub fn usage_of(shared: &Arc<Shared>, wallets: &[(WalletKey, u64)]) -> Result<(), StoreError> {
    let session =
        shared.database.connect().map_err(|error| StoreError::Unavailable(error.to_string()))?;
    for (key, until) in wallets {
        alone(&session, |session| {
            // Looked up now: what was added up is of rows up to its last one, and none is missed.
            let slot = wallets::slot(session, key)?;
            slot.map_or(Ok(()), |slot| change(session, &slot, *until))
        })?;
    }
    Ok(())
}

/// Does something in a transaction during which nobody adds usage up.
fn alone(
    session: &Session,
    mut change: impl FnMut(&Session) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let begin = Instant::now();
    loop {
        session.run("begin")?;
        if lock_if_free(session, rolling::LOCK)? {
            change(session)?;
            return session.run("commit");
        }
        session.roll_back()?;
        if begin.elapsed() > WITHIN {
            let what = "another node adds usage up for long".to_owned();
            return Err(StoreError::Unavailable(what));
        }
        std::thread::sleep(PAUSE);
    }
}

fn change(session: &Session, slot: &Slot, until: u64) -> Result<(), StoreError> {
    let key = slot.wallet.key();
    let bucket = bucket_of(key.environment, &key.customer);
    let reach = usage::reach(session)?;
    let back = |position| entries::raw_back(session, bucket, position, ROWS);
    let later = used_behind(slot, until, reach, back)?;
    let nothing = Day::default();
    for places in usage::days_of(session, bucket, slot.number)?.chunks(DAYS) {
        let mut changed = Vec::with_capacity(places.len());
        for (place, day) in usage::days(session, places)? {
            let day = day.with_sets_of(later.get(&place.1).unwrap_or(&nothing));
            changed.push((place, day.map_err(|error| place.1.wrong(error))?));
        }
        usage::put(session, &changed, reach)?;
    }
    Ok(())
}
