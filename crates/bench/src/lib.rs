//! Measures. Every figure stands beside its reference from the same run, whose passes alternate
//! with its own.

mod client;
mod counted;
mod figures;
mod http;
mod latency;
mod load;
mod output;
mod place;
mod postgres;
mod server;
mod store;
mod targets;
mod workload;

use clap::Subcommand;

/// What is measured.
#[derive(Subcommand)]
pub enum Subject {
    /// One load against a server: of its own, beside a reference, or one that runs.
    ///
    /// As fast as the connections allow, or at a fixed rate. At a fixed rate the time of a request
    /// counts from the instant at which it was due, whether a connection was free then or not.
    Load(load::Options),
    /// Every target of the project, each beside its own reference from the same run.
    ///
    /// Passes of what is measured and of its reference alternate, and the median counts. The figures
    /// to look at are the ratios: client, server and reference share the machine. It takes a quarter
    /// of an hour and some gigabytes beside the working directory, which go when it ends.
    Targets(targets::Options),
    /// Latency against load: at a tenth of the highest rate, two tenths, and so on.
    Latency(latency::Options),
    /// Consumption over HTTP, in several shapes, beside a handler of the same stack without a ledger.
    Http(http::Options),
    /// The same with the ledger on PostgreSQL, with one node and with several, beside a transaction
    /// for each consumption that is written by hand.
    Postgres(postgres::Options),
    /// The embedded ledger without HTTP: rates, starts, memory, files.
    Store(store::Options),
    /// Carries out work of a known size, for whoever counts its instructions.
    #[command(hide = true)]
    Counted(counted::Options),
}

/// Measures it, and prints what came out.
pub fn run(subject: &Subject) -> anyhow::Result<()> {
    // The store ends its own processes first.
    if !matches!(subject, Subject::Store(_)) {
        place::clear_when_interrupted()?;
    }
    match subject {
        Subject::Load(options) => load::run(options),
        Subject::Targets(options) => targets::run(options),
        Subject::Latency(options) => latency::run(options),
        Subject::Http(options) => http::run(options),
        Subject::Postgres(options) => postgres::run(options),
        Subject::Store(options) => store::run(options),
        Subject::Counted(options) => counted::run(options),
    }
}
