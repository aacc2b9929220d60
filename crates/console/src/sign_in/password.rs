//! Passwords: hashed with argon2id, a few at a time, in threads of their own.

use std::sync::Arc;

use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::password_hash::{Error, PasswordHasher as _, PasswordVerifier as _, phc};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Params, Version};
use scrip_ledger::PasswordHash;
use tokio::sync::Semaphore;

/// KiB of memory, passes and lanes: the first choice of OWASP's Password Storage Cheat Sheet.
const PARAMETERS: (u32, u32, u32) = (19 * 1024, 2, 1);
/// Bytes of a hash.
const HASH_BYTES: usize = 32;
/// Bytes of a salt.
const SALT_BYTES: usize = 16;
/// Hashes that are made at a time: each takes a processor and 19 MiB.
const AT_A_TIME: usize = 2;
/// Requests that may wait for one. Whoever comes then is told to come again.
const WAITING_MAX: usize = 32;

/// Characters of a password at least.
pub const LENGTH_MIN: usize = 12;
/// Bytes of a password at most.
pub const BYTES_MAX: usize = 1_024;

/// Hashes passwords.
pub struct Passwords {
    places: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// What the password of somebody unknown is compared with, so that it takes as long.
    nobodys: Option<phc::PasswordHash>,
}

/// Too many wait already, or the system has no memory for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// Two at a time.
    #[must_use]
    pub fn new() -> Self {
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        let waiting = Arc::new(Semaphore::new(WAITING_MAX));
        Self { places, waiting, nobodys: nobodys() }
    }

    /// The hash of a new password.
    pub async fn hash(&self, password: &str) -> Result<PasswordHash, Busy> {
        let password = password.to_owned();
        let salt: [u8; SALT_BYTES] = rand::random();
        let hash = self.in_a_place(move || {
            let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt).ok()?;
            Some(PasswordHash(hash.to_string()))
        });
        hash.await
    }

    /// Whether a password is that of a hash. Without a hash it takes as long, and is none.
    pub async fn is_of(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, Busy> {
        let read = hash.and_then(|hash| read(&hash.0));
        let is_known = read.is_some();
        let stored = read.or_else(|| self.nobodys.clone()).ok_or(Busy)?;
        let password = password.to_owned();
        let is_right = self.in_a_place(move || {
            // With the parameters of the hash that is stored.
            match argon2()?.verify_password(password.as_bytes(), &stored) {
                Ok(()) => Some(true),
                Err(Error::PasswordInvalid) => Some(false),
                Err(_) => None,
            }
        });
        Ok(is_right.await? && is_known)
    }

    /// Does what takes long in a thread of its own, when there is a place for it.
    async fn in_a_place<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Option<T> + Send + 'static,
    ) -> Result<T, Busy> {
        let waits = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Busy)?;
        drop(waits);
        let done = tokio::task::spawn_blocking(move || {
            // It goes on, and keeps its place, when whoever asked is gone.
            let _place = place;
            work()
        });
        done.await.ok().flatten().ok_or(Busy)
    }
}

/// How new passwords are hashed.
fn argon2() -> Option<Argon2<'static>> {
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters()?))
}

fn parameters() -> Option<Params> {
    let (memory, passes, lanes) = PARAMETERS;
    Params::new(memory, passes, lanes, Some(HASH_BYTES)).ok()
}

/// A hash of no password.
fn nobodys() -> Option<phc::PasswordHash> {
    Some(phc::PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(&parameters()?).ok()?,
        salt: Some(Salt::new(&rand::random::<[u8; SALT_BYTES]>()).ok()?),
        hash: Some(Output::new(&rand::random::<[u8; HASH_BYTES]>()).ok()?),
    })
}

/// A hash as it is stored, if it is of the one function by which passwords are hashed here.
fn read(text: &str) -> Option<phc::PasswordHash> {
    let stored = phc::PasswordHash::new(text).ok()?;
    let params = Params::try_from(&stored).ok()?;
    let is_ours = stored.algorithm == ARGON2ID_IDENT
        && stored.version == Some(Version::V0x13.into())
        // All of them, and in their order.
        && stored.params == ParamsString::try_from(&params).ok()?
        && stored.hash.is_some_and(|hash| hash.len() == HASH_BYTES);
    is_ours.then_some(stored)
}

/// What is wrong with a new password, if anything is: it is short, or is what everybody can guess.
pub fn complaint(password: &str, email: &str) -> Option<&'static str> {
    let lower = password.to_lowercase();
    let local = email.split('@').next().unwrap_or_default();
    let mut characters: Vec<char> = lower.chars().collect();
    characters.sort_unstable();
    characters.dedup();
    if password.chars().count() < LENGTH_MIN {
        Some("The password must have at least 12 characters.")
    } else if password.len() > BYTES_MAX {
        Some("The password must have at most 1,024 bytes.")
    } else if characters.len() < 5 {
        Some("The password must have at least five different characters.")
    } else if lower == email || (local.len() >= 4 && lower.contains(local)) {
        Some("The password must not contain the e-mail address.")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse").await.unwrap();
        assert!(hash.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.0);
        assert!(!hash.0.contains("correct"));
        assert_ne!(passwords.hash("correct horse").await.unwrap(), hash, "salted");
        for (password, known, is_right) in [
            ("correct horse", Some(&hash), true),
            ("correct horsf", Some(&hash), false),
            ("", Some(&hash), false),
            ("correct horse", None, false),
            ("correct horse", Some(&PasswordHash("$argon2id$broken".to_owned())), false),
        ] {
            assert_eq!(
                passwords.is_of(password, known).await,
                Ok(is_right),
                "{password} {known:?}"
            );
        }
    }

    /// Hashes of `password` with `somesalt`, as the tests of the reference implementation have them.
    #[tokio::test]
    async fn hashes_of_others_are_read() {
        let passwords = Passwords::new();
        for hash in [
            "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4",
            "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
        ] {
            let stored = Some(PasswordHash(hash.to_owned()));
            assert_eq!(passwords.is_of("password", stored.as_ref()).await, Ok(true), "{hash}");
            assert_eq!(passwords.is_of("Password", stored.as_ref()).await, Ok(false), "{hash}");
            assert!(read(hash).is_some());
            for (whole, broken) in [
                ("$argon2id$", "$argon2i$"),
                ("v=19", "v=16"),
                ("v=19$", ""),
                ("t=2", "t=x"),
                (",t=2,p=1", ",p=1,t=2"),
                (",p=1", ""),
                ("$c29tZXNhbHQ", "$c29t"),
                ("$c29tZXNhbHQ$", "$c29tZXNhbHQ$AAAA"),
                ("$c29tZXNhbHQ$", "$c29tZXNhbHQ$!"),
                ("$argon2id", ""),
            ] {
                let broken = hash.replace(whole, broken);
                assert_ne!(broken, hash);
                assert!(read(&broken).is_none(), "{broken}");
            }
            // Cut off.
            assert!(read(&hash[..hash.len() - 8]).is_none());
        }
    }

    /// Sign-ins cannot take the server: more than a few wait, and more than that are turned away.
    #[tokio::test(flavor = "multi_thread")]
    async fn only_so_many_wait() {
        let passwords = Arc::new(Passwords::new());
        let held = passwords.places.clone().acquire_many_owned(2).await.unwrap();
        let waiting: Vec<_> = (0..WAITING_MAX)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.is_of("x", None).await })
            })
            .collect();
        while passwords.waiting.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.is_of("x", None).await, Err(Busy));
        for one in &waiting {
            one.abort();
        }
        drop(held);
    }

    #[test]
    fn what_everybody_can_guess_is_no_password() {
        for (password, is_good) in [
            ("correct horse", true),
            ("elevenchars", false),
            ("aaaaaaaaaaaaaaaa", false),
            ("ann.bauer-123456", false),
            ("Ann.Bauer@example.com", false),
            ("pässwörterbuch", true),
        ] {
            assert_eq!(
                complaint(password, "ann.bauer@example.com").is_none(),
                is_good,
                "{password}"
            );
        }
        assert!(complaint(&"abcde".repeat(205), "ann@example.com").is_some());
    }
}
