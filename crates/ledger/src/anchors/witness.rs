//! What anchors from outside say of a store, to be compared with what is there.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};

use scrip_core::{Digest, WalletKey, genesis};

use super::pages::HeadsRead;
use super::tree::WalletHead;
use super::{Anchor, Given, Statement, to_hex};
use crate::slot::Position;
use crate::verifying::{Collector, Finding};
use crate::work::StoreError;
use crate::{Record, RecordKind};

/// What was proven by anchors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Witnessed {
    /// Anchors of the line that ends with the newest one that was given.
    pub anchors: u64,
    /// Wallets whose newest head under them was found in its chain.
    pub wallets: usize,
}

/// The newest head of each wallet under some anchors.
#[derive(Default)]
pub struct Witnesses {
    heads: HashMap<[u8; 32], Expected>,
    anchors: u64,
}

/// A row that must be in a wallet's chain.
pub struct Expected {
    sequence: u64,
    hash: [u8; 32],
    anchor: u64,
    /// The wallet is there.
    is_met: AtomicBool,
}

/// Reads a record of the system.
pub type ReadRecord<'a> = dyn Fn(RecordKind, &str) -> Result<Option<Record>, StoreError> + 'a;

impl Witnesses {
    /// What anchors from outside say. They are compared with those that are kept in the store, and lead
    /// along their hashes to all that were signed before.
    pub fn gather(
        given: &[Given],
        read: &ReadRecord<'_>,
        findings: &Collector,
    ) -> Result<Self, StoreError> {
        let mut by_number = BTreeMap::<u64, Vec<&Given>>::new();
        for given in given {
            by_number.entry(given.anchor.statement.number).or_default().push(given);
        }
        let mut witnesses = Self::default();
        let Some((last, _)) = by_number.last_key_value() else { return Ok(witnesses) };
        // What the anchor at hand must have as its hash; nobody says so of the newest.
        let mut expected: Option<Digest> = None;
        for number in (1..=*last).rev() {
            let given = by_number.remove(&number).unwrap_or_default();
            let found = read(RecordKind::Anchor, &Anchor::record_id(number))?;
            let stored = found.as_ref().and_then(Anchor::of);
            let trusted = trusted(number, expected, &given, stored.as_ref(), findings);
            let Some((statement, heads)) = trusted else { break };
            let heads = match heads {
                Some(heads) => Some(heads.clone()),
                None => kept_heads(&statement, read)?,
            };
            match heads {
                Some(heads) => witnesses.add(number, heads),
                None => tell(
                    findings,
                    number,
                    "the heads that the store keeps are not those that were signed, so it proves nothing of them",
                ),
            }
            if number == 1 && statement.previous != Statement::NO_PREVIOUS {
                tell(findings, number, "the first anchor names one before it");
            }
            expected = Some(statement.previous);
            witnesses.anchors += 1;
        }
        Ok(witnesses)
    }

    /// Heads of an older anchor than those before: a wallet's newest counts.
    fn add(&mut self, anchor: u64, heads: Vec<WalletHead>) {
        for WalletHead { wallet, sequence, hash } in heads {
            let is_met = AtomicBool::new(false);
            let expected = Expected { sequence, hash, anchor, is_met };
            self.heads.entry(wallet).or_insert(expected);
        }
    }

    /// What a wallet that is there must have.
    pub fn of(&self, key: &WalletKey) -> Option<&Expected> {
        if self.heads.is_empty() {
            return None;
        }
        let expected = self.heads.get(genesis(key).as_bytes())?;
        expected.is_met.store(true, Ordering::Relaxed);
        Some(expected)
    }

    /// Tells of the wallets that were not met, when all that are there were.
    pub fn finish(&self, findings: &Collector) -> Witnessed {
        for (wallet, expected) in &self.heads {
            if !expected.is_met.load(Ordering::Relaxed) {
                let Expected { sequence, anchor, .. } = expected;
                let digest = to_hex(wallet);
                let what = format!(
                    "the wallet with the digest {digest} had rows up to sequence {sequence}, and is missing"
                );
                tell(findings, *anchor, &what);
            }
        }
        Witnessed { anchors: self.anchors, wallets: self.heads.len() }
    }
}

impl Expected {
    /// Compares a row of the wallet with what must be there.
    pub fn follow(
        &self,
        key: &WalletKey,
        position: Position,
        sequence: u64,
        hash: Digest,
        findings: &Collector,
    ) {
        if sequence == self.sequence && *hash.as_bytes() != self.hash {
            let (WalletKey { customer, currency, .. }, Self { anchor, .. }) = (key, self);
            let what = format!(
                "it is not the row that was there when anchor {anchor} was signed: it or a row before it \
                 in its wallet was changed (row {sequence} of customer {customer}, currency {currency})"
            );
            findings.add(Finding::row(position, what));
        }
    }

    /// Compares how many rows the wallet has.
    pub fn end(&self, key: &WalletKey, sequence: u64, findings: &Collector) {
        if sequence < self.sequence {
            let WalletKey { customer, currency, .. } = key;
            let what = format!(
                "the wallet of customer {customer}, currency {currency} had rows up to sequence {}, but \
                 row {} and those behind it are missing",
                self.sequence,
                sequence.saturating_add(1)
            );
            tell(findings, self.anchor, &what);
        }
    }
}

fn tell(findings: &Collector, anchor: u64, what: &str) {
    findings.add(Finding::Anchor { number: anchor, what: what.to_owned() });
}

/// The anchor of a number that can be believed, and its heads if they were given with it.
fn trusted<'g>(
    number: u64,
    expected: Option<Digest>,
    given: &[&'g Given],
    stored: Option<&Anchor>,
    findings: &Collector,
) -> Option<(Statement, Option<&'g Vec<WalletHead>>)> {
    let is_expected = |statement: &Statement| expected.is_none_or(|hash| statement.hash() == hash);
    let believed = given.iter().find(|given| is_expected(&given.anchor.statement));
    let statement = match (believed, stored) {
        (Some(given), _) => Some(&given.anchor.statement),
        (None, Some(stored)) if expected.is_some() && is_expected(&stored.statement) => {
            Some(&stored.statement)
        }
        _ => None,
    };
    let hash = statement.map(Statement::hash);
    if given.iter().any(|given| Some(given.anchor.statement.hash()) != hash) {
        tell(
            findings,
            number,
            "two of this number were given, or one that the later ones do not name",
        );
    }
    match (statement, stored) {
        (_, None) => tell(findings, number, "this store has none of this number"),
        (_, Some(stored)) if Some(stored.statement.hash()) != hash => {
            tell(findings, number, "this store has another one of this number");
        }
        _ => {}
    }
    let heads = given
        .iter()
        .filter(|given| Some(given.anchor.statement.hash()) == hash)
        .find_map(|given| given.heads.as_ref());
    statement.map(|statement| (statement.clone(), heads))
}

/// The heads under an anchor as the store keeps them; none if they are not those that were signed.
fn kept_heads(
    statement: &Statement,
    read: &ReadRecord<'_>,
) -> Result<Option<Vec<WalletHead>>, StoreError> {
    let mut heads = HeadsRead::of(statement);
    while let Some(id) = heads.next_id() {
        heads.take(read(RecordKind::AnchorHeads, &id)?.as_ref());
    }
    Ok(heads.finish())
}
