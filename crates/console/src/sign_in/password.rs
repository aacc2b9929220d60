//! Passwords: hashed with argon2id, a few at a time, in threads of their own.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
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
    nobodys: PasswordHash,
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
        let salt: [u8; SALT_BYTES] = rand::random();
        let unknowable: [u8; HASH_BYTES] = rand::random();
        let nobodys = PasswordHash(written(PARAMETERS, &salt, &unknowable));
        let places = Arc::new(Semaphore::new(AT_A_TIME));
        let waiting = Arc::new(Semaphore::new(WAITING_MAX));
        Self { places, waiting, nobodys }
    }

    /// The hash of a new password.
    pub async fn hash(&self, password: &str) -> Result<PasswordHash, Busy> {
        let salt: [u8; SALT_BYTES] = rand::random();
        let hash = self.digest(password, PARAMETERS, salt.to_vec()).await?;
        Ok(PasswordHash(written(PARAMETERS, &salt, &hash)))
    }

    /// Whether a password is that of a hash. Without a hash it takes as long, and is none.
    pub async fn is_of(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, Busy> {
        let read = hash.and_then(|hash| read(&hash.0));
        let is_known = read.is_some();
        let stored = read.or_else(|| self::read(&self.nobodys.0)).ok_or(Busy)?;
        let digest = self.digest(password, stored.parameters, stored.salt).await?;
        Ok(is_known && is_same(&digest, &stored.hash))
    }

    async fn digest(
        &self,
        password: &str,
        (memory, passes, lanes): (u32, u32, u32),
        salt: Vec<u8>,
    ) -> Result<Vec<u8>, Busy> {
        let waits = Arc::clone(&self.waiting).try_acquire_owned().map_err(|_| Busy)?;
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| Busy)?;
        drop(waits);
        let password = password.to_owned();
        let digest = tokio::task::spawn_blocking(move || {
            // It goes on, and keeps its place, when whoever asked is gone.
            let _place = place;
            let parameters = Params::new(memory, passes, lanes, Some(HASH_BYTES)).ok()?;
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
            let mut hash = vec![0; HASH_BYTES];
            argon2.hash_password_into(password.as_bytes(), &salt, &mut hash).ok()?;
            Some(hash)
        });
        digest.await.ok().flatten().ok_or(Busy)
    }
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

/// A hash as it is stored.
struct Stored {
    parameters: (u32, u32, u32),
    salt: Vec<u8>,
    hash: Vec<u8>,
}

/// In the form of PHC strings.
fn written((memory, passes, lanes): (u32, u32, u32), salt: &[u8], hash: &[u8]) -> String {
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${salt}${hash}")
}

fn read(text: &str) -> Option<Stored> {
    let mut parts = text.strip_prefix("$argon2id$v=19$")?.split('$');
    let (parameters, salt, hash) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let mut numbers = parameters.split(',').zip(["m=", "t=", "p="]);
    let mut number = || {
        let (text, name) = numbers.next()?;
        text.strip_prefix(name)?.parse().ok()
    };
    let parameters = (number()?, number()?, number()?);
    let salt = STANDARD_NO_PAD.decode(salt).ok()?;
    let hash = STANDARD_NO_PAD.decode(hash).ok()?;
    (hash.len() == HASH_BYTES).then_some(Stored { parameters, salt, hash })
}

/// Whether two texts of bytes are equal, in a time that does not say where they differ.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = one.iter().zip(other).fold(0, |differs, (one, other)| differs | (one ^ other));
    one.len() == other.len() && differs == 0
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

    /// The hash of RFC 9106's function with known inputs, as the reference implementation gives it:
    /// `printf password | argon2 somesaltsomesalt -id -t 2 -m 14 -p 1 -l 32`.
    #[test]
    fn hashes_of_others_are_read() {
        let stored = read(
            "$argon2id$v=19$m=16384,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$\
                           AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        );
        let stored = stored.unwrap();
        assert_eq!(stored.parameters, (16_384, 2, 1));
        assert_eq!(stored.salt, b"somesaltsomesalt");
        for broken in [
            "",
            "$argon2i$v=19$m=16384,t=2,p=1$c29tZQ$c29tZQ",
            "$argon2id$v=16$m=16384,t=2,p=1$c29tZQ$c29tZQ",
            "$argon2id$v=19$t=2,m=16384,p=1$c29tZQ$c29tZQ",
            "$argon2id$v=19$m=16384,t=2,p=1$c29tZQ$c29tZQ",
        ] {
            assert!(read(broken).is_none(), "{broken}");
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
