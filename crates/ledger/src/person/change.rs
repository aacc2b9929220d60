//! What is done to people.

use super::{Email, Identity, PasswordHash, Role, SignInLink};

/// A change of a person.
#[derive(Clone, Debug)]
pub struct PersonChange {
    /// Who, by the address.
    pub email: Email,
    /// What is done.
    pub deed: PersonDeed,
}

/// What is done to a person.
#[derive(Clone, Debug)]
pub enum PersonDeed {
    /// They come to be, or get a place in another account: a disabled one if they have a password, which
    /// that account knows nothing of.
    Invite {
        /// The public identifier of somebody new.
        person_id: String,
        /// What people call somebody new.
        display_name: String,
        /// The account.
        account: String,
        /// What they may there.
        role: Role,
        /// By what somebody new, and nobody else, signs in first.
        link: Option<SignInLink>,
    },
    /// They may something else in an account.
    SetRole {
        /// The account.
        account: String,
        /// What they may there.
        role: Role,
    },
    /// They may nothing in an account any more, or again what they might.
    SetDisabled {
        /// The account.
        account: String,
        /// They may nothing there.
        is_disabled: bool,
    },
    /// They belong to an account no more. Without any they are removed.
    Leave {
        /// The account.
        account: String,
    },
    /// They are called something else.
    Rename(String),
    /// They have another password; all that they signed in with before is over.
    SetPassword(PasswordHash),
    /// They sign in elsewhere, once and for all: whoever is somebody there already stays so.
    Identify(Identity),
    /// All sessions are over.
    EndSessions,
    /// A link is made by which they get a password, by the only account that they belong to.
    Link {
        /// The account.
        account: String,
        /// The link.
        link: SignInLink,
    },
}

/// A link is used: once, and for all of this.
#[derive(Clone, Debug)]
pub struct LinkUse {
    /// The SHA-256 of its token.
    pub token_hash: [u8; 32],
    /// What people call them from now on.
    pub display_name: String,
    /// By what they sign in from now on.
    pub password_hash: PasswordHash,
    /// Of the first owner, who is not known yet: the address and the public identifier to be.
    pub newcomer: Option<(Email, String)>,
}
