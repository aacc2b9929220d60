//! What a key may.

use std::fmt;

/// A part of what can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Read everything but API keys.
    Read,
    /// Give credits and take them back: grants, recurring ones, recharges and invoices.
    Grants,
    /// Burn credits, set them aside and give them back.
    Consumption,
    /// Make and change customers, how they pay, and what they are elsewhere.
    Customers,
    /// Change what holds for all customers: currencies, webhooks, the payment provider, the test clock.
    Settings,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Read, Self::Grants, Self::Consumption, Self::Customers, Self::Settings];

    /// Its name, in the API and in what is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Grants => "grants",
            Self::Consumption => "consumption",
            Self::Customers => "customers",
            Self::Settings => "settings",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a key, or a person, may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Permissions {
    /// Everything: API keys, people and accounts too.
    Full,
    /// Every scope, and API keys that hold no more than scopes; neither people nor accounts. No key
    /// holds it, only people whose role is [`crate::Role::Admin`].
    Admin,
    /// What these scopes allow, of which none implies another.
    Scoped(Scopes),
}

/// A set of scopes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Permissions {
    /// What stands for [`Permissions::Full`] in a list of scopes, alone.
    pub const FULL: &'static str = "full";

    /// What these scopes allow.
    #[must_use]
    pub fn of(scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self::Scoped(Scopes(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit())))
    }

    /// What was stored. A scope of a later release is none that anything here needs.
    pub(super) fn of_stored(names: &[String]) -> Self {
        if names.iter().any(|name| name == Self::FULL) {
            return Self::Full;
        }
        let is_named = |scope: &Scope| names.iter().any(|name| name == scope.as_str());
        Self::of(Scope::ALL.into_iter().filter(is_named))
    }

    /// Whether they hold this scope.
    #[must_use]
    pub const fn allow(self, scope: Scope) -> bool {
        match self {
            Self::Full | Self::Admin => true,
            Self::Scoped(Scopes(bits)) => bits & scope.bit() != 0,
        }
    }

    /// Whether they manage API keys: none that holds more than they do.
    #[must_use]
    pub const fn manage_keys(self) -> bool {
        matches!(self, Self::Full | Self::Admin)
    }

    /// Whether whoever holds these holds those too.
    #[must_use]
    pub fn include(self, those: Self) -> bool {
        match (self, those) {
            (Self::Full, _) => true,
            (_, Self::Full) => false,
            (Self::Admin, _) => true,
            (_, Self::Admin) => false,
            (Self::Scoped(_), Self::Scoped(_)) => {
                Scope::ALL.into_iter().all(|scope| self.allow(scope) || !those.allow(scope))
            }
        }
    }

    /// The names of the scopes, or [`Permissions::FULL`].
    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        match self {
            Self::Full => vec![Self::FULL],
            Self::Admin | Self::Scoped(_) => {
                let held = Scope::ALL.into_iter().filter(|scope| self.allow(*scope));
                held.map(Scope::as_str).collect()
            }
        }
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}
