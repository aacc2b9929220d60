//! The keys of an issuer, as its JSON Web Key Set says (RFC 7517, RFC 7518, RFC 8037).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents,
    UnparsedPublicKey,
};
use serde::Deserialize;

/// Keys of a set that are read: nobody has more that are good at a time.
const KEYS_MAX: usize = 100;

/// How a token is signed. There are no others: none without a signature, none with a shared secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Es256,
    EdDsa,
}

impl Algorithm {
    /// As tokens and keys name it.
    pub(super) fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" => Some(Self::EdDsa),
            _ => None,
        }
    }
}

/// What a key is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Material {
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    P256 { point: Vec<u8> },
    Ed25519 { public: Vec<u8> },
}

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    id: String,
    material: Material,
}

/// The keys that an issuer has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeySet(Vec<Key>);

#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set. Keys that are not for signatures of tokens, or that nobody here understands, are
    /// left out.
    pub(super) fn read(json: &[u8]) -> Result<Self, String> {
        let set: Set = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        let read = |key| serde_json::from_value::<Jwk>(key).ok().and_then(Jwk::read);
        Ok(Self(set.keys.into_iter().filter_map(read).take(KEYS_MAX).collect()))
    }

    /// The key of this name for this algorithm.
    pub(super) fn find(&self, id: &str, algorithm: Algorithm) -> Option<&Key> {
        self.0.iter().find(|key| key.id == id && key.algorithm() == algorithm)
    }

    /// Whether a key has this name, whatever it is for.
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }
}

impl Key {
    /// What it is for: nothing that a token says changes that.
    const fn algorithm(&self) -> Algorithm {
        match self.material {
            Material::Rsa { .. } => Algorithm::Rs256,
            Material::P256 { .. } => Algorithm::Es256,
            Material::Ed25519 { .. } => Algorithm::EdDsa,
        }
    }

    /// Whether it signed this.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.material {
            Material::Rsa { modulus, exponent } => {
                RsaPublicKeyComponents { n: modulus, e: exponent }.verify(
                    &RSA_PKCS1_2048_8192_SHA256,
                    message,
                    signature,
                )
            }
            Material::P256 { point } => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            Material::Ed25519 { public } => {
                UnparsedPublicKey::new(&ED25519, public).verify(message, signature)
            }
        }
        .is_ok()
    }
}

impl Jwk {
    fn read(self) -> Option<Key> {
        let bytes = |text: &Option<String>| URL_SAFE_NO_PAD.decode(text.as_deref()?).ok();
        if self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return None;
        }
        let material = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => {
                Material::Rsa { modulus: trimmed(&bytes(&self.n)?), exponent: bytes(&self.e)? }
            }
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes(&self.x)?, bytes(&self.y)?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                Material::P256 { point: [&[4], x.as_slice(), y.as_slice()].concat() }
            }
            ("OKP", Some("Ed25519")) => Material::Ed25519 { public: bytes(&self.x)? },
            _ => return None,
        };
        let key = Key { id: self.kid?, material };
        let is_for_another =
            self.alg.is_some_and(|name| Algorithm::parse(&name) != Some(key.algorithm()));
        (!is_for_another).then_some(key)
    }
}

/// A number without the zeros in front.
fn trimmed(number: &[u8]) -> Vec<u8> {
    number.iter().copied().skip_while(|byte| *byte == 0).collect()
}
