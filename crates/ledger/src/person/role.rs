//! Roles: what a person may in an account.

use std::fmt;

use crate::{Permissions, Scope};

/// What a person may in an account; each may what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks.
    Viewer,
    /// Helps customers: gives credits and takes them back, burns them, and changes customers.
    Support,
    /// Everything but people and accounts.
    Admin,
    /// Everything.
    Owner,
}

impl Role {
    /// All of them, the least first.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Support, Self::Admin, Self::Owner];

    /// Its name, in the API and in what is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "VIEWER",
            Self::Support => "SUPPORT",
            Self::Admin => "ADMIN",
            Self::Owner => "OWNER",
        }
    }

    /// Reads its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// What it may ask for.
    #[must_use]
    pub fn permissions(self) -> Permissions {
        match self {
            Self::Viewer => Permissions::of([Scope::Read]),
            Self::Support => {
                Permissions::of([Scope::Read, Scope::Grants, Scope::Consumption, Scope::Customers])
            }
            Self::Admin => Permissions::Admin,
            Self::Owner => Permissions::Full,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each role may what those before it may, and one thing more at least.
    #[test]
    fn each_role_may_more_than_the_one_before_it() {
        for (less, more) in Role::ALL.iter().zip(&Role::ALL[1..]) {
            let (less, more) = (less.permissions(), more.permissions());
            assert!(more.include(less), "{more:?} {less:?}");
            assert!(!less.include(more), "{less:?} {more:?}");
        }
    }

    #[test]
    fn names_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("owner"), None);
    }
}
