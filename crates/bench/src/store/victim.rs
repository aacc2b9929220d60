//! A process that loads the ledger and says how far its snapshots are behind, until it is killed
//! when they are furthest behind.

use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context as _, bail};
use scrip_ledger::embedded::{Embedded, Options};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use super::counts::Counts;
use super::load::{self, Load};
use super::{Part, Sizes};
use crate::workload::Among;

/// The number of the signal that nobody can handle.
const SIGKILL: i32 = 9;
/// Between two lines of the process.
const TELL_EVERY: Duration = Duration::from_millis(10);
/// Rounds after which the load is steady.
const ROUNDS_BEFORE: u64 = 3;

/// Loads so many of the wallets for ever, and writes lines of rounds and lag.
pub async fn run(sizes: &Sizes, directory: &Path, count: u32, run: u64) -> anyhow::Result<()> {
    let options = Options { snapshots_every: sizes.snapshots_every, ..Options::default() };
    let ledger = load::open(directory, options)?;
    let among = Among::of(count, sizes.wallets);
    let load = Load { callers: 4, items: 1_000, among, run };
    let counted = Arc::new(AtomicU64::new(0));
    tokio::select! {
        ended = load.count(&ledger, &counted, |_| true) => ended,
        ended = tell_lag(&ledger) => ended,
    }
}

async fn tell_lag(ledger: &Embedded) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout();
    loop {
        let counts = Counts::of(ledger)?;
        // Whoever reads this may be gone; then this process ends, too.
        writeln!(stdout, "{} {}", counts.rounds, counts.lag_rows)?;
        stdout.flush()?;
        tokio::time::sleep(TELL_EVERY).await;
    }
}

/// Starts such a process and kills it at the worst moment: how many rows were in no snapshot then.
pub async fn kill(sizes: &Sizes, part: Part, directory: &Path, run: u64) -> anyhow::Result<u64> {
    let mut process = sizes.process(part, directory)?;
    process.args(["--run", &run.to_string()]).stdout(Stdio::piped());
    let mut process = process.spawn()?;
    let stdout = process.stdout.take().context("the process has no output")?;
    let mut lines = BufReader::new(stdout).lines();
    let mut watch = Watch::default();
    let lag_rows = loop {
        let Some(line) = lines.next_line().await? else {
            bail!("the load ended by itself: {}", process.wait().await?);
        };
        let (rounds, lag_rows) = read(&line).with_context(|| format!("not a lag: {line}"))?;
        if watch.is_worst(rounds, lag_rows) {
            break lag_rows;
        }
    };
    process.start_kill()?;
    let status = process.wait().await?;
    if status.signal() != Some(SIGKILL) {
        bail!("the load was to be killed, but ended by itself: {status}");
    }
    Ok(lag_rows)
}

fn read(line: &str) -> Option<(u64, u64)> {
    let (rounds, lag_rows) = line.split_once(' ')?;
    Some((rounds.parse().ok()?, lag_rows.parse().ok()?))
}

/// Sees when the lag is about as large as it was at the end of the last round, where it is largest.
#[derive(Default)]
struct Watch {
    rounds: u64,
    most: u64,
    most_before: u64,
}

impl Watch {
    fn is_worst(&mut self, rounds: u64, lag_rows: u64) -> bool {
        if rounds != self.rounds {
            self.rounds = rounds;
            self.most_before = std::mem::take(&mut self.most);
        }
        self.most = self.most.max(lag_rows);
        rounds >= ROUNDS_BEFORE && lag_rows > 0 && lag_rows * 100 >= self.most_before * 97
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_moment_is_that_of_the_round_before() {
        let mut watch = Watch::default();
        let seen = [(0, 900), (1, 10), (1, 500), (2, 20), (2, 100), (3, 30), (3, 96), (3, 97)];
        let worst = seen.map(|(rounds, lag_rows)| watch.is_worst(rounds, lag_rows));
        assert_eq!(worst, [false, false, false, false, false, false, false, true]);
    }

    #[test]
    fn a_line_is_rounds_and_lag() {
        assert_eq!(read("3 4000"), Some((3, 4000)));
        assert_eq!(read("part Disk"), None);
    }
}
