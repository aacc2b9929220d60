//! What is found to be wrong with a store.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::slot::Position;
use crate::work::StoreError;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Finding {
    /// A row is wrong, or missing.
    #[error("entries {position}: {what}")]
    Row {
        /// Its position.
        position: Position,
        /// What is wrong.
        what: String,
    },
    /// Something else in the ledger is wrong.
    #[error("{0}")]
    Other(String),
    /// The mark is wrong, or says that rows are missing.
    #[error("mark: {0}")]
    Mark(String),
    /// Something about the records of the wallets is wrong.
    #[error("snapshots.db: {0}")]
    Snapshots(String),
    /// Something about a file of names is wrong.
    #[error("{0}")]
    Names(String),
    /// The store is not what an anchor says.
    #[error("anchor {number}: {what}")]
    Anchor {
        /// The anchor's number.
        number: u64,
        /// What is wrong.
        what: String,
    },
}

impl Finding {
    /// What is wrong with the row at a position.
    pub fn row(position: Position, what: impl ToString) -> Self {
        Self::Row { position, what: what.to_string() }
    }

    /// Findings of one place are counted together.
    const fn place(&self) -> u8 {
        match self {
            Self::Row { .. } => 0,
            Self::Other(_) => 1,
            Self::Mark(_) => 2,
            Self::Snapshots(_) => 3,
            Self::Names(_) => 4,
            Self::Anchor { .. } => 5,
        }
    }
}

impl From<StoreError> for Finding {
    fn from(error: StoreError) -> Self {
        Self::Other(error.to_string())
    }
}

/// Everything that was found wrong, as far as it is told: the first of each place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Findings {
    /// The rows first, in their order.
    pub told: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
}

impl Findings {
    /// How many of one place are told.
    pub const MOST: usize = 20;
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.told.iter().enumerate() {
            let line_break = if index > 0 { "\n" } else { "" };
            write!(f, "{line_break}{finding}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

/// Why a store is not known to be well.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError<Open: std::error::Error + 'static> {
    /// It cannot be opened or read.
    #[error(transparent)]
    Open(#[from] Open),
    /// It is wrong.
    #[error("{0}")]
    Wrong(Findings),
}

/// Takes findings from several threads.
#[derive(Default)]
pub struct Collector {
    places: Mutex<BTreeMap<u8, Place>>,
}

#[derive(Default)]
struct Place {
    first: Vec<Finding>,
    more: u64,
}

impl Collector {
    pub fn add(&self, finding: impl Into<Finding>) {
        let finding = finding.into();
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let place = places.entry(finding.place()).or_default();
        if place.first.contains(&finding) {
            return;
        }
        let at = place.first.partition_point(|other| *other <= finding);
        place.first.insert(at, finding);
        if place.first.len() > Findings::MOST {
            place.first.pop();
            place.more += 1;
        }
    }

    /// All of them; none if nothing is wrong.
    pub fn into_findings(self) -> Option<Findings> {
        let places = self.places.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut findings = Findings { told: Vec::new(), more: 0 };
        for place in places.into_values() {
            findings.told.extend(place.first);
            findings.more += place.more;
        }
        (!findings.told.is_empty()).then_some(findings)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_each_place_are_told_and_the_rest_counted() {
        let collector = Collector::default();
        for position in (1..=100).rev() {
            collector.add(Finding::row(position, "wrong"));
        }
        collector.add(Finding::row(1, "wrong"));
        collector.add(Finding::Snapshots("not this ledger's".to_owned()));
        let findings = collector.into_findings().unwrap();
        assert_eq!(findings.told.len(), Findings::MOST + 1);
        assert_eq!(findings.told[19], Finding::row(20, "wrong"));
        assert_eq!(findings.more, 80);
        let text = findings.to_string();
        assert!(text.starts_with("entries 1: wrong\nentries 2: wrong\n"), "{text}");
        assert!(text.ends_with("\nsnapshots.db: not this ledger's\nand 80 more"), "{text}");
        assert_eq!(Collector::default().into_findings(), None);
    }
}
