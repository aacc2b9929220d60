//! The oracle against the worked examples of the specification, and against its own promises.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "in a test, a panic is the finding, and what was printed before it says where"
)]

mod conservation;
mod examples;
mod history;
mod money_back;
mod promises;
mod script;
mod words;
