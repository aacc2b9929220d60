//! `scrip verify`.

use std::process::ExitCode;

use scrip_ledger::embedded::{VerifyError, verify};

use crate::cli::VerifyOptions;
use crate::progress::Progress;

/// Verifies a data directory.
#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
pub fn run(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::of("Verifying rows");
    let result = verify(&options.data.data, |done, all| progress.tell(done, all));
    drop(progress);
    match result {
        Ok(verified) => {
            println!(
                "All is well: {} rows, {} wallets, {} grants, {} snapshots, {} days of usage, \
                 {} key slices.",
                verified.rows,
                verified.wallets,
                verified.grants,
                verified.records,
                verified.usage_days,
                verified.slices
            );
            for frozen in verified.frozen {
                println!("Frozen: {frozen}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(VerifyError::Wrong(findings)) => {
            for finding in findings.told {
                println!("Wrong: {finding}");
            }
            if findings.more > 0 {
                println!("And {} more.", findings.more);
            }
            Ok(ExitCode::FAILURE)
        }
        Err(VerifyError::Open(error)) => Err(error.into()),
    }
}
