//! `scrip grant`, `consume`, `balance`, `ledger`, `explain`, `import`, `account`, `environment` and `keys`: a
//! running server from the command line.
//!
//! Whatever changes something goes under an idempotency key, so that it can be asked for again when a
//! connection breaks. Amounts are decimal texts from end to end.

mod account;
mod api_key;
mod asking;
mod balance;
mod connection;
mod consume;
mod environment;
mod explain;
mod failure;
mod grant;
mod health;
mod import;
mod key;
mod ledger;
mod named;
mod options;
mod output;
mod table;

use std::process::ExitCode;

pub use connection::{Answer, Broken, Connection, Request};
pub use options::ClientCommand;

use failure::Failure;

/// Asks the server; what went wrong is told, and is in the exit code.
pub fn run(command: &ClientCommand) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let done = match command {
            ClientCommand::Grant(options) => grant::run(options).await,
            ClientCommand::Consume(options) => consume::run(options).await,
            ClientCommand::Balance(options) => balance::run(options).await,
            ClientCommand::Ledger(options) => ledger::run(options).await,
            ClientCommand::Explain(options) => explain::run(options).await,
            ClientCommand::Import(options) => import::run(options).await,
            ClientCommand::Account(command) => account::run(command).await,
            ClientCommand::Environment(command) => environment::run(command).await,
            ClientCommand::Keys(command) => api_key::run(command).await,
            ClientCommand::Health(options) => return health::run(options).await,
        };
        Ok(done.map_or_else(Failure::tell, |()| ExitCode::SUCCESS))
    })
}
