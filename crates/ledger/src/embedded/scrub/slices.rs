//! Reading one slice of names. One that is damaged is made again from the names of its rows, under
//! its number.

use super::super::keys::NotTaken;
use super::super::{Embedded, tables};
use crate::LedgerError;
use crate::reading::store_error;
use crate::work::StoreError;

/// How many rows are read in one go.
const CHUNK: usize = 8_192;

pub(super) fn scrub(ledger: &Embedded, number: u64) -> Result<(), LedgerError> {
    let slices = ledger.shared.keys.slices();
    let Some(slice) = slices.iter().find(|slice| slice.number() == number) else { return Ok(()) };
    let Err(problem) = slice.check() else { return Ok(()) };
    ledger.shared.gauges.scrub_findings.increment();
    tracing::warn!(%problem, "a slice of names is made again from its rows");
    match make_again(ledger, number) {
        Ok(()) => ledger.shared.gauges.key_slices_repaired.increment(),
        Err(error) => tracing::error!(%error, number, "a slice of names cannot be made again"),
    }
    Ok(())
}

fn make_again(ledger: &Embedded, number: u64) -> Result<(), LedgerError> {
    let keys = &ledger.shared.keys;
    let slices = keys.slices();
    let Some(slice) = slices.iter().find(|slice| slice.number() == number) else { return Ok(()) };
    let (mut last, until) = (slice.after(), slice.until());
    let mut names = keys.new_recent(last);
    while last < until {
        let read = |reader: &super::super::readers::Reader| {
            tables::entries_after(&reader.connection, last, until, CHUNK).map_err(store_error)
        };
        let entries = ledger.readers.read(read)?;
        let missing = || LedgerError::Internal(format!("entries {}: the row is missing", last + 1));
        let end = entries.last().ok_or_else(missing)?.position;
        for entry in entries {
            if let Some(name) = entry.name {
                let taken: Result<(), NotTaken> = names.insert(name, entry.position);
                taken.map_err(|error| LedgerError::Internal(error.to_string()))?;
            }
        }
        last = end;
        names.advance(last);
    }
    keys.replace_slice(number, &names).map_err(|error: StoreError| store_error(error))
}
