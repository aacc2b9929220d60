//! The files of names: each must have exactly the names of the rows in its range, with the newest
//! position of each.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::Scope;

use scrip_core::NameHash;

use super::super::keys::{self, NamesFile};
use super::super::reach::Reach;
use super::Witness;
use crate::slot::Position;
use crate::verifying::{Collector, Finding, RawEntry};

type Pair = (NameHash, Position);

/// The files as they were listed.
pub(super) struct Names {
    /// By where they begin. The table of the last stop may lie over a slice.
    files: Vec<Arc<NamesFile>>,
}

impl Names {
    pub(super) fn inspect(directory: &Path, ledger_id: [u8; 16], findings: &Collector) -> Self {
        let (found, problems) = keys::inspect(directory, ledger_id).unwrap_or_else(|error| {
            findings.add(Finding::Names(format!("keys: {error}")));
            Default::default()
        });
        let directory = format!("{}/", directory.display());
        for problem in problems {
            findings.add(finding(&directory, &problem.to_string()));
        }
        let mut files: Vec<_> = found.into_iter().map(Arc::new).collect();
        files.sort_by_key(|file| (file.after(), !file.is_slice()));
        Self { files }
    }

    /// How many slices there are.
    pub(super) fn count(&self) -> usize {
        self.files.iter().filter(|file| file.is_slice()).count()
    }

    pub(super) fn witnesses(&self) -> impl Iterator<Item = Witness> {
        self.files.iter().map(|file| Witness {
            reach: Reach { position: file.until(), hash: file.row_hash() },
            wrong: Finding::Names,
            file: format!("{}: ", told(file)),
        })
    }

    /// Starts a thread that reads the files and compares them with what the rows say.
    pub(super) fn start<'scope>(
        self,
        scope: &'scope Scope<'scope, '_>,
        findings: &'scope Collector,
    ) -> Comparing {
        let (sender, receiver) = sync_channel(1);
        scope.spawn(move || compare_all(&receiver, findings));
        Comparing { waiting: self.files.into_iter().rev().collect(), open: Vec::new(), sender }
    }
}

/// The names of the rows, while they are read.
pub(super) struct Comparing {
    /// Files whose rows are yet to come, the next one last.
    waiting: Vec<Arc<NamesFile>>,
    open: Vec<Open>,
    sender: SyncSender<Open>,
}

/// A file, with what its rows say so far.
struct Open {
    file: Arc<NamesFile>,
    names: Vec<Pair>,
    /// Not all of its rows could be read.
    is_partial: bool,
}

impl Comparing {
    /// Takes the name of the next row.
    pub(super) fn meet<Bytes>(&mut self, entry: &RawEntry<Bytes>) {
        self.come_to(entry.position);
        let Some(name) = entry.name else { return };
        for open in &mut self.open {
            if entry.position <= open.file.until() {
                open.take(name, entry.position);
            }
        }
    }

    /// Some rows could not be read.
    pub(super) fn leave_out(&mut self, after: Position, until: Position) {
        self.come_to(after.saturating_add(1));
        self.waiting
            .iter()
            .position(|file| file.after() < until)
            .map(|first| self.waiting.split_off(first))
            .into_iter()
            .flatten()
            .rev()
            .for_each(|file| self.open.push(Open::new(file)));
        self.open.iter_mut().for_each(|open| open.is_partial = true);
    }

    /// Nothing more comes.
    pub(super) fn end(mut self, last: Position) {
        self.come_to(last.saturating_add(1));
        for file in std::mem::take(&mut self.waiting) {
            self.open.push(Open::new(file));
        }
        for mut open in std::mem::take(&mut self.open) {
            // It reaches further than the ledger, which its row tells.
            open.is_partial = true;
            let _ = self.sender.send(open);
        }
    }

    fn come_to(&mut self, position: Position) {
        if self.open.iter().any(|open| open.file.until() < position) {
            let (done, open) = std::mem::take(&mut self.open)
                .into_iter()
                .partition(|open: &Open| open.file.until() < position);
            self.open = open;
            for open in Vec::from_iter::<Vec<Open>>(done) {
                let _ = self.sender.send(open);
            }
        }
        while self.waiting.last().is_some_and(|file| file.after() < position) {
            self.open.extend(self.waiting.pop().map(Open::new));
        }
    }
}

impl Open {
    fn new(file: Arc<NamesFile>) -> Self {
        Self { file, names: Vec::new(), is_partial: false }
    }

    fn take(&mut self, name: NameHash, position: Position) {
        /// Rows beyond the names of the file before those are kept that count.
        const MORE: usize = 1 << 20;
        self.names.push((name, position));
        let names_max = usize::try_from(self.file.names()).unwrap_or(usize::MAX);
        if self.names.len() > names_max.saturating_add(MORE) {
            self.keep_newest();
            if self.names.len() > names_max {
                // That it has too few is told without knowing all that it lacks.
                self.names.truncate(names_max.saturating_add(1));
            }
        }
    }

    fn keep_newest(&mut self) {
        self.names.sort_unstable();
        // Of two of a name the later one, which is the newer.
        self.names.reverse();
        self.names.dedup_by_key(|(name, _)| *name);
        self.names.reverse();
    }

    /// What is wrong with the file.
    fn check(mut self) -> Result<(), String> {
        self.file.check().map_err(|problem| problem.to_string())?;
        if self.is_partial {
            return Ok(());
        }
        self.keep_newest();
        let path = self.file.path().display().to_string();
        let mut found = self.file.records();
        for (name, position) in &self.names {
            let what = match found.next() {
                Some(Ok((other, at))) if other == *name && at == *position => continue,
                Some(Ok((other, at))) if other == *name => {
                    format!("a name is at row {position}, but here it is at row {at}")
                }
                Some(Ok((other, at))) if other < *name => {
                    format!("no row has the name that should be at row {at}")
                }
                Some(Err(_)) => return Ok(()),
                _ => format!("the name of row {position} is missing"),
            };
            return Err(format!("{path}: {what}"));
        }
        match found.next() {
            Some(Ok((_, at))) => {
                Err(format!("{path}: no row has the name that should be at row {at}"))
            }
            _ => Ok(()),
        }
    }
}

fn compare_all(receiver: &Receiver<Open>, findings: &Collector) {
    for open in receiver {
        let path = open.file.path();
        let directory = path.parent().unwrap_or(Path::new("")).display().to_string() + "/";
        if let Err(what) = open.check() {
            findings.add(finding(&directory, &what));
        }
    }
}

/// A finding that names its file as it is called within the store.
fn finding(directory: &str, what: &str) -> Finding {
    Finding::Names(match what.strip_prefix(directory) {
        Some(what) => format!("keys/{what}"),
        None => what.to_owned(),
    })
}

fn told(file: &NamesFile) -> String {
    let name = file.path().file_name().unwrap_or_default();
    format!("keys/{}", name.display())
}
