//! Accounts: whose environments are whose.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::body_of;
use crate::{
    Ledger, LedgerError, NewRecord, Record, RecordKind, RecordQuery, SYSTEM, every_record,
};

/// Accounts of a store that are not archived.
pub(crate) const ACCOUNTS_MAX: usize = 100;

/// What an account or an environment is called outside: in headers, paths and files. It begins with a
/// letter, so that it is never taken for a number, and goes on with lower-case letters, digits and
/// hyphens; at most [`PlaceName::LENGTH_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceName(Box<str>);

impl PlaceName {
    /// Characters at most: what a label of a host name may have.
    pub const LENGTH_MAX: usize = 63;

    /// Reads a name; none if it cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_sound = text.len() <= Self::LENGTH_MAX
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        is_sound.then(|| Self(text.into()))
    }

    /// The text.
    #[must_use]
    pub const fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account. Its record's identifier is what it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it is called outside.
    pub id: String,
    /// What people call it.
    pub display_name: String,
}

/// What is stored of one. The first release stored its identifier as `name`, and nothing else.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    display_name: Option<String>,
}

impl Account {
    /// The account that a store begins with: that of whoever runs the server.
    pub const FIRST: &'static str = "default";

    /// The account that a record is; none for another record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::Account {
            return None;
        }
        let kept: Kept = serde_json::from_value(Value::Object(record.body.clone())).ok()?;
        let display_name = kept.display_name.unwrap_or(kept.name);
        Some(Self { id: record.id.clone(), display_name })
    }

    /// The record to be made of it.
    pub(crate) fn record(&self) -> NewRecord {
        let kept = Kept { name: self.id.clone(), display_name: Some(self.display_name.clone()) };
        NewRecord { kind: RecordKind::Account, id: self.id.clone(), body: body_of(&kept) }
    }
}

/// Every account with its record, archived ones too, the oldest first.
pub async fn all_accounts(ledger: &dyn Ledger) -> Result<Vec<(Record, Account)>, LedgerError> {
    let records = all_of_system(ledger, RecordKind::Account).await?;
    let read = |record: Record| Account::of(&record).map(|account| (record, account));
    Ok(records.into_iter().filter_map(read).collect())
}

/// All records of a kind that belong to no environment, the oldest first.
pub(crate) async fn all_of_system(
    ledger: &dyn Ledger,
    kind: RecordKind,
) -> Result<Vec<Record>, LedgerError> {
    let mut records = every_record(ledger, RecordQuery::all_of(SYSTEM, kind)).await?;
    records.reverse();
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_labels_that_are_no_numbers() {
        let longest = "a".repeat(PlaceName::LENGTH_MAX);
        for good in ["production", "a", "eu-west-2", "a1-", longest.as_str()] {
            assert_eq!(PlaceName::parse(good).unwrap().as_str(), good);
        }
        let too_long = "a".repeat(PlaceName::LENGTH_MAX + 1);
        for bad in ["", "1", "2a", "-a", "Acme", "a_b", "a b", "ä", "a/b", too_long.as_str()] {
            assert_eq!(PlaceName::parse(bad), None, "{bad:?}");
        }
    }
}
