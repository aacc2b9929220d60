//! `scrip verify`.

use std::path::Path;
use std::process::ExitCode;

use scrip_ledger::{Findings, embedded, postgres};

use crate::cli::VerifyOptions;
use crate::progress::Progress;

/// Verifies a data directory, or a database if one is named.
pub fn run(options: &VerifyOptions) -> anyhow::Result<ExitCode> {
    match &options.database_url {
        Some(url) => database(url),
        None => directory(&options.data.data),
    }
}

#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
fn directory(path: &Path) -> anyhow::Result<ExitCode> {
    let mut progress = Progress::of("Verifying rows");
    let result = embedded::verify(path, |done, all| progress.tell(done, all));
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
            tell_frozen(&verified.frozen);
            Ok(ExitCode::SUCCESS)
        }
        Err(embedded::VerifyError::Wrong(findings)) => Ok(tell_wrong(findings)),
        Err(embedded::VerifyError::Open(error)) => Err(error.into()),
    }
}

#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
fn database(url: &str) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut progress = Progress::of("Verifying buckets");
    let handle = runtime.handle().clone();
    let result = postgres::verify(url, handle, |done, all| progress.tell(done, all));
    drop(progress);
    match result {
        Ok(verified) => {
            println!(
                "All is well: {} rows, {} wallets, {} grants, {} records, {} events, {} names.",
                verified.rows,
                verified.wallets,
                verified.grants,
                verified.records,
                verified.events,
                verified.names
            );
            tell_frozen(&verified.frozen);
            Ok(ExitCode::SUCCESS)
        }
        Err(postgres::VerifyError::Wrong(findings)) => Ok(tell_wrong(findings)),
        Err(postgres::VerifyError::Open(error)) => Err(error.into()),
    }
}

#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
fn tell_frozen(frozen: &[String]) {
    for frozen in frozen {
        println!("Frozen: {frozen}");
    }
}

#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
fn tell_wrong(findings: Findings) -> ExitCode {
    for finding in findings.told {
        println!("Wrong: {finding}");
    }
    if findings.more > 0 {
        println!("And {} more.", findings.more);
    }
    ExitCode::FAILURE
}
