//! Packing into bytes that grow once, not byte by byte.

use postcard::ser_flavors::Flavor;
use serde::Serialize;

/// Room for nearly every row and request, so that packing allocates once.
pub(crate) const ROOM: usize = 512;

/// Packs a value.
pub(crate) fn to_vec(value: &(impl Serialize + ?Sized)) -> postcard::Result<Vec<u8>> {
    append(value, Vec::with_capacity(ROOM))
}

/// Packs a value behind what is there.
pub(crate) fn append(
    value: &(impl Serialize + ?Sized),
    bytes: Vec<u8>,
) -> postcard::Result<Vec<u8>> {
    postcard::serialize_with_flavor(value, Appended(bytes))
}

struct Appended(Vec<u8>);

impl Flavor for Appended {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}
