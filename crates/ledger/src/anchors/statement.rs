//! What an anchor says, as the text that is signed.

use std::fmt;

use scrip_core::{Digest, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::hex::from_hex;

/// What is signed: so many rows were there, and the heads of the wallets that had changed since the
/// anchor before come to this root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Its place among the anchors of its store, from 1, without gaps.
    pub number: u64,
    /// The hash of the anchor before; zeros for the first.
    pub previous: Digest,
    /// When, by the ledger's real time.
    pub signed_at: Timestamp,
    /// Rows that it covers, with those that earlier ones cover.
    pub rows: u64,
    /// Wallets that had changed since the anchor before: leaves of the tree.
    pub wallets: u64,
    /// The root over their heads, by their digests.
    pub root: Digest,
    /// The Ed25519 public key that it is signed with.
    pub public_key: [u8; 32],
}

/// A text that is no anchor, or not one that this version knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidAnchor {
    /// Written by a newer Scrip, or by something else.
    #[error("the statement does not begin with {:?}", Statement::BEGIN)]
    Version,
    /// A line is missing, is wrong or is one too many.
    #[error("the statement's line {0:?} is missing or wrong")]
    Line(&'static str),
    /// It is spelt otherwise than it is signed.
    #[error("the statement is not spelt as it must be")]
    Spelling,
    /// It has no signature of 64 bytes.
    #[error("the signature is not 128 hexadecimal digits")]
    SignatureForm,
    /// Somebody else's signature, or another text's.
    #[error("the signature is not that of the statement by its public key")]
    Signature,
}

impl Statement {
    /// The line that it begins with.
    pub const BEGIN: &'static str = "scrip anchor 1";
    /// What the first one has before it.
    pub const NO_PREVIOUS: Digest = Digest::from_bytes([0; 32]);

    /// Reads a text, which must be spelt exactly as it is written here.
    pub fn parse(text: &str) -> Result<Self, InvalidAnchor> {
        let mut lines = text.split('\n');
        if lines.next() != Some(Self::BEGIN) {
            return Err(InvalidAnchor::Version);
        }
        let mut line = |name: &'static str| {
            let value = lines.next().and_then(|line| line.strip_prefix(name)?.strip_prefix(' '));
            value.ok_or(InvalidAnchor::Line(name))
        };
        let statement = Self {
            number: number(line("number")?, "number")?,
            previous: digest(line("previous")?, "previous")?,
            signed_at: Timestamp::parse(line("signed-at")?)
                .map_err(|_| InvalidAnchor::Line("signed-at"))?,
            rows: number(line("rows")?, "rows")?,
            wallets: number(line("wallets")?, "wallets")?,
            root: digest(line("root")?, "root")?,
            public_key: *digest(line("public-key")?, "public-key")?.as_bytes(),
        };
        if statement.number == 0 {
            return Err(InvalidAnchor::Line("number"));
        }
        if statement.to_string() == text { Ok(statement) } else { Err(InvalidAnchor::Spelling) }
    }

    /// The anchor's hash, by which the next one names it.
    #[must_use]
    pub fn hash(&self) -> Digest {
        Digest::from_bytes(Sha256::digest(self.to_string()).into())
    }
}

/// The text that is signed.
impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { number, previous, signed_at, rows, wallets, root, public_key } = self;
        writeln!(f, "{}", Self::BEGIN)?;
        writeln!(f, "number {number}")?;
        writeln!(f, "previous {previous}")?;
        writeln!(f, "signed-at {signed_at}")?;
        writeln!(f, "rows {rows}")?;
        writeln!(f, "wallets {wallets}")?;
        writeln!(f, "root {root}")?;
        writeln!(f, "public-key {}", Digest::from_bytes(*public_key))
    }
}

fn number(text: &str, name: &'static str) -> Result<u64, InvalidAnchor> {
    text.parse().map_err(|_| InvalidAnchor::Line(name))
}

fn digest(text: &str, name: &'static str) -> Result<Digest, InvalidAnchor> {
    from_hex(text).map(Digest::from_bytes).ok_or(InvalidAnchor::Line(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement() -> Statement {
        Statement {
            number: 2,
            previous: Digest::from_bytes([0xab; 32]),
            signed_at: Timestamp::parse("2030-01-01T01:00:00Z").unwrap(),
            rows: 12,
            wallets: 3,
            root: Digest::from_bytes([0xcd; 32]),
            public_key: [0xef; 32],
        }
    }

    #[test]
    fn is_read_as_it_is_written() {
        let text = statement().to_string();
        let begin = "scrip anchor 1\nnumber 2\nprevious abab";
        assert!(text.starts_with(begin), "{text}");
        assert!(
            text.contains("\nsigned-at 2030-01-01T01:00:00.000Z\nrows 12\nwallets 3\nroot cd"),
            "{text}"
        );
        assert_eq!(Statement::parse(&text), Ok(statement()));
    }

    #[test]
    fn is_read_in_no_other_spelling() {
        let text = statement().to_string();
        let wrong = |from: &str, to: &str| Statement::parse(&text.replace(from, to)).unwrap_err();
        assert_eq!(wrong("anchor 1", "anchor 2"), InvalidAnchor::Version);
        assert_eq!(wrong("number 2", "number 0"), InvalidAnchor::Line("number"));
        assert_eq!(wrong("number 2", "number -2"), InvalidAnchor::Line("number"));
        assert_eq!(wrong("number 2", "number 02"), InvalidAnchor::Spelling);
        assert_eq!(wrong("number 2", "number +2"), InvalidAnchor::Spelling);
        assert_eq!(wrong("rows 12\n", ""), InvalidAnchor::Line("rows"));
        assert_eq!(wrong("abab", "ABab"), InvalidAnchor::Line("previous"));
        assert_eq!(wrong("root cd", "root c"), InvalidAnchor::Line("root"));
        assert_eq!(wrong(":00.000Z", ":00Z"), InvalidAnchor::Spelling);
        let longer = format!("{text}more");
        assert_eq!(Statement::parse(&longer), Err(InvalidAnchor::Spelling));
        assert_eq!(Statement::parse(text.trim_end()), Err(InvalidAnchor::Spelling));
    }
}
