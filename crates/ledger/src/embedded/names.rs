//! The writer's names: the recent ones in a table, those of the table before while its slice is
//! being written, and the slices.

use std::collections::HashMap;
use std::sync::Arc;

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

/// The names as the writer knows them: all of them durable.
pub(super) struct Names {
    store: Arc<KeyStore>,
    slices: Arc<Slices>,
    recent: Recent,
    frozen: Option<Frozen>,
}

impl Names {
    /// Goes on with a table that continues the slices.
    pub(super) fn new(store: Arc<KeyStore>, recent: Recent) -> Self {
        let slices = store.slices();
        Self { store, slices, recent, frozen: None }
    }

    /// Takes the newest generation of slices. A frozen table is dropped in the same instant in
    /// which its slice is known; what was checked against an older generation is asked again.
    pub(super) fn refresh(&mut self) {
        let slices = self.store.slices();
        if slices.generation() == self.slices.generation() {
            return;
        }
        self.slices = slices;
        let until = self.slices.covered_until();
        self.frozen = self.frozen.take().filter(|frozen| frozen.recent.until() > until);
    }

    /// The newest row of a name.
    pub(super) fn find(
        &self,
        name: &NameHash,
        checked: &Checked,
    ) -> Result<Option<Position>, StoreError> {
        let frozen = || self.frozen.as_ref().and_then(|frozen| frozen.recent.find(name));
        if let Some(position) = self.recent.find(name).or_else(frozen) {
            return Ok(Some(position));
        }
        if checked.generation == self.slices.generation()
            && let Some(known) = checked.names.get(name)
        {
            return Ok(*known);
        }
        self.slices.find(name)
    }

    /// A batch with these names is durable up to a position.
    pub(super) fn extend(&mut self, names: HashMap<NameHash, Position>, until: Position) {
        for (name, position) in names {
            // There is room: it was made before the batch.
            if let Err(error) = self.recent.insert(name, position) {
                tracing::error!(%error, position, "a name was not taken");
            }
        }
        self.recent.advance(until);
    }

    /// Makes room for a batch: a full table is frozen and answered, for somebody to write.
    pub(super) fn make_room(&mut self, end: Reach) -> Room {
        if self.recent.room_left() >= ROOM_FOR_A_BATCH {
            return Room::Enough;
        }
        if self.frozen.is_some() {
            return Room::None;
        }
        let next = self.store.new_recent(self.recent.until());
        let full = std::mem::replace(&mut self.recent, next);
        let frozen = Frozen { recent: Arc::new(full), hash: end.hash };
        self.frozen = Some(frozen.clone());
        Room::Frozen(frozen)
    }

    /// The table of recent names, when nothing more comes.
    pub(super) fn into_recent(self) -> Recent {
        self.recent
    }

    /// How many names are in memory.
    pub(super) fn in_memory(&self) -> usize {
        self.recent.names() + self.frozen.as_ref().map_or(0, |frozen| frozen.recent.names())
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
