//! What the command can do.

pub mod all;
pub mod concurrent;
pub mod faults;
pub mod histories;
mod progress;
mod stillness;
pub mod stripe;
