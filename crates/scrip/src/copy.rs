//! `scrip copy`.

use std::process::ExitCode;
use std::time::Instant;

use scrip_ledger::{Place, copy_store};

use crate::cli::CopyOptions;
use crate::number::{grouped, seconds};
use crate::progress::Progress;
use crate::verify::{Well, examine, tell};

/// Copies a whole store, and proves that both sides hold the same.
#[expect(clippy::print_stdout, reason = "what was copied is the command's answer")]
pub fn run(options: CopyOptions) -> anyhow::Result<ExitCode> {
    let (from, to) = (options.from.place(), options.to.place());
    let begin = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut progress = Progress::of("Copying rows");
    let copied = copy_store(&from, &to, runtime.handle(), |done, all| progress.tell(done, all));
    drop(progress);
    let copied = copied?;
    println!(
        "Copied {} rows, {} records, {} grants, {} events and {} stored answers in {}.",
        grouped(copied.rows),
        grouped(copied.records),
        grouped(copied.grants),
        grouped(copied.events),
        grouped(copied.answers),
        seconds(begin.elapsed())
    );
    let (Some(source), Some(target)) = (prove("source", &from)?, prove("target", &to)?) else {
        return Ok(ExitCode::FAILURE);
    };
    if source.chains != target.chains {
        anyhow::bail!(
            "the source's wallets come to {}, the target's to {}: was the source in use meanwhile? \
             Empty the target, stop whoever serves the source, and copy again",
            source.chains,
            target.chains
        );
    }
    println!("Both hold the same: their wallets come to {}.", target.chains);
    Ok(ExitCode::SUCCESS)
}

/// Verifies one side; none if it is wrong, which was told.
#[expect(clippy::print_stdout, reason = "what was found is the command's answer")]
fn prove(side: &str, place: &Place) -> anyhow::Result<Option<Well>> {
    match examine(place)? {
        Ok(well) => {
            println!("The {side} is well: {}.", well.summary);
            Ok(Some(well))
        }
        Err(findings) => {
            println!("The {side} is wrong.");
            tell(&findings);
            Ok(None)
        }
    }
}
