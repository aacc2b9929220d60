//! What a packed row says of usage, read where it lies: whoever adds up millions of rows needs no more
//! of them, and nobody's text is copied.

use serde::Deserialize;

use crate::row::{Packed, Row, UnreadableRow};
use crate::{Digest, Event, Timestamp};

/// The part of a row that says what was used, when and for what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkimmedRow<'a> {
    /// The instant it is attributed to.
    pub attributed_at: Timestamp,
    /// What happened.
    pub event: Event,
    /// Names and texts of its dimensions, by name; none if its words were erased.
    pub dimensions: Vec<(&'a str, &'a str)>,
    /// The hash that stands at its end.
    pub hash: Digest,
}

impl<'a> SkimmedRow<'a> {
    /// Reads bytes that are known to be as they were written: neither the hash is recomputed, nor
    /// whether they could be spelt otherwise.
    pub fn read(bytes: &'a [u8]) -> Result<Self, UnreadableRow> {
        let Packed { content, texts, hash } = Packed::split(bytes)?;
        let Beginning { attributed_at, event, .. } = beginning(&content[Row::HEADER..])?;
        let words = match beginning(texts)? {
            Texts::Kept { words, .. } => words.dimensions,
            Texts::None | Texts::Erased { .. } => Vec::new(),
        };
        let dimensions = words.into_iter().map(|(name, value)| (name, value.text())).collect();
        Ok(Self { attributed_at, event, dimensions, hash })
    }
}

/// Reads the value that the bytes begin with.
fn beginning<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, UnreadableRow> {
    postcard::take_from_bytes(bytes).map(|(value, _)| value).map_err(|_| UnreadableRow::Content)
}

/// The first members of [`Row`].
#[derive(Deserialize)]
struct Beginning {
    #[expect(dead_code, reason = "stands before what is wanted")]
    sequence: u64,
    #[expect(dead_code, reason = "stands before what is wanted")]
    recorded_at: Timestamp,
    attributed_at: Timestamp,
    event: Event,
}

/// [`crate::Texts`], borrowed.
#[derive(Deserialize)]
enum Texts<'a> {
    None,
    Kept {
        #[expect(dead_code, reason = "stands before what is wanted")]
        salt: crate::Salt,
        #[serde(borrow)]
        words: Words<'a>,
    },
    Erased {
        #[expect(dead_code, reason = "is as long as it is")]
        digest: Digest,
    },
}

/// The members of [`crate::Words`] up to the dimensions. A map is packed like a list of its pairs.
#[derive(Deserialize)]
struct Words<'a> {
    #[expect(dead_code, reason = "stands before what is wanted")]
    display_name: Option<&'a str>,
    #[expect(dead_code, reason = "stands before what is wanted")]
    comment: Option<Option<&'a str>>,
    #[expect(dead_code, reason = "stands before what is wanted")]
    metadata: Option<Vec<(&'a str, &'a str)>>,
    #[serde(borrow)]
    dimensions: Vec<(&'a str, Dimension<'a>)>,
}

/// [`crate::Dimension`], borrowed.
#[derive(Deserialize)]
enum Dimension<'a> {
    Text(&'a str),
    Number(&'a str),
    Flag(bool),
}

impl<'a> Dimension<'a> {
    const fn text(self) -> &'a str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
        }
    }
}
