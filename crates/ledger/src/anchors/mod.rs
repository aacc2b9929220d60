//! Anchors: signed statements of what was in the ledger, to be kept where nobody who changes the ledger
//! can change them (decision 32).
//!
//! Everything here is bound to wallets, sequences and hashes, which stay the same wherever a store is
//! moved to. What depends on the store, the position of a last row, is not signed.

mod given;
mod key;
mod pages;
mod proof;
mod reading;
mod statement;
mod tree;
mod witness;

use serde_json::{Map, Value};

pub use crate::hex::{from_hex, to_hex};
use crate::{NewRecord, Record, RecordKind};

pub use given::{Given, InvalidFile, anchor_line, head_line};
pub use key::{AnchorKey, InvalidKey};
pub use pages::{PAGE_HEADS, Page, pages_of};
pub use proof::{HeadProof, LINKS_MAX, NotProven, Proof, heads_of, newest, numbered, prove};
pub(crate) use reading::{Gathering, STRETCH_ROWS, links};
pub use reading::{HeadsBehind, Link, Links};
pub use statement::{InvalidAnchor, Statement};
pub use tree::{WalletHead, climb, path, root};
pub use witness::Witnessed;
pub(crate) use witness::{Expected, Witnesses};

/// A statement with its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// What is signed.
    pub statement: Statement,
    /// Ed25519, over the statement's text.
    pub signature: [u8; 64],
    /// Where the last row that it covers lies in this store; not signed, and of no meaning elsewhere.
    pub position: u64,
}

impl Anchor {
    const STATEMENT: &'static str = "statement";
    const SIGNATURE: &'static str = "signature";
    const POSITION: &'static str = "position";

    /// What a text and a signature say, if the one signs the other.
    pub fn read(text: &str, signature: &str) -> Result<Self, InvalidAnchor> {
        let statement = Statement::parse(text)?;
        let signature = from_hex(signature).ok_or(InvalidAnchor::SignatureForm)?;
        key::check(&statement.public_key, text, &signature)?;
        Ok(Self { statement, signature, position: 0 })
    }

    /// What a record says; none if it says nothing of an anchor. The signature is not checked.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::Anchor {
            return None;
        }
        let text = |name: &str| record.body.get(name)?.as_str();
        let statement = Statement::parse(text(Self::STATEMENT)?).ok()?;
        let signature = from_hex(text(Self::SIGNATURE)?)?;
        let position = record.body.get(Self::POSITION)?.as_u64()?;
        (record.id == Self::record_id(statement.number)).then_some(())?;
        Some(Self { statement, signature, position })
    }

    /// The record. Its identifier is the number, so a store has one of each.
    #[must_use]
    pub fn record(&self) -> NewRecord {
        let members = [
            (Self::STATEMENT, Value::from(self.statement.to_string())),
            (Self::SIGNATURE, Value::from(to_hex(&self.signature))),
            (Self::POSITION, Value::from(self.position)),
        ];
        let body: Map<_, _> =
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (kind, id) = (RecordKind::Anchor, Self::record_id(self.statement.number));
        NewRecord { kind, id, body }
    }

    /// The identifier of an anchor's record.
    #[must_use]
    pub fn record_id(number: u64) -> String {
        number.to_string()
    }

    /// Makes of the record of another store one of a store whose rows are numbered without gaps: there
    /// the last row has the number of them all.
    pub(crate) fn number_rows_anew(record: &mut Record) {
        if let Some(anchor) = Self::of(record) {
            let rows = Value::from(anchor.statement.rows);
            record.body.insert(Self::POSITION.to_owned(), rows);
        }
    }
}
