//! Readers of the core against whatever bytes there are.

mod amounts;
mod rows;
mod words;
