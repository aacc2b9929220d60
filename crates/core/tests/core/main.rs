//! The rules of credits, told as scenarios, and the promises, held against random histories.

#![expect(clippy::unwrap_used, clippy::panic, reason = "in a test, a panic is the finding")]

mod books;
mod enums;
mod fingerprints;
mod fuzz;
mod golden;
mod histories;
mod language;
mod promises;
mod replay;
mod revenue;
mod rules;
mod script;
mod splitting;
mod stamps;
mod world;
