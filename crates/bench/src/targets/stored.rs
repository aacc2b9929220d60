//! What the ledger that knows many wallets takes of the disk, of memory, and of time to start.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use scrip_ledger::embedded::stats;

use super::process::Process;
use super::row::{Goal, Name, Row, Unit, nanoseconds};
use super::{Bench, Sizes, batches};
use crate::client::live::Live;
use crate::client::pass::{Load, Pace, Shape, Span};
use crate::output::{mebibytes, tell};
use crate::store::disk;
use crate::store::starts::{self, Before};
use crate::workload::{API_KEY, Among};

/// All of it.
pub const ALL: [Name; 5] =
    [Name::Disk, Name::Stopped, Name::Killed, Name::Memory, Name::MemoryGrowth];

const DISK_BYTES_MAX: u128 = 400;
const MEMORY_BYTES_MAX: u128 = 1 << 30;
/// Parts of the time that memory is watched, after each of which it is looked at.
const PARTS: u32 = 6;

/// Measures what is wanted; nobody has the directory open.
pub fn measure(bench: &mut Bench<'_>, directory: &Path) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if bench.wants(Name::Disk) {
        let run = bench.next_run();
        let growth = runtime.block_on(disk::measure(&bench.sizes.store, directory, run))?;
        let consumptions = u128::from(growth.consumptions);
        bench.add(Row {
            name: Name::Disk,
            work: format!("disk for each of {consumptions} consumptions, all files"),
            unit: Unit::Bytes,
            measured: u128::from(growth.bytes()).div_ceil(consumptions.max(1)),
            beside: "",
            reference: None,
            goal: Goal::AtMost(DISK_BYTES_MAX),
            remark: None,
        });
    }
    for (name, before, after, within) in [
        (Name::Stopped, Before::Stop, "a clean stop", Duration::from_secs(1)),
        (Name::Killed, Before::KillOfHot, "kill -9 under load", Duration::from_secs(5)),
    ] {
        if bench.wants(name) {
            let work = starts::measure(&bench.sizes.store, directory, before, &mut bench.run);
            let starts = runtime.block_on(work)?;
            let median = starts.get(starts.len() / 2).context("no start was measured")?;
            let rows = stats(directory)?.rows;
            bench.add(Row {
                name,
                work: format!("ready after {after}, {} wallets, {rows} rows", bench.sizes.known),
                unit: Unit::Nanoseconds,
                measured: nanoseconds(median.consumed),
                beside: "",
                reference: None,
                goal: Goal::AtMost(nanoseconds(within)),
                remark: None,
            });
        }
    }
    if bench.wants_any(&[Name::Memory, Name::MemoryGrowth]) {
        memory(bench, directory)?;
    }
    Ok(())
}

/// Watches the memory of a server of its own, while batches make history.
fn memory(bench: &mut Bench<'_>, directory: &Path) -> anyhow::Result<()> {
    let Sizes { known, hot, watched, .. } = bench.sizes;
    let process = Process::start(directory)?;
    let mut samples = Vec::new();
    for _ in 0..PARTS {
        let began = Instant::now();
        let load = Load {
            addresses: &[process.address],
            api_key: API_KEY,
            shape: Shape::batches(batches::ITEMS, batches::CONNECTIONS),
            among: Among::of(hot, known),
            pace: Pace::Closed,
            span: Span { warm_up: Duration::ZERO, counted: watched / PARTS },
            run: bench.next_run(),
            live: Live::Hidden,
        };
        load.run()?;
        let bytes = process.resident_bytes()?;
        let seconds = began.elapsed().as_secs();
        tell(&format!("  {} MiB after {seconds} s of batches more", mebibytes(bytes)));
        samples.push(u128::from(bytes));
    }
    let most = |samples: &[u128]| samples.iter().copied().max().unwrap_or_default();
    let (first_half, second_half) = samples.split_at(samples.len() / 2);
    let rows = [
        (
            Name::Memory,
            "memory of the server",
            most(&samples),
            None,
            "",
            Goal::AtMost(MEMORY_BYTES_MAX),
        ),
        (
            Name::MemoryGrowth,
            "the same in the second half of a load",
            most(second_half),
            Some(most(first_half)),
            "in its first half",
            Goal::HundredthsAtMost(110),
        ),
    ];
    for (name, work, measured, reference, beside, goal) in rows {
        if bench.wants(name) {
            let work = format!("{work}, {known} wallets known, {hot} hot");
            let (unit, remark) = (Unit::Bytes, None);
            bench.add(Row { name, work, unit, measured, beside, reference, goal, remark });
        }
    }
    Ok(())
}
