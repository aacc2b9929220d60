//! A ledger row: an event with everything that is needed to explain it, linked to the row before.

use std::fmt;

use postcard::ser_flavors::Flavor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{
    Credits, Digest, Event, Fingerprint, IdempotencyKey, Salt, Texts, Timestamp, chain, packing,
};

/// Who caused a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Actor {
    /// Scrip itself: time passed, or a settlement followed.
    System,
    /// An API key, by its public identifier.
    ApiKey(Box<str>),
    /// A person of the console, by identifier.
    Person(Box<str>),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System => f.write_str("system"),
            Self::ApiKey(id) => write!(f, "key:{id}"),
            Self::Person(id) => write!(f, "person:{id}"),
        }
    }
}

/// Why a row exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// A request asked for it.
    Request,
    /// An instant was reached.
    Time,
    /// It follows from the row with this sequence: a settlement, or the rest of a dead grant.
    Follows {
        /// The sequence of that row in the same wallet.
        sequence: u64,
    },
}

/// The request that a row belongs to, in all logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceId(pub [u8; 16]);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Every answer has one: digit by digit it costs a fraction of what padding a number does.
        let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
        let mut text = [0; 32];
        for (place, byte) in text.chunks_exact_mut(2).zip(self.0) {
            place.copy_from_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Who asks, for the rows that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Who.
    pub actor: Actor,
    /// In which request.
    pub trace_id: TraceId,
    /// Fresh random bytes for the digest of the request's words.
    pub salt: Salt,
}

impl Origin {
    /// What nobody asked for. It writes no words, so it needs no salt.
    pub const SYSTEM: Self =
        Self { actor: Actor::System, trace_id: TraceId([0; 16]), salt: [0; 16] };
}

/// The name under which a row's request happens once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The client's key; a reservation's identifier stands in its event.
    pub key: Option<IdempotencyKey>,
    /// What the request was.
    pub fingerprint: Fingerprint,
}

/// One row of a wallet's ledger. Its packed form is versioned and hashed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its place in the wallet, from 1, without gaps.
    pub sequence: u64,
    /// When it was recorded, by the environment's clock; never earlier than the row before.
    pub recorded_at: Timestamp,
    /// The instant it is attributed to.
    pub attributed_at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The sum of all effects so far.
    pub balance_after: Credits,
    /// Why.
    pub cause: Cause,
    /// Who.
    pub actor: Actor,
    /// In which request.
    pub trace_id: TraceId,
    /// Under which key.
    pub mark: Option<Mark>,
    /// What people wrote; outside the hash but for its salted digest.
    #[serde(skip, default = "no_texts")]
    pub texts: Texts,
}

fn no_texts() -> Texts {
    Texts::None
}

/// A row as bytes, with its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedRow {
    /// `[version][content length, u32 little endian][content][texts][hash, 32 bytes]`.
    pub bytes: Vec<u8>,
    /// The hash, which stands in the bytes too.
    pub hash: Digest,
}

/// Bytes that are no row, or not the row that the chain expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableRow {
    /// Too short, or lengths that do not fit.
    #[error("the row is cut off")]
    CutOff,
    /// Written by a newer Scrip.
    #[error("the row has format version {0}, which this version does not know")]
    Version(u8),
    /// The content is no row.
    #[error("the row's content cannot be read")]
    Content,
    /// Its hash does not follow from the row before and its content.
    #[error("the row's hash does not follow from its content and the row before")]
    Hash,
}

impl Row {
    /// The format that is written.
    pub const VERSION: u8 = 1;
    pub(crate) const HEADER: usize = 5;

    /// Packs the row behind the row whose hash is `previous`.
    pub fn pack(&self, previous: Digest) -> Result<PackedRow, UnreadableRow> {
        let mut bytes = Vec::with_capacity(packing::ROOM);
        bytes.extend([Self::VERSION, 0, 0, 0, 0]);
        bytes = packing::append(self, bytes).map_err(|_| UnreadableRow::Content)?;
        let content_end = bytes.len();
        let length =
            u32::try_from(content_end - Self::HEADER).map_err(|_| UnreadableRow::CutOff)?;
        bytes[1..Self::HEADER].copy_from_slice(&length.to_le_bytes());
        bytes = packing::append(&self.texts, bytes).map_err(|_| UnreadableRow::Content)?;
        let (content, texts) = bytes.split_at(content_end);
        let digest = Texts::digest_of_packed(texts).ok_or(UnreadableRow::Content)?;
        let hash = chain::link(previous, content, digest);
        bytes.extend(hash.as_bytes());
        Ok(PackedRow { bytes, hash })
    }

    /// Reads a packed row and the hash that stands in it.
    pub fn unpack(bytes: &[u8]) -> Result<(Self, Digest), UnreadableRow> {
        let Packed { content, texts, hash } = Packed::split(bytes)?;
        let mut row: Self = exact(&content[Self::HEADER..])?;
        row.texts = exact_as_packed(texts)?;
        Ok((row, hash))
    }

    /// Reads a packed row and checks that its hash follows from the row before.
    pub fn unpack_linked(bytes: &[u8], previous: Digest) -> Result<(Self, Digest), UnreadableRow> {
        let (row, hash) = Self::unpack(bytes)?;
        let digest = row.texts.digest().map_err(|_| UnreadableRow::Content)?;
        let Packed { content, .. } = Packed::split(bytes)?;
        if chain::link(previous, content, digest) == hash {
            Ok((row, hash))
        } else {
            Err(UnreadableRow::Hash)
        }
    }

    /// Reads a packed row for folding, and checks that its hash follows from the row before. Of a
    /// consumption the words are checked by their digest and not read: its [`Texts`] are none.
    /// Nearly all rows are consumptions, and no fold asks for their words.
    pub fn unpack_to_fold(bytes: &[u8], previous: Digest) -> Result<(Self, Digest), UnreadableRow> {
        let Packed { content, texts, hash } = Packed::split(bytes)?;
        let mut row: Self = exact(&content[Self::HEADER..])?;
        let digest = if row.event.is_notable() {
            row.texts = exact_as_packed(texts)?;
            row.texts.digest().map_err(|_| UnreadableRow::Content)?
        } else {
            Texts::digest_of_packed(texts).ok_or(UnreadableRow::Content)?
        };
        if chain::link(previous, content, digest) == hash {
            Ok((row, hash))
        } else {
            Err(UnreadableRow::Hash)
        }
    }

    /// A packed row without what people wrote; none if it has nothing of that. All else stays as it was
    /// packed, its hash too: that covers the digest which stands in the place of the words.
    pub fn erase_texts(packed: &[u8]) -> Result<Option<Vec<u8>>, UnreadableRow> {
        let Packed { content, texts, hash } = Packed::split(packed)?;
        let digest = Texts::digest_of_packed(texts).ok_or(UnreadableRow::Content)?;
        let (&[Texts::KEPT, ..], Some(digest)) = (texts, digest) else { return Ok(None) };
        let mut bytes = content.to_vec();
        bytes.push(Texts::ERASED);
        bytes.extend(digest.as_bytes());
        bytes.extend(hash.as_bytes());
        Ok(Some(bytes))
    }

    /// Reads the words that [`Row::unpack_to_fold`] left out of the same bytes.
    pub fn read_texts(&mut self, bytes: &[u8]) -> Result<(), UnreadableRow> {
        self.texts = exact_as_packed(Packed::split(bytes)?.texts)?;
        Ok(())
    }
}

/// What a row's hash covers beside the hash of the row before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HashedParts {
    /// Version, length and content, as they were packed.
    pub content: Vec<u8>,
    /// The salted digest of its words, if it ever had any.
    pub texts_digest: Option<Digest>,
}

impl Row {
    /// What the row's hash covers. Packed behind the row whose hash is `previous` it must have this hash,
    /// or it is not the row that was stored.
    pub fn hashed_parts(
        &self,
        previous: Digest,
        hash: Digest,
    ) -> Result<HashedParts, UnreadableRow> {
        let packed = self.pack(previous)?;
        if packed.hash != hash {
            return Err(UnreadableRow::Hash);
        }
        let content = Packed::split(&packed.bytes)?.content.to_vec();
        let texts_digest = self.texts.digest().map_err(|_| UnreadableRow::Content)?;
        Ok(HashedParts { content, texts_digest })
    }
}

/// The parts of a packed row.
pub(crate) struct Packed<'a> {
    /// Version and length with it.
    pub content: &'a [u8],
    pub texts: &'a [u8],
    pub hash: Digest,
}

impl<'a> Packed<'a> {
    pub(crate) fn split(bytes: &'a [u8]) -> Result<Self, UnreadableRow> {
        let (&version, rest) = bytes.split_first().ok_or(UnreadableRow::CutOff)?;
        if version != Row::VERSION {
            return Err(UnreadableRow::Version(version));
        }
        let length = rest.first_chunk().ok_or(UnreadableRow::CutOff)?;
        let length =
            usize::try_from(u32::from_le_bytes(*length)).map_err(|_| UnreadableRow::CutOff)?;
        let end = length.checked_add(Row::HEADER).ok_or(UnreadableRow::CutOff)?;
        let (content, rest) = bytes.split_at_checked(end).ok_or(UnreadableRow::CutOff)?;
        let (texts, hash) = rest.split_last_chunk().ok_or(UnreadableRow::CutOff)?;
        Ok(Self { content, texts, hash: Digest::from_bytes(*hash) })
    }
}

/// Reads a value that takes all the bytes.
fn exact<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, UnreadableRow> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(UnreadableRow::Content),
    }
}

/// The same, where no hash covers the bytes: a number can be spelt longer than need be, and the
/// bytes would be others than those that were written without a word.
fn exact_as_packed<T: Serialize + DeserializeOwned>(bytes: &[u8]) -> Result<T, UnreadableRow> {
    let value = exact(bytes)?;
    match postcard::serialize_with_flavor(&value, Compared(bytes)) {
        Ok([]) => Ok(value),
        _ => Err(UnreadableRow::Content),
    }
}

/// Packs into bytes that are there already; another byte is an error. Hands out what is left.
struct Compared<'a>(&'a [u8]);

impl<'a> Flavor for Compared<'a> {
    type Output = &'a [u8];

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.try_extend(&[byte])
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0 = self.0.strip_prefix(bytes).ok_or(postcard::Error::SerializeBufferFull)?;
        Ok(())
    }

    fn finalize(self) -> postcard::Result<&'a [u8]> {
        Ok(self.0)
    }
}
