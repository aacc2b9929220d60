//! JSON in and out. Numbers never pass through a float, in either direction.

mod decimal;
mod read;
mod shapes;
mod write;

pub(crate) use decimal::{canonical_number, integer};
pub(crate) use read::{read_body, read_nothing};
pub(crate) use shapes::{
    Dimensions, Metadata, Number, Object, Text, TextOrNull, present, required_or_null,
};
pub(crate) use write::{Members, Writer, document};
