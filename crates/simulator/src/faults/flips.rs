//! A bit of the ledger that is another: it is told, or it was not in use; no wrong number is served.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rand::RngExt as _;
use rand::rngs::StdRng;
use scrip_disk::flip_bit;

use super::Report;
use super::place::{At, Place};
use crate::check::{About, Player};
use crate::driver::Store as _;

const FILES: [&str; 2] = ["ledger.db", "ledger.db-wal"];

/// Flips a bit in a copy of a ledger that nobody has open, and reads everything of it.
pub(super) fn flip(
    place: &Arc<Place>,
    player: &mut Player,
    rng: &mut StdRng,
    is_known: bool,
    report: &mut Report,
) -> Result<()> {
    let copy = place.copy()?;
    let name = FILES[rng.random_range(0..FILES.len())];
    let path = copy.path.join(name);
    let flipped = if path.exists() { flip_bit(&path, rng.random())? } else { None };
    // What became of the last order must be known, so that there is one truth to compare with.
    let (Some(flipped), true) = (flipped, is_known) else { return Ok(()) };
    copy.disk.settle()?;
    let oracle = player.oracle.clone();
    let previous = player.driver.replace_store(Box::new(At(Arc::clone(&copy))));
    let opened = player.driver.open();
    let read = opened.is_ok().then(|| player.read_everything());
    player.driver.close();
    player.driver.replace_store(previous);
    player.oracle = oracle;
    match read {
        None => report.flips_refused += 1,
        Some(Err(found)) if found.about == About::NoAnswer => report.flips_told += 1,
        Some(Err(found)) => {
            bail!("{name} with {flipped:?} serves what is wrong: {:?}: {}", found.about, found.text)
        }
        Some(Ok(())) => match At(copy).verify() {
            Ok(()) => report.flips_unused += 1,
            Err(_) => report.flips_verified += 1,
        },
    }
    Ok::<_, anyhow::Error>(()).context("a flipped bit")
}
