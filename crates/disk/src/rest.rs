//! A directory in which nobody writes.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::chance::Chance;
use crate::names::Node;
use crate::watching::Watched;
use crate::{Crashed, DiskError};

/// Everything in a directory, but for the indexes of write-ahead logs, which are memory.
pub(crate) fn files_of(root: &Path) -> io::Result<BTreeSet<PathBuf>> {
    let (mut files, mut waiting) = (BTreeSet::new(), vec![root.to_owned()]);
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                waiting.push(path.clone());
            }
            let name = path.strip_prefix(root).unwrap_or(&path);
            if !name.to_string_lossy().ends_with("-shm") {
                files.insert(name.to_owned());
            }
        }
    }
    Ok(files)
}

/// Nobody in this process has a file of a directory open.
pub(crate) fn check_closed(root: &Path) -> Result<(), DiskError> {
    for entry in fs::read_dir("/proc/self/fd")? {
        let Ok(path) = fs::read_link(entry?.path()) else { continue };
        // What has no name can be written to in vain.
        if path.starts_with(root) && !path.to_string_lossy().ends_with(" (deleted)") {
            return Err(DiskError::StillOpen(path));
        }
    }
    Ok(())
}

/// Everything that changed in a directory was seen.
pub(crate) fn check_seen(watched: &Watched) -> Result<(), DiskError> {
    let current = watched.names.current();
    for (name, node) in current {
        let path = watched.root.join(name);
        let is_seen = match node {
            Node::Directory => path.is_dir(),
            Node::File(file) => {
                fs::read(&path).is_ok_and(|content| content == watched.files[*file].cached())
            }
        };
        if !is_seen {
            return Err(DiskError::Bypassed(path));
        }
    }
    let found = files_of(&watched.root)?;
    let unseen =
        found.iter().find(|name| !current.contains_key(*name) && !watched.at_rest.contains(*name));
    unseen.map_or(Ok(()), |name| Err(DiskError::Bypassed(watched.root.join(name))))
}

/// Makes a directory what its disk may hold.
pub(crate) fn lose_power(watched: &Watched, seed: u64) -> io::Result<Crashed> {
    let (tree, names) = watched.names.after_power_loss(seed);
    let mut crashed = Crashed { names, ..Crashed::default() };
    // What is deepest goes first.
    for name in watched.names.all().collect::<BTreeSet<_>>().into_iter().rev() {
        let path = watched.root.join(name);
        if !tree.contains_key(name) && path.is_dir() {
            fs::remove_dir_all(&path)?;
        } else if !tree.contains_key(name) && path.exists() {
            fs::remove_file(&path)?;
        }
    }
    for (name, node) in tree {
        let path = watched.root.join(&name);
        match node {
            Node::Directory => fs::create_dir_all(&path)?,
            Node::File(file) => {
                let mut chance = Chance::of_name(seed, name.as_os_str().as_encoded_bytes());
                let (content, lost) = watched.files[file].after_power_loss(&mut chance);
                crashed.sectors += lost.sectors;
                crashed.writes_torn += lost.writes_torn;
                let is_there = watched.names.get(&name) == Some(node);
                if !is_there || content != watched.files[file].cached() {
                    fs::write(&path, content)?;
                }
            }
        }
    }
    Ok(crashed)
}

/// Where a bit was flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flipped {
    /// The byte's offset.
    pub offset: usize,
    /// The bit, from 0, the lowest.
    pub bit: u8,
}

/// Flips one bit of a file, by a seed; none if it is empty.
pub fn flip_bit(path: &Path, seed: u64) -> io::Result<Option<Flipped>> {
    let mut content = fs::read(path)?;
    if content.is_empty() {
        return Ok(None);
    }
    let mut chance = Chance::of(seed);
    let offset = chance.below(content.len());
    let bit = u8::try_from(chance.below(8)).unwrap_or(0);
    content[offset] ^= 1 << bit;
    fs::write(path, content)?;
    Ok(Some(Flipped { offset, bit }))
}
