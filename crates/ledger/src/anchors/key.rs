//! The key that signs anchors, and how signatures are checked.
//!
//! A file of the key is PEM around PKCS#8, as `openssl genpkey -algorithm ed25519` writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use super::{Anchor, InvalidAnchor, Statement};

/// Signs anchors.
pub struct AnchorKey(Ed25519KeyPair);

/// A text that is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKey {
    /// It is no PEM of a private key.
    #[error("it is no PEM file with a PRIVATE KEY in it")]
    Pem,
    /// Of another algorithm, or damaged.
    #[error("it is no Ed25519 key in PKCS#8")]
    Pkcs8,
}

const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// PKCS#8, version 1, of an Ed25519 key (RFC 8410), up to the 32 bytes of the key.
const PKCS8_BEGIN: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

impl AnchorKey {
    /// A key as the text of its file, of 32 random bytes.
    #[must_use]
    pub fn pem_of(random: [u8; 32]) -> String {
        let der = [PKCS8_BEGIN.as_slice(), &random].concat();
        format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", STANDARD.encode(der))
    }

    /// Reads the text of a file.
    pub fn of_pem(text: &str) -> Result<Self, InvalidKey> {
        let begin = text.find(PEM_BEGIN).ok_or(InvalidKey::Pem)? + PEM_BEGIN.len();
        let rest = &text[begin..];
        let encoded = &rest[..rest.find(PEM_END).ok_or(InvalidKey::Pem)?];
        let encoded: String = encoded.split_whitespace().collect();
        let der = STANDARD.decode(encoded).map_err(|_| InvalidKey::Pem)?;
        // Version 1 has no public key to compare with.
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).map(Self).map_err(|_| InvalidKey::Pkcs8)
    }

    /// The public key.
    #[must_use]
    pub fn public_key(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        bytes
    }

    /// Signs a statement, which names this key. `position` is that of the last row that it covers.
    #[must_use]
    pub fn sign(&self, statement: Statement, position: u64) -> Anchor {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.0.sign(statement.to_string().as_bytes()).as_ref());
        Anchor { statement, signature, position }
    }
}

/// Whether a signature is that of a text by a public key.
pub(super) fn check(
    public_key: &[u8; 32],
    text: &str,
    signature: &[u8; 64],
) -> Result<(), InvalidAnchor> {
    let key = UnparsedPublicKey::new(&ED25519, public_key);
    key.verify(text.as_bytes(), signature).map_err(|_| InvalidAnchor::Signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of RFC 8410, section 10.3.
    const OF_RFC: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC
-----END PRIVATE KEY-----
";
    const OF_RFC_PUBLIC: &str = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

    #[test]
    fn keys_of_others_are_read() {
        let key = AnchorKey::of_pem(OF_RFC).unwrap();
        assert_eq!(crate::anchors::to_hex(&key.public_key()), OF_RFC_PUBLIC);
    }

    #[test]
    fn what_is_made_is_read() {
        let (one, other) = (AnchorKey::pem_of([1; 32]), AnchorKey::pem_of([2; 32]));
        let public = |pem: &str| AnchorKey::of_pem(pem).unwrap().public_key();
        assert_ne!(public(&one), public(&other));
        assert_eq!(public(&one), public(&format!("a key\n{}", one.replace('\n', "\r\n"))));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let pem = AnchorKey::pem_of([1; 32]);
        let refused = |text: &str| AnchorKey::of_pem(text).err().unwrap();
        assert_eq!(refused(""), InvalidKey::Pem);
        assert_eq!(refused(&pem.replace("BEGIN", "BEGUN")), InvalidKey::Pem);
        assert_eq!(refused(&pem.replace("-----END", "")), InvalidKey::Pem);
        assert_eq!(refused(&pem.replace("MC4C", "****")), InvalidKey::Pem);
        assert_eq!(refused(&pem.replace("MC4C", "MC4D")), InvalidKey::Pkcs8);
    }
}
