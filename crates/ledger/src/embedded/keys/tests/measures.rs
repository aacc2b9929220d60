//! What slices of full size cost. Every run makes one; `KEY_SLICES=109` makes a hundred million
//! names, 2.9 GB of files in a temporary directory:
//!
//! ```sh
//! KEY_SLICES=109 cargo test --release -p scrip-ledger --lib keys::tests::measures -- --nocapture
//! ```

use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use scrip_core::NameHash;

use super::super::{KeyStore, Recent, Shape, Slices};
use super::{LEDGER, row_hash};

const NAMES: u64 = Shape::FULL.names_max as u64;
/// Lookups of each kind, for each slice.
const LOOKUPS: u64 = 10_000;
/// Absent names have numbers from here on.
const ABSENT: u64 = 1 << 40;
const MEBIBYTE: usize = 1 << 20;

/// As uniform as a hash, and a hundred times cheaper.
fn name(number: u64) -> NameHash {
    let mix = |seed: u64| {
        let mut z = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ z >> 31).to_le_bytes()
    };
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mix(number * 2 + 1));
    bytes[8..].copy_from_slice(&mix(number * 2 + 2));
    NameHash(bytes)
}

fn slice_count() -> u64 {
    std::env::var("KEY_SLICES").map_or(1, |slices| slices.parse().unwrap())
}

fn lookups() -> u64 {
    LOOKUPS * slice_count()
}

#[test]
fn names_in_slices_of_full_size() {
    let directory = tempfile::tempdir().unwrap();
    let recent = build(directory.path());
    for filter_mebibytes in [4096, 128, 64] {
        look_up(directory.path(), filter_mebibytes * MEBIBYTE);
    }
    save_and_load(directory.path(), &recent);
}

/// Fills, writes and publishes one table after the other; the last one stays in memory.
fn build(directory: &Path) -> Recent {
    let (keys, problems) = KeyStore::open(directory, LEDGER, usize::MAX, None).unwrap();
    assert_eq!(problems, []);
    let [mut inserts, mut worst_insert, mut writes, mut publishes, mut worst_publish] =
        [Duration::ZERO; 5];
    let (mut made, mut rest) = (Duration::ZERO, None);
    for number in 0..=slice_count() {
        let start = Instant::now();
        let mut recent = keys.new_recent(number * NAMES);
        made = made.max(start.elapsed());
        let (filling, worst) = fill(&mut recent, number);
        inserts += filling;
        worst_insert = worst_insert.max(worst);
        if number == slice_count() {
            rest = Some(recent);
            break;
        }
        let start = Instant::now();
        let written = keys.write_slice(&recent, row_hash(recent.until())).unwrap();
        writes += start.elapsed();
        let start = Instant::now();
        keys.publish(written).unwrap();
        publishes += start.elapsed();
        worst_publish = worst_publish.max(start.elapsed());
    }
    let slices_made = u32::try_from(slice_count()).unwrap();
    eprintln!("making a table                 {made:>12.1?} at worst");
    eprintln!(
        "insert                         {:>12.1?}",
        each(inserts, NAMES * (slice_count() + 1))
    );
    eprintln!("insert, worst                  {worst_insert:>12.1?}");
    eprintln!("writing a slice and its column {:>12.1?}", writes / slices_made);
    eprintln!("publishing it                  {:>12.1?}", publishes / slices_made);
    eprintln!("publishing, worst (wider)      {worst_publish:>12.1?}");
    rest.unwrap()
}

fn fill(recent: &mut Recent, number: u64) -> (Duration, Duration) {
    let mut worst = Duration::ZERO;
    let start = Instant::now();
    let mut last = start;
    for position in number * NAMES + 1..=(number + 1) * NAMES {
        recent.insert(name(position), position).unwrap();
        let now = Instant::now();
        worst = worst.max(now - last);
        last = now;
    }
    (start.elapsed(), worst)
}

fn look_up(directory: &Path, filter_bytes_max: usize) {
    let start = Instant::now();
    let (keys, problems) = KeyStore::open(directory, LEDGER, filter_bytes_max, None).unwrap();
    let opening = start.elapsed();
    assert_eq!(problems, []);
    let stats = keys.stats();
    assert_eq!(stats.names, NAMES * slice_count());
    eprintln!("\n{stats:?}");
    eprintln!("opening                        {opening:>12.1?}");
    let slices = keys.slices();
    let start = Instant::now();
    for number in 0..lookups() {
        assert_eq!(slices.find(&name(ABSENT + number)), Ok(None));
    }
    eprintln!("absent name                    {:>12.1?}", each(start.elapsed(), lookups()));
    eprintln!("  slices asked in vain         {:>12} of 1000 lookups", asked_in_vain(&slices));
    let start = Instant::now();
    for number in 0..lookups() / 10 {
        let position = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % (NAMES * slice_count()) + 1;
        assert_eq!(slices.find(&name(position)), Ok(Some(position)));
    }
    eprintln!("present name                   {:>12.1?}", each(start.elapsed(), lookups() / 10));
    let start = Instant::now();
    for _ in 0..lookups() {
        black_box(keys.slices().generation());
    }
    eprintln!("taking the generation          {:>12.1?}", each(start.elapsed(), lookups()));
    let start = Instant::now();
    slices.iter().next().unwrap().check().unwrap();
    eprintln!("checking a slice               {:>12.1?}", start.elapsed());
    eprintln!("{}", memory());
}

fn asked_in_vain(slices: &Slices) -> u64 {
    let filter = slices.filter().unwrap();
    let lookups = lookups() / 10;
    let asked = (0..lookups).map(|number| {
        let probe = filter.probe(&name(ABSENT + number));
        let of_chunk = |chunk| u64::from(filter.candidates(&probe, chunk).count_ones());
        (0..filter.chunks()).map(of_chunk).sum::<u64>()
    });
    asked.sum::<u64>() * 1000 / lookups
}

fn save_and_load(directory: &Path, recent: &Recent) {
    let (keys, _) = KeyStore::open(directory, LEDGER, usize::MAX, None).unwrap();
    let start = Instant::now();
    keys.save_recent(recent, row_hash(recent.until())).unwrap();
    eprintln!("\nsaving the recent table        {:>12.1?}", start.elapsed());
    let start = Instant::now();
    let (loaded, problem) = keys.load_recent(recent.until());
    eprintln!("loading it                     {:>12.1?}", start.elapsed());
    assert_eq!((loaded.names(), problem), (recent.names(), None));
    let start = Instant::now();
    for number in 0..lookups() {
        black_box(loaded.find(&name(ABSENT + number)));
    }
    eprintln!("absent name, recent table      {:>12.1?}", each(start.elapsed(), lookups()));
}

fn each(duration: Duration, count: u64) -> Duration {
    duration / u32::try_from(count).unwrap()
}

/// What the process has in memory, as Linux tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines().filter(|l| l.starts_with("RssAnon") || l.starts_with("VmHWM"));
    lines.collect::<Vec<_>>().join("  ")
}
