//! `scrip backup` and `scrip restore`.

use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::ensure;
use scrip_ledger::embedded::{
    self, BackedUp, BackupError, BackupFile, BackupStage, Proof, Restored, Verified,
};
use serde_json::{Value, json};

use crate::cli::{BackupManner, BackupOptions, RestoreOptions};
use crate::number::{grouped, seconds};
use crate::progress::Progress;
use crate::verify;

/// Takes a backup of a data directory.
pub fn back_up(options: &BackupOptions, named: [bool; 2]) -> anyhow::Result<ExitCode> {
    refuse_database(&options.manner, named)?;
    let begin = Instant::now();
    let (directory, to) = (&options.data.data, &options.to);
    let mut stages = Stages::default();
    let tell = |stage, done, all| stages.tell(stage, done, all);
    let backed_up = embedded::back_up(directory, to, proof(&options.manner), tell);
    drop(stages);
    let backed_up = match backed_up {
        Ok(backed_up) => backed_up,
        Err(error) => return refused(error, "No backup was kept: what was copied is wrong."),
    };
    if options.manner.json {
        answer(&json!({
            "backup": to,
            "began_at": backed_up.began.to_string(),
            "rows": backed_up.rows,
            "bytes": bytes_of(&backed_up.files),
            "files": files(&backed_up.files),
            "verified": backed_up.verified.as_ref().map(verified),
            "milliseconds": milliseconds(begin.elapsed()),
        }));
    } else {
        tell_backup(&backed_up, to, begin.elapsed());
    }
    Ok(ExitCode::SUCCESS)
}

/// Restores a backup into a data directory.
pub fn restore(options: &RestoreOptions, named: [bool; 2]) -> anyhow::Result<ExitCode> {
    refuse_database(&options.manner, named)?;
    let begin = Instant::now();
    let (from, directory) = (&options.from, &options.data.data);
    let mut stages = Stages::default();
    let tell = |stage, done, all| stages.tell(stage, done, all);
    let restored = embedded::restore(from, directory, proof(&options.manner), tell);
    drop(stages);
    let restored = match restored {
        Ok(restored) => restored,
        Err(error) => return refused(error, "Nothing was restored: the backup is wrong."),
    };
    if options.manner.json {
        answer(&json!({
            "data": directory,
            "taken_at": restored.taken_at.to_string(),
            "taken_by_version": restored.scrip_version,
            "rows": restored.rows,
            "bytes": bytes_of(&restored.files),
            "files": files(&restored.files),
            "verified": restored.verified.as_ref().map(verified),
            "milliseconds": milliseconds(begin.elapsed()),
            "start_estimate_milliseconds": milliseconds(restored.start),
        }));
    } else {
        tell_restore(&restored, directory, begin.elapsed());
    }
    Ok(ExitCode::SUCCESS)
}

/// What is typed counts more than what the environment says.
fn refuse_database(
    manner: &BackupManner,
    [names_directory, names_database]: [bool; 2],
) -> anyhow::Result<()> {
    let is_meant = manner.database_url.is_some() && !names_directory || names_database;
    ensure!(
        !is_meant,
        "a database is backed up and restored by PostgreSQL's own tools, pg_dump or base backups: \
         docs/postgres.md. A data directory is named with --data"
    );
    Ok(())
}

const fn proof(manner: &BackupManner) -> Proof {
    if manner.no_verify { Proof::Checksums } else { Proof::Recomputed }
}

/// What is found to be wrong is told as `scrip verify` tells it.
#[expect(clippy::print_stdout, reason = "the finding is the command's answer")]
fn refused(error: BackupError, what: &str) -> anyhow::Result<ExitCode> {
    let BackupError::Wrong(findings) = error else { return Err(error.into()) };
    println!("{what}");
    verify::tell(&findings);
    Ok(ExitCode::FAILURE)
}

#[expect(clippy::print_stdout, reason = "what was copied is the command's answer")]
fn tell_backup(backed_up: &BackedUp, to: &Path, took: Duration) {
    let BackedUp { began, rows, files, verified } = backed_up;
    println!("Backed up to {} in {}: {} rows.", to.display(), seconds(took), grouped(*rows));
    println!("Whatever was acknowledged before {began} is in it.");
    for BackupFile { name, bytes, .. } in files {
        println!("  {name:<14}{:>20} bytes", grouped(*bytes));
    }
    match verified {
        Some(verified) => println!("All is well: {}.", verify::summary(verified)),
        None => println!("It was not verified: scrip verify --data {}", to.display()),
    }
}

#[expect(clippy::print_stdout, reason = "what was restored is the command's answer")]
fn tell_restore(restored: &Restored, directory: &Path, took: Duration) {
    let Restored { taken_at, rows, verified, start, .. } = restored;
    let directory = directory.display();
    println!("Restored into {directory} in {}: {} rows.", seconds(took), grouped(*rows));
    if let Some(verified) = verified {
        println!("All is well: {}.", verify::summary(verified));
    }
    println!(
        "The backup was begun at {taken_at}: what was acknowledged later is not here. Whoever \
         still has such requests can send them again; keys that are here are not carried out twice."
    );
    println!(
        "The first start makes wallets and names again, in {} by estimate. To look around before \
         anybody is told or charged: scrip serve --no-webhooks --no-payments --data {directory}. \
         What webhooks, payments and cursors do after a restore: docs/operations.md",
        seconds(*start)
    );
}

#[expect(clippy::print_stdout, reason = "what was done is the command's answer")]
fn answer(object: &Value) {
    println!("{object:#}");
}

fn verified(verified: &Verified) -> Value {
    json!({
        "wallets": verified.wallets,
        "grants": verified.grants,
        "chains": verified.chains.to_string(),
        "frozen_wallets": verified.frozen,
    })
}

fn files(files: &[BackupFile]) -> Vec<Value> {
    files.iter().map(file).collect()
}

fn file(BackupFile { name, bytes, sha256 }: &BackupFile) -> Value {
    json!({ "name": name, "bytes": bytes, "sha256": sha256 })
}

fn bytes_of(files: &[BackupFile]) -> u64 {
    files.iter().map(|file| file.bytes).sum()
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// How far each stage is.
#[derive(Default)]
struct Stages {
    current: Option<(BackupStage, Progress)>,
}

impl Stages {
    fn tell(&mut self, stage: BackupStage, done: u64, all: u64) {
        if self.current.as_ref().is_none_or(|(current, _)| *current != stage) {
            // The bar of the stage before goes first.
            self.current = None;
            self.current = Some((stage, Progress::of(name(stage))));
        }
        if let Some((_, progress)) = &mut self.current {
            progress.tell(done, all);
        }
    }
}

const fn name(stage: BackupStage) -> &'static str {
    match stage {
        BackupStage::Rows => "Copying rows",
        BackupStage::Tables => "Copying tables",
        BackupStage::Files => "Reading files",
        BackupStage::Verifying => "Verifying rows",
    }
}
