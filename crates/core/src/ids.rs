//! Names of things: the client's identifiers, checked once, and the ones that are minted here.

use std::fmt;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use smol_str::SmolStr;

use crate::limits::SHORT_TEXT_MAX;
use crate::{GrantNumber, chain};

/// A text that cannot be the identifier it was given for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be {allowed}")]
pub struct InvalidId {
    /// What would be allowed, as a sentence's end.
    pub allowed: &'static str,
}

/// The two counts that every shared allocation begins with.
pub(crate) const SHARED: usize = 2 * size_of::<usize>();

macro_rules! client_id {
    ($(#[$doc:meta])* $name:ident, $allowed:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(SmolStr);

        impl $name {
            /// Checks the text.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                let invalid = InvalidId { allowed: $allowed };
                if valid(text) { Ok(Self(SmolStr::new(text))) } else { Err(invalid) }
            }

            /// The identifier as the client wrote it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The memory behind it in bytes: none where the text lies within, as it does up to 23 bytes.
            #[must_use]
            pub fn heap_bytes(&self) -> usize {
                if self.0.is_heap_allocated() { SHARED + self.0.len() } else { 0 }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_str(Parsed(Self::parse))
            }
        }
    };
}

client_id!(
    /// A customer, as its owner names it.
    CustomerId,
    "1 to 255 characters, the first a letter or digit, the rest letters, digits or any of _|.@-",
    |text| slug(text, "_|.@-")
);
client_id!(
    /// A resource of a customer; its wallets stand apart from the customer's own.
    ResourceId,
    "1 to 255 characters, the first a letter or digit, the rest letters, digits or any of _|.-",
    |text| slug(text, "_|.-")
);
client_id!(
    /// A custom currency.
    CurrencyId,
    "1 to 255 characters, the first a letter or digit, the rest letters, digits or any of _|.-",
    |text| slug(text, "_|.-")
);
client_id!(
    /// A reservation; also its own idempotency key (decision 21).
    ReservationId,
    "1 to 255 characters without control characters",
    |text| bounded(text) && !text.chars().any(char::is_control)
);
client_id!(
    /// A recurring grant, as its owner names it.
    RecurringGrantId,
    "1 to 255 characters, the first a letter or digit, the rest letters, digits or any of _|.-",
    |text| slug(text, "_|.-")
);
client_id!(
    /// The key under which a consumption happens once (decision 13).
    IdempotencyKey,
    "1 to 255 characters",
    bounded
);

/// Reads an identifier from where its text lies, without a copy of it in between: every row that is
/// read has some.
struct Parsed<T>(fn(&str) -> Result<T, InvalidId>);

impl<T> Visitor<'_> for Parsed<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an identifier")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).map_err(E::custom)
    }
}

fn slug(text: &str, punctuation: &str) -> bool {
    let mut characters = text.chars();
    text.len() <= SHORT_TEXT_MAX
        && characters.next().is_some_and(|first| first.is_ascii_alphanumeric())
        && characters.all(|next| next.is_ascii_alphanumeric() || punctuation.contains(next))
}

fn bounded(text: &str) -> bool {
    // No text has more characters than bytes.
    let fits = text.len() <= SHORT_TEXT_MAX || text.chars().count() <= SHORT_TEXT_MAX;
    !text.is_empty() && fits
}

/// An environment, by its number in the store. Customers, currencies, wallets and keys of one
/// environment are unknown in every other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EnvironmentId(pub u32);

/// What names a wallet, the unit of consistency.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WalletKey {
    /// Where it lives.
    pub environment: EnvironmentId,
    /// Whose it is.
    pub customer: CustomerId,
    /// The currency it counts.
    pub currency: CurrencyId,
    /// The resource it is scoped to; none is the customer's own wallet (spec 2.8).
    pub resource: Option<ResourceId>,
}

/// A grant's identifier: `cred-grant-` and twelve base-32 characters, two of which name the bucket
/// (decision 34).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GrantId([u8; 12]);

impl GrantId {
    /// What every one begins with.
    pub const PREFIX: &'static str = "cred-grant-";
    const ALPHABET: &'static [u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

    /// The identifier with this bucket (0 to 1023) and these fifty bits.
    #[must_use]
    pub fn mint(bucket: u16, bits: u64) -> Self {
        let mut code = [b'0'; 12];
        let mut rest = u64::from(bucket);
        for place in code[..2].iter_mut().rev() {
            *place = Self::character(rest);
            rest >>= 5;
        }
        let mut rest = bits;
        for place in code[2..].iter_mut().rev() {
            *place = Self::character(rest);
            rest >>= 5;
        }
        Self(code)
    }

    /// The identifier of a grant that no request named: the overdraft grant of a wallet.
    #[must_use]
    pub fn derived(wallet: &WalletKey, number: GrantNumber) -> Self {
        Self::hashed(wallet, &number.0.to_be_bytes())
    }

    /// The identifier of the grant that gives back what a dispute took of a wallet, by what its provider
    /// calls the dispute.
    #[must_use]
    pub fn restoring(wallet: &WalletKey, dispute: &str) -> Self {
        Self::hashed(wallet, format!("dispute {dispute}").as_bytes())
    }

    fn hashed(wallet: &WalletKey, of: &[u8]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(chain::genesis(wallet).as_bytes());
        hasher.update(of);
        let mut bits = [0; 8];
        bits.copy_from_slice(&hasher.finalize()[..8]);
        Self::mint(bucket(wallet.environment, &wallet.customer), u64::from_be_bytes(bits))
    }

    /// Reads an identifier as it was given out. Others name nothing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let code: [u8; 12] = text.strip_prefix(Self::PREFIX)?.as_bytes().try_into().ok()?;
        code.iter().all(|byte| Self::ALPHABET.contains(byte)).then_some(Self(code))
    }

    /// The bucket that it names.
    #[must_use]
    pub fn bucket(&self) -> u16 {
        let value = |byte: u8| Self::ALPHABET.iter().position(|known| *known == byte).unwrap_or(0);
        (value(self.0[0]) << 5 | value(self.0[1])) as u16
    }

    fn character(bits: u64) -> u8 {
        let index = usize::from((bits & 31) as u8);
        Self::ALPHABET[index]
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::PREFIX)?;
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl fmt::Debug for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The bucket (0 to 1023) of a customer: what is sharded is sharded by it.
#[must_use]
pub fn bucket(environment: EnvironmentId, customer: &CustomerId) -> u16 {
    let mut hasher = Sha256::new();
    hasher.update(environment.0.to_be_bytes());
    hasher.update(customer.as_str().as_bytes());
    let hash = hasher.finalize();
    u16::from_be_bytes([hash[0], hash[1]]) & 1023
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_names_its_bucket() {
        for bucket in [0, 1, 31, 32, 33, 512, 1022, 1023] {
            assert_eq!(GrantId::mint(bucket, u64::MAX).bucket(), bucket);
            assert_eq!(GrantId::mint(bucket, 0).bucket(), bucket);
        }
    }

    #[test]
    fn patterns() {
        for good in ["a", "0", "a_b|c.d@e-f", &"x".repeat(255)] {
            assert!(CustomerId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "_a", "@a", "a b", "a/b", "é", "a\n", &"x".repeat(256)] {
            assert!(CustomerId::parse(bad).is_err(), "{bad}");
        }
        assert!(ResourceId::parse("a@b").is_err());
        assert!(CurrencyId::parse("a|b").is_ok());
        assert!(ReservationId::parse("any thing/é").is_ok());
        assert!(ReservationId::parse("a\u{7}").is_err());
        assert!(IdempotencyKey::parse(&"é".repeat(255)).is_ok());
        assert!(IdempotencyKey::parse(&"é".repeat(256)).is_err());
    }

    #[test]
    fn only_a_text_is_an_identifier() {
        use serde::de::value::{BoolDeserializer, Error, StrDeserializer};
        let read = CustomerId::deserialize(StrDeserializer::<Error>::new("acme"));
        assert_eq!(read.unwrap().as_str(), "acme");
        let flag = CustomerId::deserialize(BoolDeserializer::<Error>::new(true));
        let told = flag.unwrap_err().to_string();
        assert_eq!(told, "invalid type: boolean `true`, expected an identifier");
    }

    #[test]
    fn grant_ids_read_back() {
        let id = GrantId::mint(1023, u64::MAX);
        assert_eq!(id.to_string(), "cred-grant-zzzzzzzzzzzz");
        assert_eq!(GrantId::parse(&id.to_string()), Some(id));
        assert_eq!(GrantId::mint(33, 1).to_string(), "cred-grant-110000000001");
        for bad in ["", "cred-grant-", "cred-grant-short", "cred-grant-IIIIIIIIIIII", "x"] {
            assert_eq!(GrantId::parse(bad), None, "{bad}");
        }
    }
}
