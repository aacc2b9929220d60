//! From one kind of store to another, or the same.

use std::path::PathBuf;

use tokio::runtime::Handle;

use super::{CHUNK, Copied, CopyError, Source, copy};
use crate::embedded::{self, Embedded};
use crate::{Ledger as _, postgres};

/// Where a store is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a directory.
    Directory(PathBuf),
    /// In a database, by its URL.
    Database(String),
}

/// Copies a whole store into an empty place, or goes on with a copy that was not finished. Nobody
/// writes into the source meanwhile: a directory must not be in use, and the nodes of a database
/// refuse orders, to come again. `tell` is told how many of how many rows are done.
///
/// Call it in a thread that may wait, with a runtime that has threads of its own.
pub fn copy_store(
    from: &Place,
    to: &Place,
    runtime: &Handle,
    tell: impl FnMut(u64, u64),
) -> Result<Copied, CopyError> {
    match from {
        Place::Directory(directory) => {
            let source = embedded::copying::CopySource::open(directory);
            copy_to(to, &source.map_err(of_source)?, runtime, tell)
        }
        Place::Database(url) => {
            let source = postgres::copying::CopySource::open(url, runtime.clone());
            copy_to(to, &source.map_err(of_source)?, runtime, tell)
        }
    }
}

fn copy_to(
    to: &Place,
    source: &impl Source,
    runtime: &Handle,
    tell: impl FnMut(u64, u64),
) -> Result<Copied, CopyError> {
    match to {
        Place::Directory(directory) => {
            let mut target = embedded::copying::CopyTarget::open(directory).map_err(of_target)?;
            let copied = copy(source, &mut target, CHUNK, tell)?;
            drop(target);
            // What stands beside the rows is made of them, as at any start.
            let opened = Embedded::open(directory, embedded::Options::default(), |_, _| {});
            runtime.block_on(opened.map_err(of_target)?.close());
            Ok(copied)
        }
        Place::Database(url) => {
            let target = postgres::copying::CopyTarget::open(url, runtime.clone());
            copy(source, &mut target.map_err(of_target)?, CHUNK, tell)
        }
    }
}

fn of_source(error: impl std::error::Error + Send + Sync + 'static) -> CopyError {
    CopyError::OpenSource(Box::new(error))
}

fn of_target(error: impl std::error::Error + Send + Sync + 'static) -> CopyError {
    CopyError::OpenTarget(Box::new(error))
}
