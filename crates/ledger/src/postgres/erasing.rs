//! Takes the words of rows that were erased out of the usage that was added up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip_core::WalletKey;

use super::Shared;
use super::rolling;
use super::session::{Session, lock_if_free};
use super::tables::{bucket_of, entries, usage, wallets};
use crate::slot::Slot;
use crate::usage::{Day, HourNumber, used_of_skimmed};
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
    let later = later(session, bucket, slot, until)?;
    let nothing = Day::default();
    for places in usage::days_of(session, bucket, slot.number)?.chunks(DAYS) {
        let mut changed = Vec::with_capacity(places.len());
        for (place, day) in usage::days(session, places)? {
            let day = day.with_sets_of(later.get(&place).unwrap_or(&nothing));
            changed.push((place, day.map_err(|error| place.1.wrong(error))?));
        }
        usage::put(session, &changed, reach)?;
    }
    Ok(())
}

/// What the rows of a wallet behind its row of a sequence used, as far as it is added up.
fn later(
    session: &Session,
    bucket: i16,
    slot: &Slot,
    until: u64,
) -> Result<HashMap<usage::Place, Day>, StoreError> {
    let reach = usage::reach(session)?;
    let mut later = HashMap::<usage::Place, Day>::new();
    let mut next = if slot.wallet.sequence() > until { slot.links.last } else { 0 };
    while next != 0 {
        let entries = entries::raw_back(session, bucket, next, ROWS)?;
        next = 0;
        for entry in entries.iter().take_while(|entry| entry.sequence > until) {
            next = entry.links.previous;
            if entry.position > reach {
                continue;
            }
            let row = entry.skim()?;
            let wrong = |error| StoreError::Corrupt(format!("entries {}: {error}", entry.position));
            if let Some(used) = used_of_skimmed(&row).map_err(wrong)? {
                let hour = HourNumber::of(used.at);
                let place =
                    (bucket, crate::usage::DayKey { wallet: entry.wallet, day: hour.day() });
                let day = later.entry(place).or_default();
                day.add(hour.of_day(), entry.position, &used).map_err(wrong)?;
            }
        }
    }
    Ok(later)
}
