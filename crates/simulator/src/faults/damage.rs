//! What happens to files while nobody has them open: what can be made again is lost, torn, or of
//! another day.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rand::RngExt as _;
use rand::rngs::StdRng;

/// What can be made again from the ledger, at some moment.
#[derive(Clone, Default)]
pub(super) struct Beside(Vec<(PathBuf, Vec<u8>)>);

const SNAPSHOTS: [&str; 2] = ["snapshots.db", "snapshots.db-wal"];
const KEYS: &str = "keys";

/// What was done to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Damage {
    /// The snapshots are gone.
    SnapshotsLost,
    /// A half of the snapshots is gone.
    SnapshotsTorn,
    /// The snapshots are of another moment of the same ledger.
    SnapshotsStale,
    /// The slices of names are gone.
    KeysLost,
    /// One file of names is cut in half.
    KeysTorn,
    /// The files of names are of another moment of the same ledger.
    KeysStale,
    /// A bit of a file that can be made again is another.
    BitFlipped,
}

const ALL: [Damage; 7] = [
    Damage::SnapshotsLost,
    Damage::SnapshotsTorn,
    Damage::SnapshotsStale,
    Damage::KeysLost,
    Damage::KeysTorn,
    Damage::KeysStale,
    Damage::BitFlipped,
];

impl Beside {
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        for path in SNAPSHOTS.map(|name| directory.join(name)).into_iter().chain(keys(directory)?) {
            if path.exists() {
                files.push((path.clone(), fs::read(path)?));
            }
        }
        Ok(Self(files))
    }

    fn put(&self, is_wanted: impl Fn(&Path) -> bool) -> io::Result<()> {
        for (path, content) in self.0.iter().filter(|(path, _)| is_wanted(path)) {
            if let Some(directory) = path.parent() {
                fs::create_dir_all(directory)?;
            }
            fs::write(path, content)?;
        }
        Ok(())
    }
}

/// The files of names, in order.
fn keys(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let keys = directory.join(KEYS);
    if !keys.exists() {
        return Ok(Vec::new());
    }
    let mut files: Vec<_> =
        fs::read_dir(keys)?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.sort();
    Ok(files)
}

fn remove(path: &Path) -> io::Result<()> {
    if path.exists() { fs::remove_file(path) } else { Ok(()) }
}

fn remove_snapshots(directory: &Path) -> io::Result<()> {
    for name in ["snapshots.db", "snapshots.db-wal", "snapshots.db-shm"] {
        remove(&directory.join(name))?;
    }
    Ok(())
}

fn remove_keys(directory: &Path) -> io::Result<()> {
    keys(directory)?.iter().try_for_each(|path| remove(path))
}

fn halve(path: &Path) -> io::Result<()> {
    let content = fs::read(path)?;
    fs::write(path, &content[..content.len() / 2])
}

/// Does some damage; none if there is nothing to damage.
pub(super) fn damage(
    directory: &Path,
    before: &Beside,
    rng: &mut StdRng,
) -> io::Result<Option<Damage>> {
    let snapshots = directory.join(SNAPSHOTS[0]);
    let keys = keys(directory)?;
    let damage = ALL[rng.random_range(0..ALL.len())];
    let is_possible = match damage {
        Damage::SnapshotsTorn => snapshots.exists(),
        Damage::KeysTorn => !keys.is_empty(),
        Damage::SnapshotsStale | Damage::KeysStale => !before.0.is_empty(),
        _ => true,
    };
    if !is_possible {
        return Ok(None);
    }
    match damage {
        Damage::SnapshotsLost => remove_snapshots(directory)?,
        Damage::SnapshotsTorn => halve(&snapshots)?,
        Damage::SnapshotsStale => {
            remove_snapshots(directory)?;
            before.put(|path| !path.starts_with(directory.join(KEYS)))?;
        }
        Damage::KeysLost => remove_keys(directory)?,
        Damage::KeysTorn => halve(&keys[rng.random_range(0..keys.len())])?,
        Damage::KeysStale => {
            remove_keys(directory)?;
            before.put(|path| path.starts_with(directory.join(KEYS)))?;
        }
        Damage::BitFlipped => {
            let mut files = keys;
            files.extend(SNAPSHOTS.map(|name| directory.join(name)));
            files.retain(|path| path.exists());
            if files.is_empty() {
                return Ok(None);
            }
            let path = &files[rng.random_range(0..files.len())];
            scrip_disk::flip_bit(path, rng.random())?;
        }
    }
    Ok(Some(damage))
}
