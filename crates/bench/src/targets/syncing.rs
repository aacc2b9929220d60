//! What the disk takes for one small durable write, in the directory that is measured.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::client::latencies::Latencies;

const WRITE_BYTES: usize = 64 * 1024;
/// Places that are written in turn, as those of a write-ahead log are: 4 MiB.
const PLACES: u64 = 64;

/// Writes and syncs for a time, one after the other.
pub fn measure(directory: &Path, time: Duration, latencies: &mut Latencies) -> anyhow::Result<()> {
    let path = directory.join("syncing");
    write(&path, time, latencies).with_context(|| path.display().to_string())?;
    std::fs::remove_file(&path)?;
    Ok(())
}

fn write(path: &Path, time: Duration, latencies: &mut Latencies) -> anyhow::Result<()> {
    let file = File::create(path)?;
    let bytes = vec![0x5a; WRITE_BYTES];
    let place = |number: u64| number % PLACES * WRITE_BYTES as u64;
    for number in 0..PLACES {
        file.write_all_at(&bytes, place(number))?;
    }
    file.sync_all()?;
    let (started, mut number) = (Instant::now(), 0);
    while started.elapsed() < time {
        let begun = Instant::now();
        file.write_all_at(&bytes, place(number))?;
        file.sync_data()?;
        latencies.record(begun.elapsed());
        number += 1;
    }
    Ok(())
}
