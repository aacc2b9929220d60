//! The names of rows: the recent ones in a table, those of the table before while its slice is
//! being written, and the slices.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use scrip_core::{Digest, NameHash};

use super::keys::{KeyStore, Recent, Slices};
use super::reach::Reach;
use crate::slot::Position;
use crate::work::StoreError;

/// Names that one batch may bring at most: when less room is left, the table is frozen before it.
const ROOM_FOR_A_BATCH: usize = 8_192;

/// What was asked of the slices outside the writer. It holds for one generation of them.
#[derive(Default)]
pub(super) struct Checked {
    generation: u64,
    names: HashMap<NameHash, Option<Position>>,
}

impl Checked {
    /// Asks the slices for names; may read the disk.
    pub(super) fn by(slices: &Slices, names: &[NameHash]) -> Result<Self, StoreError> {
        let generation = slices.generation();
        let mut found = HashMap::with_capacity(names.len());
        for name in names {
            found.insert(*name, slices.find(name)?);
        }
        Ok(Self { generation, names: found })
    }

    /// No slice knows these names.
    pub(super) fn absent(slices: &Slices, names: Vec<NameHash>) -> Self {
        let names = names.into_iter().map(|name| (name, None)).collect();
        Self { generation: slices.generation(), names }
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
    pub(super) fn extend(&self, names: HashMap<NameHash, Position>, until: Position) {
        let mut known = self.write();
        for (name, position) in names {
            // There is room: it was made before the batch.
            if let Err(error) = known.recent.insert(name, position) {
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
