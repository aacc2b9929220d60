//! `scrip verify`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;

use scrip_ledger::anchors::{Given, Witnessed, to_hex};
use scrip_ledger::embedded::{self, Verified};
use scrip_ledger::{Chains, Findings, Place, postgres};

use crate::anchors;
use crate::cli::VerifyOptions;
use crate::progress::Progress;

/// What was found in a store that is well.
pub struct Well {
    /// How much was compared.
    pub summary: String,
    /// What its wallets come to.
    pub chains: Chains,
    /// Wallets that take no orders.
    pub frozen: Vec<String>,
    /// What was proven by anchors.
    pub witnessed: Witnessed,
}

/// Verifies a data directory, or a database if one is named. What stands on the command line counts
/// more than a database that the environment names.
#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
pub fn run(
    options: &VerifyOptions,
    [names_directory, names_database]: [bool; 2],
) -> anyhow::Result<ExitCode> {
    if names_directory && names_database {
        anyhow::bail!("--data or --database-url: one of them is verified at a time");
    }
    let place = match &options.database_url {
        Some(url) if !names_directory => Place::Database(url.clone()),
        _ => Place::Directory(options.data.data.clone()),
    };
    let given = anchors::given(options)?;
    match examine_against(&place, &given)? {
        Ok(Well { summary, chains, frozen, witnessed }) => {
            println!("All is well: {summary}.");
            println!("Its wallets come to {chains}; stores that come to the same hold the same.");
            tell_anchors(&given, witnessed);
            for frozen in frozen {
                println!("Frozen: {frozen}");
            }
            Ok(ExitCode::SUCCESS)
        }
        Err(findings) => {
            tell(&findings);
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Recomputes everything of a store: what was compared, or what is wrong.
pub fn examine(place: &Place) -> anyhow::Result<Result<Well, Findings>> {
    examine_against(place, &[])
}

fn examine_against(place: &Place, anchors: &[Given]) -> anyhow::Result<Result<Well, Findings>> {
    match place {
        Place::Directory(directory) => examine_directory(directory, anchors),
        Place::Database(url) => examine_database(url, anchors),
    }
}

/// Tells what was proven, and by whose word.
#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
fn tell_anchors(given: &[Given], Witnessed { anchors, wallets }: Witnessed) {
    let Some(newest) = given.iter().map(|given| &given.anchor.statement).max_by_key(|it| it.number)
    else {
        return;
    };
    println!(
        "Nothing that anchor {} covers was changed, cut or removed: {} rows of {wallets} wallets, signed \
         at {}, with {anchors} anchors in line.",
        newest.number, newest.rows, newest.signed_at
    );
    let keys: BTreeSet<String> =
        given.iter().map(|given| to_hex(&given.anchor.statement.public_key)).collect();
    for key in keys {
        println!("Signed with the public key {key}.");
    }
}

fn examine_directory(
    directory: &Path,
    anchors: &[Given],
) -> anyhow::Result<Result<Well, Findings>> {
    let mut progress = Progress::of("Verifying rows");
    match embedded::verify_against(directory, anchors, |done, all| progress.tell(done, all)) {
        Ok(verified) => {
            let summary = summary(&verified);
            let Verified { chains, frozen, witnessed, .. } = verified;
            Ok(Ok(Well { summary, chains, frozen, witnessed }))
        }
        Err(embedded::VerifyError::Wrong(findings)) => Ok(Err(findings)),
        Err(embedded::VerifyError::Open(error)) => Err(error.into()),
    }
}

/// How much of a directory was compared.
pub fn summary(verified: &Verified) -> String {
    format!(
        "{} rows, {} wallets, {} grants, {} snapshots, {} days of usage, {} key slices",
        verified.rows,
        verified.wallets,
        verified.grants,
        verified.records,
        verified.usage_days,
        verified.slices
    )
}

fn examine_database(url: &str, anchors: &[Given]) -> anyhow::Result<Result<Well, Findings>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut progress = Progress::of("Verifying buckets");
    let handle = runtime.handle().clone();
    match postgres::verify_against(url, handle, anchors, |done, all| progress.tell(done, all)) {
        Ok(verified) => {
            let summary = format!(
                "{} rows, {} wallets, {} grants, {} records, {} events, {} days of usage, {} names",
                verified.rows,
                verified.wallets,
                verified.grants,
                verified.records,
                verified.events,
                verified.usage_days,
                verified.names
            );
            let postgres::Verified { chains, frozen, witnessed, .. } = verified;
            Ok(Ok(Well { summary, chains, frozen, witnessed }))
        }
        Err(postgres::VerifyError::Wrong(findings)) => Ok(Err(findings)),
        Err(postgres::VerifyError::Open(error)) => Err(error.into()),
    }
}

/// Tells what is wrong with a store.
#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
pub fn tell(findings: &Findings) {
    for finding in &findings.told {
        println!("Wrong: {finding}");
    }
    if findings.more > 0 {
        println!("And {} more.", findings.more);
    }
}
