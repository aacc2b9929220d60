//! Words that people wrote: kept beside the hash chain, so that they can be erased.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

use crate::{Digest, packing};

/// Random bytes that keep a digest from being guessed back into its text.
pub type Salt = [u8; 16];

/// The value of a dimension. Grouping compares [`Dimension::as_text`] (decision 43).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Dimension {
    /// A string.
    Text(SmolStr),
    /// A number, as its shortest exact decimal text.
    Number(SmolStr),
    /// A boolean.
    Flag(bool),
}

impl Dimension {
    /// The value as text.
    #[must_use]
    pub fn as_text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Number(text) => text,
            Self::Flag(true) => "true",
            Self::Flag(false) => "false",
        }
    }
}

/// What a consumption was for, by name, each name once. Clones share it on its way from a request into
/// a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimensions(Arc<[(SmolStr, Dimension)]>);

impl Dimensions {
    /// All, in the order of their names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Dimension)> + Clone {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The one of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Dimension> {
        let index = self.0.binary_search_by(|(known, _)| known.as_str().cmp(name)).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Of several values of one name the last counts, as in a map.
impl<Name: Into<SmolStr>> FromIterator<(Name, Dimension)> for Dimensions {
    fn from_iter<I: IntoIterator<Item = (Name, Dimension)>>(given: I) -> Self {
        let mut list: Vec<(SmolStr, Dimension)> =
            given.into_iter().map(|(name, value)| (name.into(), value)).collect();
        if !list.is_sorted_by(|(one, _), (next, _)| one < next) {
            list = list.into_iter().collect::<BTreeMap<_, _>>().into_iter().collect();
        }
        Self(list.into())
    }
}

impl<Name: Into<SmolStr>, const N: usize> From<[(Name, Dimension); N]> for Dimensions {
    fn from(list: [(Name, Dimension); N]) -> Self {
        list.into_iter().collect()
    }
}

impl Serialize for Dimensions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Dimensions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Map;

        impl<'de> Visitor<'de> for Map {
            type Value = Dimensions;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("dimensions by name")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Dimensions, A::Error> {
                let pairs =
                    std::iter::from_fn(|| map.next_entry::<SmolStr, Dimension>().transpose());
                pairs.collect()
            }
        }

        deserializer.deserialize_map(Map)
    }
}

/// A postal address, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the names are the API's")]
pub struct Address {
    pub city: Option<String>,
    pub country: Option<String>,
    pub line1: Option<String>,
    pub line2: Option<String>,
    pub postal_code: Option<String>,
    pub state: Option<String>,
}

/// What people wrote in a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// A grant's name.
    pub display_name: Option<String>,
    /// A grant's comment; an inner none says that it was cleared.
    pub comment: Option<Option<String>>,
    /// Metadata of a grant or a reservation.
    pub metadata: Option<BTreeMap<String, String>>,
    /// Dimensions of a consumption.
    pub dimensions: Dimensions,
    /// Where an invoice went.
    pub billing_address: Option<Address>,
}

impl Words {
    /// Nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The words of a row, or what is left of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Texts {
    /// There never were any.
    None,
    /// They are here.
    Kept {
        /// Salts the digest.
        salt: Salt,
        /// The words.
        words: Box<Words>,
    },
    /// They were erased; the chain still holds.
    Erased {
        /// Their salted digest.
        digest: Digest,
    },
}

impl Texts {
    /// What packed texts begin with that are [`Texts::Kept`].
    pub(crate) const KEPT: u8 = 1;
    /// What packed texts begin with that are [`Texts::Erased`].
    pub(crate) const ERASED: u8 = 2;

    /// Keeps words, if there are any.
    #[must_use]
    pub fn keep(words: Words, salt: Salt) -> Self {
        if words.is_empty() { Self::None } else { Self::Kept { salt, words: Box::new(words) } }
    }

    /// The words, if they are still there.
    #[must_use]
    pub fn words(&self) -> Option<&Words> {
        match self {
            Self::Kept { words, .. } => Some(words),
            Self::None | Self::Erased { .. } => None,
        }
    }

    /// What the chain knows of the words.
    pub(crate) fn digest(&self) -> Result<Option<Digest>, postcard::Error> {
        Ok(match self {
            Self::None => None,
            Self::Erased { digest } => Some(*digest),
            Self::Kept { salt, words } => {
                let mut hasher = Sha256::new();
                hasher.update(salt);
                hasher.update(packing::to_vec(words)?);
                Some(Digest::from_bytes(hasher.finalize().into()))
            }
        })
    }

    /// The same of packed texts, without reading the words: none if no texts are packed like that.
    pub(crate) fn digest_of_packed(bytes: &[u8]) -> Option<Option<Digest>> {
        match bytes {
            [0] => Some(None),
            // The salt and the words lie there as the digest takes them.
            [Self::KEPT, salted @ ..] if salted.len() > size_of::<Salt>() => {
                Some(Some(Digest::from_bytes(Sha256::digest(salted).into())))
            }
            [Self::ERASED, digest @ ..] => Some(Some(Digest::from_bytes(digest.try_into().ok()?))),
            _ => None,
        }
    }

    /// The row's texts after its person was erased.
    pub fn erased(&self) -> Result<Self, postcard::Error> {
        Ok(match self.digest()? {
            None => Self::None,
            Some(digest) => Self::Erased { digest },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Packed like a map and read like one: sorted, each name once, the last of several values.
    #[test]
    fn dimensions_are_a_map() {
        let given = [("size", "1"), ("model", "small"), ("model", "large"), ("a", "2")]
            .map(|(name, value)| (SmolStr::from(name), Dimension::Text(value.into())));
        let map = BTreeMap::from(given.clone());
        let dimensions = Dimensions::from(given.clone());
        let told: Vec<_> = dimensions.iter().map(|(name, value)| (name, value.as_text())).collect();
        assert_eq!(told, [("a", "2"), ("model", "large"), ("size", "1")]);
        assert_eq!(dimensions.get("model"), map.get("model"));
        assert_eq!(dimensions.get("mode"), None);
        let packed = postcard::to_stdvec(&dimensions).unwrap();
        assert_eq!(packed, postcard::to_stdvec(&map).unwrap());
        let as_given = postcard::to_stdvec(given.as_slice()).unwrap();
        for bytes in [packed, as_given] {
            assert_eq!(postcard::from_bytes(&bytes), Ok(dimensions.clone()));
        }
        assert!(!dimensions.is_empty() && Dimensions::default().is_empty());
    }

    #[test]
    fn what_was_not_written_is_not_kept() {
        let salt = [7; 16];
        assert_eq!(Texts::keep(Words::default(), salt), Texts::None);
        let words = Words { comment: Some(None), ..Words::default() };
        assert_eq!(Texts::keep(words.clone(), salt).words(), Some(&words));
    }

    #[test]
    fn packed_texts_have_the_digest_of_the_texts() {
        let words = Words { display_name: Some("Welcome".to_owned()), ..Words::default() };
        let kept = Texts::keep(words, [7; 16]);
        for texts in [Texts::None, kept.erased().unwrap(), kept] {
            let packed = postcard::to_stdvec(&texts).unwrap();
            assert_eq!(Texts::digest_of_packed(&packed), Some(texts.digest().unwrap()));
        }
        let salt_alone = [[1].as_slice(), &[7; 16]].concat();
        let digest_cut_off = [[2].as_slice(), &[7; 31]].concat();
        let unknown = [[3].as_slice(), &[7; 32]].concat();
        for bytes in [vec![], vec![0, 0], vec![1], salt_alone, digest_cut_off, unknown] {
            assert_eq!(Texts::digest_of_packed(&bytes), None, "{bytes:?}");
        }
    }
}
