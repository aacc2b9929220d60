//! The names of rows: the recent ones in a table, those of the table before while its slice is
//! being written, and the slices.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use scrip_core::{Digest, NameHash};

use super::keys::{KeyStore, Recent, Slices};
use super::reach::Reach;
use crate::fast_map::{FastHash, FastMap};
use crate::slot::Position;
use crate::work::StoreError;

/// Names that a batch can be expected to bring at most: when less room is left, the table is frozen before it.
const ROOM_FOR_A_BATCH: usize = 8_192;

/// What was asked of the slices outside the writer. It holds for one generation of them.
#[derive(Default)]
pub(super) struct Checked {
    generation: u64,
    names: FastMap<NameHash, Option<Position>>,
}

impl Checked {
    /// What the filter says of names. Where it says that a slice may know some, these are to be asked
    /// for in a thread that may wait.
    pub(super) fn by_filter(slices: Arc<Slices>, names: Vec<NameHash>) -> Result<Self, Unsure> {
        let mut absent = FastMap::with_capacity_and_hasher(names.len(), FastHash::default());
        let mut unsure = Vec::new();
        for name in names {
            if slices.may_know(&name) {
                unsure.push(name);
            } else {
                absent.insert(name, None);
            }
        }
        let sure = Self { generation: slices.generation(), names: absent };
        if unsure.is_empty() { Ok(sure) } else { Err(Unsure { sure, slices, names: unsure }) }
    }
}

/// Names of which a slice must be asked, beside those that no slice knows.
pub(super) struct Unsure {
    sure: Checked,
    slices: Arc<Slices>,
    names: Vec<NameHash>,
}

impl Unsure {
    /// Asks the slices; may read the disk.
    pub(super) fn ask(self) -> Result<Checked, StoreError> {
        let Self { mut sure, slices, names } = self;
        for name in names {
            sure.names.insert(name, slices.find(&name)?);
        }
        Ok(sure)
    }
}

/// A table that is full, with the hash of the row where it ends.
#[derive(Clone)]
pub(super) struct Frozen {
    pub recent: Arc<Recent>,
    pub hash: Digest,
}

/// The names of all durable rows.
pub(super) struct Names {
    store: Arc<KeyStore>,
    known: RwLock<Known>,
}

struct Known {
    slices: Arc<Slices>,
    recent: Recent,
    frozen: Option<Frozen>,
}

impl Names {
    /// Goes on with a table that continues the slices.
    pub(super) fn new(store: Arc<KeyStore>, recent: Recent) -> Self {
        let known = Known { slices: store.slices(), recent, frozen: None };
        Self { store, known: RwLock::new(known) }
    }

    /// The newest row of a name.
    pub(super) fn find(
        &self,
        name: &NameHash,
        checked: &Checked,
    ) -> Result<Option<Position>, StoreError> {
        let slices = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            let frozen = || known.frozen.as_ref().and_then(|frozen| frozen.recent.find(name));
            if let Some(position) = known.recent.find(name).or_else(frozen) {
                return Ok(Some(position));
            }
            if checked.generation == known.slices.generation()
                && let Some(position) = checked.names.get(name)
            {
                return Ok(*position);
            }
            Arc::clone(&known.slices)
        };
        slices.find(name)
    }

    /// Takes the newest generation of slices. A frozen table is dropped in the same instant in
    /// which its slice is known; what was checked against an older generation is asked again.
    pub(super) fn refresh(&self) {
        let slices = self.store.slices();
        let mut known = self.write();
        if slices.generation() != known.slices.generation() {
            let until = slices.covered_until();
            known.slices = slices;
            known.frozen = known.frozen.take().filter(|frozen| frozen.recent.until() > until);
        }
    }

    /// A batch with these names is durable up to a position.
    pub(super) fn extend(&self, names: FastMap<NameHash, Position>, until: Position) {
        let mut known = self.write();
        for (name, position) in names {
            // Room was made before the batch. One that brings more names all the same (thousands of
            // holds may end at one instant) makes the table grow.
            if let Err(error) = known.recent.insert_beyond(name, position) {
                tracing::error!(%error, position, "a name was not taken");
            }
        }
        known.recent.advance(until);
    }

    /// Makes room for a batch: a full table is frozen and answered, for somebody to write.
    pub(super) fn make_room(&self, end: Reach) -> Room {
        let until = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            if known.recent.room_left() >= ROOM_FOR_A_BATCH {
                return Room::Enough;
            }
            if known.frozen.is_some() {
                return Room::None;
            }
            known.recent.until()
        };
        // Only the writer adds names, so nothing came in between.
        let next = self.store.new_recent(until);
        let mut known = self.write();
        let full = std::mem::replace(&mut known.recent, next);
        let frozen = Frozen { recent: Arc::new(full), hash: end.hash };
        known.frozen = Some(frozen.clone());
        Room::Frozen(frozen)
    }

    /// The table of recent names, when nothing more comes. Readers no longer find these.
    pub(super) fn take_recent(&self) -> Recent {
        let mut known = self.write();
        let next = self.store.new_recent(known.recent.until());
        std::mem::replace(&mut known.recent, next)
    }

    /// How many names are in memory.
    pub(super) fn in_memory(&self) -> usize {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.recent.names() + known.frozen.as_ref().map_or(0, |frozen| frozen.recent.names())
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether there is room for the names of a batch.
pub(super) enum Room {
    /// There is.
    Enough,
    /// There is by now; this table is to be written.
    Frozen(Frozen),
    /// The table before this one is not written yet.
    None,
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES_MAX: usize = 10_000;

    fn opened(directory: &std::path::Path) -> Arc<KeyStore> {
        let opened = KeyStore::open(directory, [7; 16], usize::MAX, Some(NAMES_MAX));
        let (store, problems) = opened.unwrap();
        assert!(problems.is_empty(), "{problems:?}");
        Arc::new(store)
    }

    fn name(number: u64) -> NameHash {
        let mut name = NameHash([0; 16]);
        name.0[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        name
    }

    /// A batch may bring more names than there is room for, or even than a table is made for: all
    /// are known at once, after a stop, and when they are a slice.
    #[test]
    fn a_batch_of_more_names_than_there_is_room_for() {
        let count = 2 * NAMES_MAX as Position;
        let end = Reach { position: count, hash: Digest::from_bytes([1; 32]) };
        let all_are_found = |names: &Names| {
            let nothing = Checked::default();
            (1..=count).all(|n| names.find(&name(n), &nothing).unwrap() == Some(n))
        };
        let directory = tempfile::tempdir().unwrap();
        let store = opened(directory.path());
        let names = Names::new(Arc::clone(&store), store.new_recent(0));
        names.extend((1..=count).map(|n| (name(n), n)).collect(), count);
        assert!(all_are_found(&names));
        store.save_recent(&names.take_recent(), end.hash).unwrap();

        let store = opened(directory.path());
        let (recent, problem) = store.load_recent(count);
        assert!(problem.is_none(), "{problem:?}");
        let names = Names::new(Arc::clone(&store), recent);
        assert!(all_are_found(&names));
        let Room::Frozen(frozen) = names.make_room(end) else { panic!("it is full") };
        assert!(all_are_found(&names), "while the slice is being written");
        store.publish(store.write_slice(&frozen.recent, end.hash).unwrap()).unwrap();
        names.refresh();
        assert!(all_are_found(&names), "in the slice");
        assert_eq!(names.in_memory(), 0);
    }
}
