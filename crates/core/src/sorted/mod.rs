//! A sorted list whose clones share what did not change.
//!
//! Its items lie in chunks, and a change copies the one chunk that it touches, and the list of
//! chunks where there are several. A clone copies nothing. A small list is a single chunk.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::ser::SerializeSeq as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The most items that one change has to copy.
const CHUNK_MAX: usize = 32;

/// What a list sorts its items by; no two items of a list have the same key.
pub(crate) trait Keyed: Clone {
    /// The key.
    type Key: Ord;
    /// The item's key.
    fn key(&self) -> &Self::Key;
}

type Chunk<T> = Arc<[T]>;

/// Items in ascending order of their keys.
#[derive(Clone)]
pub(crate) struct SortedList<T> {
    /// All chunks but the last, none of them empty. Absent in a small list.
    sealed: Option<Arc<Vec<Chunk<T>>>>,
    /// The last chunk, which takes what is appended. Absent in an empty list only.
    last: Option<Chunk<T>>,
}

/// Where an item is, or where it would go. The last chunk's number is that of the sealed ones.
#[derive(Clone, Copy)]
struct Place {
    chunk: usize,
    index: usize,
}

impl<T> Default for SortedList<T> {
    fn default() -> Self {
        Self { sealed: None, last: None }
    }
}

impl<T> SortedList<T> {
    fn sealed(&self) -> &[Chunk<T>] {
        self.sealed.as_deref().map_or(&[], Vec::as_slice)
    }

    fn last_chunk(&self) -> &[T] {
        self.last.as_deref().unwrap_or_default()
    }

    fn chunk(&self, number: usize) -> &[T] {
        self.sealed().get(number).map_or_else(|| self.last_chunk(), AsRef::as_ref)
    }

    /// All items in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> + Clone {
        self.sealed().iter().flat_map(|chunk| chunk.iter()).chain(self.last_chunk())
    }

    /// The item with the least key.
    pub(crate) fn first(&self) -> Option<&T> {
        self.chunk(0).first()
    }

    /// How many items there are.
    pub(crate) fn len(&self) -> usize {
        self.sealed().iter().map(|chunk| chunk.len()).sum::<usize>() + self.last_chunk().len()
    }

    /// There are no items.
    pub(crate) const fn is_empty(&self) -> bool {
        self.last.is_none()
    }

    /// The memory behind it, chunks that are shared counted in full. What items own is not in it.
    pub(crate) fn heap_bytes(&self) -> usize {
        // A shared allocation begins with two counts.
        let counts = 2 * size_of::<usize>();
        let of_chunk = |chunk: &Chunk<T>| counts + size_of_val::<[T]>(chunk);
        let sealed = self.sealed.as_ref().map_or(0, |sealed| {
            let list = counts + size_of::<Vec<Chunk<T>>>();
            list + sealed.capacity() * size_of::<Chunk<T>>()
                + sealed.iter().map(of_chunk).sum::<usize>()
        });
        sealed + self.last.as_ref().map_or(0, of_chunk)
    }
}

impl<T: Keyed> SortedList<T> {
    /// The item with this key.
    pub(crate) fn get(&self, key: &T::Key) -> Option<&T> {
        let place = self.find(key).ok()?;
        self.chunk(place.chunk).get(place.index)
    }

    /// The item with this key, to be changed in everything but its key.
    pub(crate) fn get_mut(&mut self, key: &T::Key) -> Option<&mut T> {
        let place = self.find(key).ok()?;
        let chunk = if place.chunk < self.sealed().len() {
            Arc::make_mut(self.sealed.as_mut()?).get_mut(place.chunk)
        } else {
            self.last.as_mut()
        };
        Arc::make_mut(chunk?).get_mut(place.index)
    }

    /// Adds an item; one with the same key is replaced.
    pub(crate) fn insert(&mut self, item: T) {
        let place = match self.find(item.key()) {
            Err(place) => place,
            Ok(_) => {
                if let Some(known) = self.get_mut(item.key()) {
                    *known = item;
                }
                return;
            }
        };
        let is_last = place.chunk == self.sealed().len();
        let chunk = self.chunk(place.chunk);
        if chunk.len() < CHUNK_MAX {
            let grown = with(chunk, place.index, item);
            self.set_chunk(place.chunk, grown);
        } else if is_last && place.index == chunk.len() {
            let full = self.last.replace(Arc::from([item]));
            self.seal(place.chunk, full);
        } else {
            let (first, second) = chunk.split_at(CHUNK_MAX / 2);
            let (first, second) = match place.index.checked_sub(first.len()) {
                Some(index) => (Arc::from(first), with(second, index, item)),
                None => (with(first, place.index, item), Arc::from(second)),
            };
            self.set_chunk(place.chunk, second);
            self.seal(place.chunk, Some(first));
        }
    }

    /// Takes the item with this key out.
    pub(crate) fn remove(&mut self, key: &T::Key) -> Option<T> {
        let place = self.find(key).ok()?;
        let chunk = self.chunk(place.chunk);
        let item = chunk.get(place.index)?.clone();
        let (before, after) = chunk.split_at(place.index);
        let rest = joined(before, &[], after.get(1..).unwrap_or_default());
        if rest.is_empty() {
            self.drop_chunk(place.chunk);
        } else {
            self.set_chunk(place.chunk, rest);
            self.join(place.chunk);
        }
        self.join(place.chunk.saturating_sub(1));
        Some(item)
    }

    fn find(&self, key: &T::Key) -> Result<Place, Place> {
        let sealed = self.sealed();
        let begins_after = |chunk: &[T]| chunk.first().is_none_or(|first| first.key() > key);
        let number = if sealed.is_empty() || !begins_after(self.last_chunk()) {
            sealed.len()
        } else {
            sealed.partition_point(|chunk| !begins_after(chunk)).saturating_sub(1)
        };
        let place = |index| Place { chunk: number, index };
        let found = self.chunk(number).binary_search_by(|item| item.key().cmp(key));
        found.map(place).map_err(place)
    }

    fn set_chunk(&mut self, number: usize, chunk: Chunk<T>) {
        let sealed = self.sealed.as_mut().filter(|sealed| number < sealed.len());
        match sealed.and_then(|sealed| Arc::make_mut(sealed).get_mut(number)) {
            Some(place) => *place = chunk,
            None => self.last = Some(chunk),
        }
    }

    /// Puts a chunk before the one with this number.
    fn seal(&mut self, number: usize, chunk: Option<Chunk<T>>) {
        if let Some(chunk) = chunk {
            Arc::make_mut(self.sealed.get_or_insert_default()).insert(number, chunk);
        }
    }

    fn drop_chunk(&mut self, number: usize) {
        let Some(sealed) = &mut self.sealed else {
            self.last = None;
            return;
        };
        let chunks = Arc::make_mut(sealed);
        if number < chunks.len() {
            chunks.remove(number);
        } else {
            self.last = chunks.pop();
        }
        if chunks.is_empty() {
            self.sealed = None;
        }
    }

    /// Makes one of this chunk and the next, if they are small: a list has no more chunks than
    /// its items call for.
    fn join(&mut self, number: usize) {
        if number >= self.sealed().len() {
            return;
        }
        let (chunk, next) = (self.chunk(number), self.chunk(number + 1));
        if chunk.len() + next.len() <= CHUNK_MAX / 2 {
            let both = joined(chunk, &[], next);
            self.set_chunk(number + 1, both);
            self.drop_chunk(number);
        }
    }

    /// A list of items that are in order; none if they are not.
    fn of_sorted(items: &[T]) -> Option<Self> {
        if !items.is_sorted_by(|one, next| one.key() < next.key()) {
            return None;
        }
        let mut chunks: Vec<Chunk<T>> = items.chunks(CHUNK_MAX).map(Arc::from).collect();
        let last = chunks.pop();
        Some(Self { sealed: (!chunks.is_empty()).then(|| Arc::new(chunks)), last })
    }
}

fn with<T: Clone>(chunk: &[T], index: usize, item: T) -> Chunk<T> {
    let (before, after) = chunk.split_at(index);
    joined(before, &[item], after)
}

fn joined<T: Clone>(before: &[T], between: &[T], after: &[T]) -> Chunk<T> {
    // An iterator whose length is known fills the allocation directly.
    before.iter().chain(between).chain(after).cloned().collect()
}

/// How the items are cut into chunks is no part of what a list says.
impl<T: PartialEq> PartialEq for SortedList<T> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for SortedList<T> {}

impl<T: fmt::Debug> fmt::Debug for SortedList<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Serialize> Serialize for SortedList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|item| sequence.serialize_element(item))?;
        sequence.end()
    }
}

impl<'de, T: Keyed + Deserialize<'de>> Deserialize<'de> for SortedList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = Vec::<T>::deserialize(deserializer)?;
        Self::of_sorted(&items).ok_or_else(|| D::Error::custom("the items are not in order"))
    }
}
