//! A bit of the ledger that is another, or a log that ends early: it is told, or it was not in use;
//! no wrong number is served.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};
use rand::RngExt as _;
use rand::rngs::StdRng;
use scrip_disk::flip_bit;

use super::Report;
use super::place::{At, Place};
use crate::check::{About, Player};
use crate::driver::Store as _;

const LOG: &str = "ledger.db-wal";
const FILES: [&str; 2] = ["ledger.db", LOG];

/// Flips a bit in a copy of a ledger that nobody has open, or cuts the end off its log, and reads
/// everything of it. Most bytes of a log may be old, so that most flips there would be of no use.
pub(super) fn flip(
    place: &Arc<Place>,
    player: &mut Player,
    rng: &mut StdRng,
    knows_log: bool,
    report: &mut Report,
) -> Result<()> {
    let copy = place.copy()?;
    let files = if knows_log { &FILES[..] } else { &FILES[..1] };
    let name = files[rng.random_range(0..files.len())];
    let path = copy.path.join(name);
    let cuts = name == LOG && rng.random();
    let flipped = match path.exists() {
        true if cuts => cut(&path, rng)?,
        true => flip_bit(&path, rng.random())?.map(|flipped| format!("{flipped:?}")),
        false => None,
    };
    let Some(flipped) = flipped else { return Ok(()) };
    copy.disk.settle()?;
    let (oracle, is_behind) = (player.oracle.clone(), player.is_behind);
    let previous = player.driver.replace_store(Box::new(At(Arc::clone(&copy))));
    let opened = player.driver.open();
    let read = opened.is_ok().then(|| player.read_everything());
    player.driver.close();
    player.driver.replace_store(previous);
    player.oracle = oracle;
    player.is_behind = is_behind;
    let verified = At(copy).verify();
    let Some(read) = read else {
        report.flips_refused += 1;
        return Ok(());
    };
    match (read, verified) {
        (Ok(()), Ok(())) => report.flips_unused += 1,
        (Ok(()), Err(_)) => report.flips_verified += 1,
        (Err(found), _) if matches!(found.about, About::NoAnswer) => report.flips_told += 1,
        // A log that is wrong somewhere ends there, so whatever is missing must be told at the start.
        (Err(found), Err(_)) if name != LOG && may_lack_a_grant(found.about) => {
            report.flips_in_lists += 1;
        }
        (Err(found), verified) => bail!(
            "{name} with {flipped} serves what is wrong: {:?}: {}; verify says {verified:?}",
            found.about,
            found.text
        ),
    }
    Ok(())
}

/// Cuts the end off a file; what was done, none if it is empty.
fn cut(path: &Path, rng: &mut StdRng) -> Result<Option<String>> {
    let length = path.metadata()?.len();
    if length == 0 {
        return Ok(None);
    }
    let left = rng.random_range(0..length);
    File::options().write(true).open(path)?.set_len(left)?;
    Ok(Some(format!("only {left} of {length} bytes")))
}

/// A list of grants is found by an index, which may lead past one. What is in it has its seal; rows
/// are found by their links, which their seals cover.
const fn may_lack_a_grant(about: About) -> bool {
    matches!(about, About::Grants | About::Failure)
}
