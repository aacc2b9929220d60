//! Measures. Every figure stands beside its reference from the same run, whose passes alternate
//! with its own.

mod figures;
mod http;
mod output;
mod postgres;
mod store;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures a server, or the store under it.
#[derive(Parser)]
#[command(name = "scrip-bench", args_conflicts_with_subcommands = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    subject: Option<Subject>,
    /// Without a subject the server is measured.
    #[command(flatten)]
    http: http::Options,
}

/// What is measured.
#[derive(Subcommand)]
enum Subject {
    /// Consumption over HTTP beside a handler of the same stack without a ledger.
    Http(http::Options),
    /// The same with the ledger on PostgreSQL, with one node and with several, beside a transaction
    /// for each consumption that is written by hand.
    Postgres(postgres::Options),
    /// The embedded ledger without HTTP: rates, starts, memory, files.
    Store(store::Options),
}

fn main() -> ExitCode {
    let Cli { subject, http } = Cli::parse();
    let measured = match subject.unwrap_or(Subject::Http(http)) {
        Subject::Http(options) => http::run(&options),
        Subject::Postgres(options) => postgres::run(&options),
        Subject::Store(options) => store::run(&options),
    };
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::tell(&format!("scrip-bench: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
