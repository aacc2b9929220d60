//! A grant's record as it is stored, but for its ordinal.

use crate::GrantRecord;

/// Packs a record.
pub fn pack(record: &GrantRecord) -> postcard::Result<Vec<u8>> {
    postcard::to_stdvec(record)
}

/// Reads a packed record.
pub fn unpack(facts: &[u8]) -> postcard::Result<GrantRecord> {
    let record = postcard::from_bytes(facts)?;
    // A number can be spelt longer than need be, and what follows is not looked at.
    if pack(&record)? == facts { Ok(record) } else { Err(postcard::Error::DeserializeBadEncoding) }
}

#[cfg(test)]
pub mod fuzz;
