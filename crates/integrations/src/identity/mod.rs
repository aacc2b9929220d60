//! Who people are, as others say it: issuers of OpenID Connect and of JSON Web Tokens.
//!
//! An [`Issuer`] is known by its exact name. Its keys come from its own key set alone, never from a
//! token, and which algorithm a key is for is said by the key. A [`CodeFlow`] signs people in by an
//! authorization code with PKCE, `state` and `nonce` (RFC 6749, RFC 7636, OpenID Connect Core 3.1).

mod code_flow;
mod fetching;
mod issuer;
mod keys;
mod token;
mod url;

pub use code_flow::{CodeFlow, CodeFlowOptions, Identified, SignInError, Started};
pub use issuer::{InvalidIssuer, Issuer};
pub use token::{Claims, TokenError};

/// Random bytes as text that fits into a URL: 256 bits.
fn random_text() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}
