//! Readers of the core against whatever bytes there are.

mod amounts;
mod folds;
mod rows;
mod words;
