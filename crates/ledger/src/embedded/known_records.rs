//! What readers ask about records with every request, in memory: how a currency is, and since when a
//! customer or a resource is there.
//!
//! The file has the truth. Whatever a commit changes is forgotten before it is committed, and what was
//! read from the file meanwhile is not kept: nobody is told what was, after somebody was told what is.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use scrip_core::EnvironmentId;
use smol_str::SmolStr;

use crate::fast_map::{FastHash, FastMap};
use crate::{Record, RecordKind, RecordTimes};

/// Parts with a lock each, so that readers seldom meet.
const PARTS: usize = 16;

/// Records whose times are kept at most; about 100 bytes each.
const TIMES_MAX: usize = 200_000;

/// Records that are kept whole at most; about 2 KB each.
const WHOLE_MAX: usize = 10_000;

/// Whose record.
pub(super) type Place = (EnvironmentId, RecordKind);

/// A record that a commit changes: its place and its identifier.
pub(super) type Changed = (Place, Box<str>);

/// Records that somebody asked for.
pub(super) struct KnownRecords {
    /// Odd while a commit changes records; another number after each.
    changes: AtomicU64,
    whole: Kept<Arc<Record>>,
    times: Kept<RecordTimes>,
}

/// As of when something is read from the file.
#[derive(Clone, Copy)]
pub(super) struct Since(u64);

/// A commit changes records, until this is dropped.
pub(super) struct Changing<'a>(Option<&'a AtomicU64>);

impl Default for KnownRecords {
    fn default() -> Self {
        Self {
            changes: AtomicU64::new(0),
            whole: Kept::of_at_most(WHOLE_MAX),
            times: Kept::of_at_most(TIMES_MAX),
        }
    }
}

impl KnownRecords {
    /// Whether records of a kind may be kept.
    pub(super) const fn may_keep(kind: RecordKind) -> bool {
        matches!(kind, RecordKind::Customer | RecordKind::CustomCurrency | RecordKind::Resource)
    }

    /// A record, if it is known.
    pub(super) fn whole(&self, place: Place, id: &str) -> Option<Arc<Record>> {
        self.whole.find(place, id)
    }

    /// The times of a record, if they are known.
    pub(super) fn times(&self, place: Place, id: &str) -> Option<RecordTimes> {
        self.times.find(place, id)
    }

    /// To be asked before a record is read that is to be kept.
    pub(super) fn since(&self) -> Since {
        Since(self.changes.load(Ordering::SeqCst))
    }

    /// Keeps what was read since then, unless records were changed meanwhile. That there is none is not
    /// kept: there are endless names of nobody.
    pub(super) fn keep(&self, since: Since, record: &Arc<Record>) {
        let place = (record.environment, record.kind);
        let is_still = || since.0.is_multiple_of(2) && self.since().0 == since.0;
        match record.kind {
            RecordKind::CustomCurrency => {
                self.whole.keep(place, &record.id, Arc::clone(record), is_still);
            }
            kind if Self::may_keep(kind) => {
                self.times.keep(place, &record.id, RecordTimes::of(record), is_still);
            }
            _ => {}
        }
    }

    /// Forgets what a commit is about to change. To be held until the commit shows, or is rolled back.
    pub(super) fn change(&self, changed: &[Changed]) -> Changing<'_> {
        if changed.is_empty() {
            return Changing(None);
        }
        self.changes.fetch_add(1, Ordering::SeqCst);
        for (place, id) in changed {
            self.whole.forget(*place, id);
            self.times.forget(*place, id);
        }
        Changing(Some(&self.changes))
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        if let Some(changes) = self.0 {
            changes.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Something about some records.
struct Kept<V> {
    hash: FastHash,
    parts: [Mutex<Part<V>>; PARTS],
    /// In each part.
    most: usize,
}

struct Part<V> {
    known: FastMap<Place, FastMap<SmolStr, V>>,
    count: usize,
}

impl<V: Clone> Kept<V> {
    fn of_at_most(most: usize) -> Self {
        let part = |_| Mutex::new(Part { known: FastMap::default(), count: 0 });
        Self {
            hash: FastHash::default(),
            parts: std::array::from_fn(part),
            most: most.div_ceil(PARTS),
        }
    }

    fn find(&self, place: Place, id: &str) -> Option<V> {
        self.part(id).known.get(&place)?.get(id).cloned()
    }

    fn keep(&self, place: Place, id: &str, value: V, is_still: impl FnOnce() -> bool) {
        let mut part = self.part(id);
        // Asked under the lock under which changes are forgotten.
        if !is_still() {
            return;
        }
        if part.count >= self.most {
            part.known.clear();
            part.count = 0;
        }
        let before = part.known.entry(place).or_default().insert(id.into(), value);
        part.count += usize::from(before.is_none());
    }

    fn forget(&self, place: Place, id: &str) {
        let mut part = self.part(id);
        let known = part.known.get_mut(&place).and_then(|known| known.remove(id));
        part.count -= usize::from(known.is_some());
    }

    fn part(&self, id: &str) -> MutexGuard<'_, Part<V>> {
        let place = usize::try_from(self.hash.hash_one(id) % PARTS as u64).unwrap_or(0);
        self.parts[place].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use scrip_core::Timestamp;
    use serde_json::Map;

    use super::*;

    const ENVIRONMENT: EnvironmentId = EnvironmentId(1);

    fn record(kind: RecordKind, id: &str, created_at: i64) -> Arc<Record> {
        let created_at = Timestamp::from_milliseconds(created_at).unwrap();
        Arc::new(Record {
            ordinal: 1,
            environment: ENVIRONMENT,
            kind,
            id: id.to_owned(),
            created_at,
            updated_at: created_at,
            archived_at: None,
            body: Map::new(),
        })
    }

    fn changed(kind: RecordKind, id: &str) -> Vec<Changed> {
        vec![((ENVIRONMENT, kind), id.into())]
    }

    #[test]
    fn what_is_kept_is_known_until_it_changes() {
        let known = KnownRecords::default();
        let (ann, gold) =
            (record(RecordKind::Customer, "ann", 1), record(RecordKind::CustomCurrency, "gold", 2));
        known.keep(known.since(), &ann);
        known.keep(known.since(), &gold);
        let customers = (ENVIRONMENT, RecordKind::Customer);
        let currencies = (ENVIRONMENT, RecordKind::CustomCurrency);
        assert_eq!(known.times(customers, "ann"), Some(RecordTimes::of(&ann)));
        assert_eq!(known.whole(currencies, "gold").as_ref(), Some(&gold));
        assert_eq!(known.times(customers, "bob"), None);
        assert_eq!(known.times((EnvironmentId(2), RecordKind::Customer), "ann"), None);

        drop(known.change(&changed(RecordKind::Customer, "ann")));
        assert_eq!(known.times(customers, "ann"), None);
        assert_eq!(known.whole(currencies, "gold").as_ref(), Some(&gold), "another record");
        drop(known.change(&changed(RecordKind::CustomCurrency, "gold")));
        assert_eq!(known.whole(currencies, "gold"), None);
    }

    #[test]
    fn what_was_read_before_or_during_a_change_is_not_kept() {
        let known = KnownRecords::default();
        let (ann, place) =
            (record(RecordKind::Customer, "ann", 1), (ENVIRONMENT, RecordKind::Customer));
        let before = known.since();
        let changing = known.change(&changed(RecordKind::Customer, "bob"));
        let during = known.since();
        known.keep(before, &ann);
        known.keep(during, &ann);
        assert_eq!(known.times(place, "ann"), None, "the commit does not show yet");
        drop(changing);
        known.keep(before, &ann);
        known.keep(during, &ann);
        assert_eq!(known.times(place, "ann"), None, "it may have been read before it showed");
        known.keep(known.since(), &ann);
        assert!(known.times(place, "ann").is_some());
    }

    #[test]
    fn there_is_an_end_to_what_is_kept() {
        let known = KnownRecords::default();
        let place = (ENVIRONMENT, RecordKind::CustomCurrency);
        let ids: Vec<_> = (0..2 * WHOLE_MAX).map(|number| format!("c{number}")).collect();
        for id in &ids {
            known.keep(known.since(), &record(RecordKind::CustomCurrency, id, 1));
        }
        let count = ids.iter().filter(|id| known.whole(place, id).is_some()).count();
        assert!((1..=WHOLE_MAX + PARTS).contains(&count), "{count} are kept");
        assert!(known.whole(place, &ids[ids.len() - 1]).is_some(), "the last one is");
    }
}
