//! Maps that are asked for every row: with a hash that is quicker than the standard one. Its seed is
//! random for each process, so that nobody can choose keys that meet.

use std::collections::HashMap;

/// How such a map hashes.
pub type FastHash = foldhash::fast::RandomState;

/// A map in no order.
pub type FastMap<K, V> = HashMap<K, V, FastHash>;
