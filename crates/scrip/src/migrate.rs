//! `scrip migrate`.

use std::process::ExitCode;

use scrip_ledger::postgres::{distribute, migrate};

use crate::cli::MigrateOptions;

/// Makes the tables of a database, or brings them up to this version.
#[expect(clippy::print_stdout, reason = "what was done is the command's answer")]
pub fn run(options: &MigrateOptions) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let make = if options.citus { distribute } else { migrate };
    let migrated = make(&options.database_url, runtime.handle().clone())?;
    match migrated.applied {
        0 => println!("The tables are those of migration {} already.", migrated.number),
        applied => {
            println!("Applied {applied}; the tables are those of migration {}.", migrated.number)
        }
    }
    if options.citus {
        println!("They are distributed by bucket.");
    }
    Ok(ExitCode::SUCCESS)
}
