//! What requests say of people.

use scrip_ledger::anchors::to_hex;
use scrip_ledger::{Email, LinkPurpose, Role, SignInLink, secret_hash};
use serde_json::Value;

use crate::error::ApiError;
use crate::fields;
use crate::http::Call;
use crate::json::Text;
use crate::openapi::schema::choice;

/// How long an invitation is good.
pub(super) const INVITATION_DAYS: i64 = 7;

/// An address.
pub(super) fn email(text: &Text<'_>) -> Result<Email, ApiError> {
    Email::parse(&text.0).map_err(|error| ApiError::bad_input(format!("email {error}")))
}

/// A role.
pub(super) fn role(text: &Text<'_>) -> Result<Role, ApiError> {
    fields::choice("role", &text.0, &Role::ALL.map(|role| (role.as_str(), role)))
}

pub(super) fn role_schema() -> Value {
    choice(Role::ALL.map(Role::as_str))
}

/// What people call somebody: not empty.
pub(super) fn display_name(text: &Text<'_>) -> Result<String, ApiError> {
    fields::visible_text("displayName", text)
}

/// A link to be, and its token, which is shown once. It is no `Debug`, so that no log gets to see it.
pub(super) struct Minted {
    /// 256 random bits.
    pub token: Box<str>,
    /// What is stored of it.
    pub link: SignInLink,
}

/// A link for somebody of an account. As whom they are meant is filled in where it is stored.
pub(super) fn mint(call: &Call, account: &str, email: &Email) -> Minted {
    let mut bits = [0; 32];
    call.app().ids().fill(&mut bits);
    let token = to_hex(&bits);
    let purpose = LinkPurpose::Password {
        account: account.to_owned(),
        email: email.clone(),
        generation: 0,
        person_id: String::new(),
    };
    let expires_at = call.real_now().later(INVITATION_DAYS * 24 * 60 * 60 * 1_000);
    let token_hash = secret_hash(token.as_bytes());
    Minted { token: token.into(), link: SignInLink { token_hash, purpose, expires_at } }
}
