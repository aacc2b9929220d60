//! Anchors as somebody kept them outside: what the API answers, and the files of an anchor directory.

use serde_json::Value;

use super::tree::WalletHead;
use super::{Anchor, InvalidAnchor, from_hex, pages_of};

/// An anchor from outside, whose signature is its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The anchor.
    pub anchor: Anchor,
    /// The heads that come to its root, if they were kept with it.
    pub heads: Option<Vec<WalletHead>>,
}

/// A text with something else than anchors in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFile {
    /// It is no JSON.
    #[error("it is no JSON: {0}")]
    Json(String),
    /// There is nothing in it.
    #[error("there is no anchor in it")]
    Empty,
    /// A value is neither an anchor nor a head of one.
    #[error(
        "value {0}: it is neither an anchor, with `statement` and `signature`, nor a wallet's head"
    )]
    Value(usize),
    /// An anchor that is none.
    #[error("value {0}: {1}")]
    Anchor(usize, InvalidAnchor),
    /// A head that is none, or that has no anchor before it.
    #[error("value {0}: a head must follow its anchor, with `wallet`, `sequence` and `hash`")]
    Head(usize),
    /// The heads are not those that were signed.
    #[error("anchor {0}: the heads beside it do not come to its root")]
    Root(u64),
}

impl Given {
    /// Reads JSON values one behind the other: anchors, arrays of them, `{"data": …}` around either, and
    /// behind an anchor its heads. Signatures and roots are checked.
    pub fn read(text: &str) -> Result<Vec<Self>, InvalidFile> {
        let mut given = Vec::new();
        let values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        for (value, place) in values.zip(1..) {
            let value = value.map_err(|error| InvalidFile::Json(error.to_string()))?;
            take(&mut given, &value, place)?;
        }
        if given.is_empty() {
            return Err(InvalidFile::Empty);
        }
        for Self { anchor, heads } in &given {
            let statement = &anchor.statement;
            let fits = |heads: &Vec<WalletHead>| {
                heads.len() as u64 == statement.wallets
                    && pages_of(heads.clone()).0 == statement.root
            };
            if !heads.as_ref().is_none_or(fits) {
                return Err(InvalidFile::Root(statement.number));
            }
        }
        Ok(given)
    }
}

/// The first line of a file of an anchor: what is needed to check it, as the API tells it too.
#[must_use]
pub fn anchor_line(anchor: &Anchor) -> String {
    let statement = &anchor.statement;
    let line = serde_json::json!({
        "number": statement.number,
        "hash": statement.hash().to_string(),
        "statement": statement.to_string(),
        "signature": super::to_hex(&anchor.signature),
    });
    format!("{line}\n")
}

/// The line of a head behind its anchor's.
#[must_use]
pub fn head_line(head: &WalletHead) -> String {
    let line = serde_json::json!({
        "wallet": super::to_hex(&head.wallet),
        "sequence": head.sequence,
        "hash": super::to_hex(&head.hash),
    });
    format!("{line}\n")
}

fn take(given: &mut Vec<Given>, value: &Value, place: usize) -> Result<(), InvalidFile> {
    match value {
        Value::Array(values) => values.iter().try_for_each(|value| take(given, value, place)),
        Value::Object(members) => {
            if let (Some(Value::String(text)), Some(Value::String(signature))) =
                (members.get("statement"), members.get("signature"))
            {
                let read = Anchor::read(text, signature);
                let anchor = read.map_err(|error| InvalidFile::Anchor(place, error))?;
                given.push(Given { anchor, heads: None });
                return Ok(());
            }
            if let Some(data) = members.get("data") {
                return take(given, data, place);
            }
            if members.contains_key("wallet") {
                let head = head(value).ok_or(InvalidFile::Head(place))?;
                let last = given.last_mut().ok_or(InvalidFile::Head(place))?;
                last.heads.get_or_insert_default().push(head);
                return Ok(());
            }
            Err(InvalidFile::Value(place))
        }
        _ => Err(InvalidFile::Value(place)),
    }
}

fn head(value: &Value) -> Option<WalletHead> {
    Some(WalletHead {
        wallet: from_hex(value.get("wallet")?.as_str()?)?,
        sequence: value.get("sequence")?.as_u64()?,
        hash: from_hex(value.get("hash")?.as_str()?)?,
    })
}

#[cfg(test)]
mod tests {
    use scrip_core::{Digest, Timestamp};

    use super::*;
    use crate::anchors::{AnchorKey, Statement};

    fn heads() -> Vec<WalletHead> {
        [1, 2, 3]
            .map(|at| WalletHead { wallet: [at; 32], sequence: at.into(), hash: [9; 32] })
            .to_vec()
    }

    fn anchor(heads: &[WalletHead]) -> Anchor {
        let key = AnchorKey::of_pem(&AnchorKey::pem_of([3; 32])).unwrap();
        let statement = Statement {
            number: 1,
            previous: Statement::NO_PREVIOUS,
            signed_at: Timestamp::parse("2030-01-01T00:00:00Z").unwrap(),
            rows: 6,
            wallets: heads.len() as u64,
            root: pages_of(heads.to_vec()).0,
            public_key: key.public_key(),
        };
        key.sign(statement, 0)
    }

    fn text(anchor: &Anchor, heads: &[WalletHead]) -> String {
        let lines: String = heads.iter().map(head_line).collect();
        anchor_line(anchor) + &lines
    }

    #[test]
    fn every_form_is_read() {
        let anchor = anchor(&heads());
        let alone = anchor_line(&anchor).trim_end().to_owned();
        let given = |heads| vec![Given { anchor: anchor.clone(), heads }];
        for text in [
            alone.clone(),
            format!("[{alone}]"),
            format!("{{\"data\": {alone}}}"),
            format!("{{\"data\": [{alone}], \"pagination\": {{}}}}"),
        ] {
            assert_eq!(Given::read(&text), Ok(given(None)), "{text}");
        }
        assert_eq!(Given::read(&text(&anchor, &heads())), Ok(given(Some(heads()))));
        let two = format!("{alone}\n{alone}");
        assert_eq!(Given::read(&two).unwrap().len(), 2);
    }

    #[test]
    fn what_was_changed_is_refused() {
        let anchor = anchor(&heads());
        let whole = text(&anchor, &heads());
        let refused = |text: &str| Given::read(text).unwrap_err();
        assert_eq!(refused(""), InvalidFile::Empty);
        assert_eq!(refused("[]"), InvalidFile::Empty);
        assert_eq!(refused("7"), InvalidFile::Value(1));
        assert_eq!(refused("{\"number\": 1}"), InvalidFile::Value(1));
        assert!(matches!(refused("{"), InvalidFile::Json(_)));
        let other = whole.replace("rows 6", "rows 7");
        assert_eq!(refused(&other), InvalidFile::Anchor(1, InvalidAnchor::Signature));
        let other = whole.replace("scrip anchor 1", "scrip anchor 2");
        assert_eq!(refused(&other), InvalidFile::Anchor(1, InvalidAnchor::Version));
        let other = whole.replace("\"sequence\":2", "\"sequence\":1");
        assert_eq!(refused(&other), InvalidFile::Root(1));
        let shorter: Vec<&str> = whole.lines().take(3).collect();
        assert_eq!(refused(&shorter.join("\n")), InvalidFile::Root(1));
        let headless: Vec<&str> = whole.lines().skip(1).collect();
        assert_eq!(refused(&headless.join("\n")), InvalidFile::Head(1));
        let other = whole.replace("\"sequence\":2", "\"sequence\":\"2\"");
        assert_eq!(refused(&other), InvalidFile::Head(3));
    }

    #[test]
    fn a_signature_of_another_key_is_refused() {
        let anchor = anchor(&heads());
        let other = Statement { public_key: [4; 32], ..anchor.statement.clone() };
        let signature = crate::anchors::to_hex(&anchor.signature);
        let read = |text: &str, signature: &str| Anchor::read(text, signature).unwrap_err();
        assert_eq!(read(&other.to_string(), &signature), InvalidAnchor::Signature);
        let text = anchor.statement.to_string();
        assert_eq!(read(&text, &signature[2..]), InvalidAnchor::SignatureForm);
        assert_eq!(anchor.statement.hash(), Statement::parse(&text).unwrap().hash());
        assert_ne!(anchor.statement.hash(), Digest::from_bytes([0; 32]));
    }
}
