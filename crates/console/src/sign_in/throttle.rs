//! How often somebody may try to sign in: by address of e-mail, and by where the tries come from.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::Ipv6Addr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Tries at once, and how long until another one, for an address of e-mail.
const BY_EMAIL: Rate = Rate { at_once: 10, every: Duration::from_secs(30) };
/// The same for where they come from: a whole office may come from one place.
const BY_PEER: Rate = Rate { at_once: 60, every: Duration::from_secs(2) };
/// What is remembered at a time; whoever tries more different ones waits for all.
const REMEMBERED_MAX: usize = 100_000;

/// So many at once, then one in so long.
#[derive(Clone, Copy)]
struct Rate {
    at_once: u32,
    every: Duration,
}

/// Counts tries. What is counted is what was tried, not what was right: whether it was is nobody's business.
pub struct Throttle {
    emails: Counted<[u8; 32]>,
    peers: Counted<String>,
}

impl Throttle {
    pub fn new() -> Self {
        Self { emails: Counted::of(BY_EMAIL), peers: Counted::of(BY_PEER) }
    }

    /// Counts a try; for one too many, how long to wait. An address is kept as a hash, so that what is
    /// remembered does not grow with what is sent.
    pub fn count(&self, email: &str, peer: &str) -> Result<(), Duration> {
        let now = Instant::now();
        self.peers.count(place(peer), now)?;
        let email = email.trim().to_lowercase();
        self.emails.count(scrip_ledger::secret_hash(email.as_bytes()), now)
    }
}

/// Where tries come from: of IPv6 the network, for whoever has one has all its addresses.
fn place(peer: &str) -> String {
    match peer.parse::<Ipv6Addr>() {
        Ok(address) => {
            let [first, second, third, fourth, ..] = address.segments();
            format!("{first:x}:{second:x}:{third:x}:{fourth:x}::/64")
        }
        Err(_) => peer.to_owned(),
    }
}

/// When each may try again all at once: each try moves that by the time of one.
struct Counted<K> {
    rate: Rate,
    idle_at: Mutex<HashMap<K, Instant>>,
}

impl<K: Eq + Hash> Counted<K> {
    fn of(rate: Rate) -> Self {
        Self { rate, idle_at: Mutex::default() }
    }

    fn count(&self, key: K, now: Instant) -> Result<(), Duration> {
        let mut idle_at = self.idle_at.lock().unwrap_or_else(PoisonError::into_inner);
        if idle_at.len() >= REMEMBERED_MAX {
            idle_at.retain(|_, at| *at > now);
            if idle_at.len() >= REMEMBERED_MAX {
                return Err(self.rate.every);
            }
        }
        let most = self.rate.every * self.rate.at_once;
        let at = idle_at.get(&key).copied().unwrap_or(now).max(now) + self.rate.every;
        let ahead = at.saturating_duration_since(now);
        if ahead > most {
            return Err(ahead - most);
        }
        idle_at.insert(key, at);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_counted() {
        let rate = Rate { at_once: 3, every: Duration::from_secs(10) };
        let counted = Counted::of(rate);
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        for (seconds, key, waits) in [
            (0, "a", None),
            (0, "a", None),
            (0, "a", None),
            (0, "a", Some(10)),
            // Others are not held up, and a try that was refused does not count.
            (0, "b", None),
            (9, "a", Some(1)),
            (10, "a", None),
            (10, "a", Some(10)),
            (100, "a", None),
            (100, "a", None),
            (100, "a", None),
            (100, "a", Some(10)),
        ] {
            let told = counted.count(key, at(seconds)).err();
            assert_eq!(told, waits.map(Duration::from_secs), "{seconds} {key}");
        }
    }

    /// However an address is written, it is the same; and whoever tries many is held up himself.
    #[test]
    fn an_address_is_one_however_it_is_written() {
        let throttle = Throttle::new();
        for written in ["a@b.c", "A@B.C", " a@b.c "].iter().cycle().take(10) {
            throttle.count(written, "peer").unwrap();
        }
        assert!(throttle.count("a@B.c", "other").is_err());
        assert!(throttle.count("b@b.c", "other").is_ok());
        let mut tried = 0;
        while throttle.count(&format!("{tried}@b.c"), "peer").is_ok() {
            tried += 1;
        }
        assert_eq!(tried, 50);
    }

    #[test]
    fn a_network_is_one_place() {
        for (peer, is) in [
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
            ("192.0.2.1", "192.0.2.1"),
            ("", ""),
        ] {
            assert_eq!(place(peer), is);
        }
    }
}
