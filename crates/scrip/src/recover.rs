//! `scrip recover`.

use std::process::ExitCode;

use scrip_ledger::embedded::{Recovered, recover};

use crate::cli::RecoverOptions;

/// Says what a data directory lost, and goes on without it if told so.
#[expect(clippy::print_stdout, reason = "what is lost is the command's answer")]
pub fn run(options: &RecoverOptions) -> anyhow::Result<ExitCode> {
    let directory = &options.data.data;
    match recover(directory, options.accept_loss)? {
        Recovered::NothingLost => {
            println!("Nothing is lost: the ledger has every row that its directory tells of.");
            Ok(ExitCode::SUCCESS)
        }
        Recovered::Found(loss) => {
            println!("Lost: {loss}.");
            println!(
                "Nothing was changed. Put back the ledger.db and ledger.db-wal that belong here, \
                 or go on without these rows: scrip recover --accept-loss --data {}",
                directory.display()
            );
            Ok(ExitCode::FAILURE)
        }
        Recovered::Accepted(loss) => {
            println!("Accepted: {loss}.");
            println!(
                "The loss is recorded in the ledger. The next start makes the wallets and names \
                 again from its rows."
            );
            Ok(ExitCode::SUCCESS)
        }
    }
}
