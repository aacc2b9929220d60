//! One instant for those who read the file and the published wallets together.
//!
//! A commit shows in the file a moment before its wallets are published. Whoever puts both together
//! would see a new grant beside the overdraft that it settled already.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Held by the writer from before a commit until its wallets are published, and by readers only
/// while they take hold of an instant: a transaction that has begun to read, and the wallets.
#[derive(Default)]
pub(super) struct Publication(RwLock<()>);

/// The file may be ahead of the published wallets.
pub(super) type Unpublished<'a> = RwLockWriteGuard<'a, ()>;

impl Publication {
    /// The file and the wallets begin to differ; until the guard is dropped.
    pub(super) fn begin(&self) -> Unpublished<'_> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file and the wallets are of one commit; as long as the guard lives.
    pub(super) fn still(&self) -> RwLockReadGuard<'_, ()> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
