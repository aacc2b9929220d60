//! Names in a directory: a file's name is durable when its directory was synced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::chance::Chance;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    /// The file of this number.
    File(usize),
    Directory,
}

pub(crate) type Tree = BTreeMap<PathBuf, Node>;

/// The names that somebody touched.
#[derive(Default)]
pub(crate) struct Names {
    durable: Tree,
    current: Tree,
    /// What was done in each directory since its last sync, in order.
    events: BTreeMap<PathBuf, Vec<Change>>,
}

/// Names that change in one instant.
type Change = Vec<(PathBuf, Option<Node>)>;

impl Names {
    pub(crate) fn current(&self) -> &Tree {
        &self.current
    }

    pub(crate) fn get(&self, path: &Path) -> Option<Node> {
        self.current.get(path).copied()
    }

    /// A name that is durable.
    pub(crate) fn know(&mut self, path: &Path, node: Node) {
        self.durable.insert(path.to_owned(), node);
        self.current.insert(path.to_owned(), node);
    }

    pub(crate) fn change(&mut self, change: Change) {
        apply(&mut self.current, &change);
        if let Some((path, _)) = change.last() {
            self.events.entry(parent(path)).or_default().push(change);
        }
    }

    pub(crate) fn sync(&mut self, directory: &Path) {
        for change in self.events.remove(directory).unwrap_or_default() {
            apply(&mut self.durable, &change);
        }
    }

    /// The names that a disk may hold when the power fails: of each directory what was done first.
    pub(crate) fn after_power_loss(&self, seed: u64) -> (Tree, usize) {
        let (mut tree, mut lost) = (self.durable.clone(), 0);
        for (directory, changes) in &self.events {
            let mut chance = Chance::of_name(seed, directory.as_os_str().as_encoded_bytes());
            let kept = match chance.below(3) {
                0 => 0,
                1 => changes.len(),
                _ => chance.below(changes.len() + 1),
            };
            changes.iter().take(kept).for_each(|change| apply(&mut tree, change));
            lost += changes.len() - kept;
        }
        let touched = |path: &Path| self.current.get(path).or_else(|| self.durable.get(path));
        let gone: Vec<_> = tree
            .keys()
            .filter(|path| {
                let above = parent(path);
                touched(&above) == Some(&Node::Directory) && !tree.contains_key(&above)
            })
            .cloned()
            .collect();
        for path in gone {
            tree.remove(&path);
        }
        (tree, lost)
    }

    /// All names that somebody touched.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Path> {
        let gone = self.durable.keys().filter(|path| !self.current.contains_key(*path));
        self.current.keys().chain(gone).map(PathBuf::as_path)
    }
}

fn apply(tree: &mut Tree, change: &Change) {
    for (path, node) in change {
        match node {
            Some(node) => drop(tree.insert(path.clone(), *node)),
            None => drop(tree.remove(path)),
        }
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(names: &Names) -> Vec<Vec<String>> {
        let trees = (0..100).map(|seed| names.after_power_loss(seed).0);
        let mut all: Vec<Vec<_>> = trees
            .map(|tree| tree.keys().map(|path| path.display().to_string()).collect())
            .collect();
        all.sort();
        all.dedup();
        all
    }

    #[test]
    fn a_name_is_durable_when_its_directory_was_synced() {
        let mut names = Names::default();
        names.change(vec![("a.new".into(), Some(Node::File(0)))]);
        names.sync(Path::new(""));
        names.change(vec![("a.new".into(), None), ("a".into(), Some(Node::File(0)))]);
        assert_eq!(outcomes(&names), [["a"], ["a.new"]], "one or the other, never both or none");
        names.sync(Path::new("elsewhere"));
        assert_eq!(outcomes(&names).len(), 2);
        names.sync(Path::new(""));
        assert_eq!(outcomes(&names), [["a"]]);
    }

    #[test]
    fn a_directory_that_is_lost_takes_along_what_is_in_it() {
        let mut names = Names::default();
        names.change(vec![("keys".into(), Some(Node::Directory))]);
        names.change(vec![("keys/1".into(), Some(Node::File(0)))]);
        names.sync(Path::new("keys"));
        assert_eq!(outcomes(&names), [vec![], vec!["keys".to_owned(), "keys/1".to_owned()]]);
    }
}
