//! What the threads call: drawn by the seed, meant to collide.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use scrip_oracle::{
    Amount, Change, Consume, Edit, Grant, GrantKind, Instant, Payment, Request, Short, WalletName,
};

use super::call::Call;
use super::wire::Names;

/// The one currency.
pub const CURRENCY: &str = "tokens";
/// Where the clock is set first: 2030-01-01.
pub const CLOCK_START: Instant = 1_893_456_000_000;

const CREDIT: Amount = 1_000_000_000;
const SECOND: Instant = 1_000;
const MINUTE: Instant = 60 * SECOND;
const DAY: Instant = 24 * 60 * MINUTE;
/// Keys and grants that all threads of a round share, for each wallet.
const SHARED: u32 = 5;

/// The wallets that are used for some rounds.
#[derive(Clone)]
pub struct World {
    /// Its number; in all names.
    pub generation: u32,
    /// Two customers' wallets.
    pub wallets: Arc<[WalletName]>,
    /// The farthest instant to which a move of the clock was asked for.
    pub clock: Arc<AtomicI64>,
}

impl World {
    /// So many wallets that nobody has used.
    pub fn new(generation: u32, wallets: usize, clock: Arc<AtomicI64>) -> Self {
        let wallet = |place: usize| WalletName {
            customer: format!("c{generation}-{}", place % 2),
            currency: CURRENCY.to_owned(),
            resource: (place >= 2).then(|| format!("r{}", place / 2)),
        };
        Self { generation, wallets: (0..wallets).map(wallet).collect(), clock }
    }

    /// The customers that own the wallets.
    pub fn customers(&self) -> Vec<String> {
        let mut customers: Vec<_> =
            self.wallets.iter().map(|wallet| wallet.customer.clone()).collect();
        customers.sort();
        customers.dedup();
        customers
    }

    /// The wallet to which the name of a grant belongs.
    pub fn wallet_of(&self, grant: &str) -> Option<&WalletName> {
        let place = grant.strip_prefix(&self.prefix())?.split_once('-')?.0;
        self.wallets.get(place.parse::<usize>().ok()?)
    }

    fn prefix(&self) -> String {
        format!("g{}-", self.generation)
    }
}

/// What one thread calls in one round.
pub struct Plan {
    world: World,
    names: Names,
    round: u32,
    thread: usize,
    /// Where the clock stood when the round began: instants in shared requests count from it.
    base: Instant,
    random: StdRng,
    number: u32,
}

impl Plan {
    /// Of a thread, by a seed of its own.
    pub fn new(world: &World, names: &Names, round: u32, thread: usize, seed: u64) -> Self {
        Self {
            world: world.clone(),
            names: names.clone(),
            round,
            thread,
            base: world.clock.load(Ordering::SeqCst),
            random: StdRng::seed_from_u64(seed),
            number: 0,
        }
    }

    /// The next call.
    pub fn next(&mut self) -> Call {
        self.number += 1;
        let wallet = self.wallet();
        let request = match self.random.random_range(0..100) {
            0..36 => Request::Consume(self.consume(&wallet)),
            36..48 => self.batch(),
            48..60 => self.grant(&wallet),
            60..64 => match self.known_grant() {
                Some(name) => Request::Void(name),
                None => self.grant(&wallet),
            },
            64..69 => match self.known_grant() {
                Some(id) => Request::Edit(Edit { id, change: self.change() }),
                None => self.grant(&wallet),
            },
            69..72 => self.move_clock(),
            72..74 => self.archive(&wallet),
            74..86 => {
                let requested = self.random.random_bool(0.3).then_some(20 * CREDIT);
                return Call::Check { wallet, requested };
            }
            86..92 => return Call::Grants(wallet),
            _ => return Call::Rows(wallet),
        };
        let key = self.key(&request);
        Call::Write { request, key }
    }

    /// The milliseconds, or less, that this call is given before it is given up.
    pub fn gives_up_after(&mut self) -> Option<std::time::Duration> {
        let gives_up = self.random.random_bool(0.03);
        gives_up.then(|| std::time::Duration::from_micros(self.random.random_range(100..4_000)))
    }

    /// After a call without an answer: try again at once?
    pub fn tries_again(&mut self) -> bool {
        self.random.random_bool(0.5)
    }

    fn wallet(&mut self) -> WalletName {
        let place = self.random.random_range(0..self.world.wallets.len());
        self.world.wallets[place].clone()
    }

    /// A consumption has its own key; some carry the header besides.
    fn key(&mut self, request: &Request) -> Option<String> {
        let (round, thread, number) = (self.round, self.thread, self.number);
        match request {
            Request::Grant(grant) => Some(grant.id.clone()),
            Request::Consume(consume) => {
                let carries = self.random.random_bool(0.1);
                carries.then(|| format!("{:?} {}", consume.wallet, consume.key).replace('"', ""))
            }
            Request::Batch(_) => None,
            _ => Some(format!("h{round}-{thread}-{number}")),
        }
    }

    fn consume(&mut self, wallet: &WalletName) -> Consume {
        // The same few keys in all wallets: a key belongs to its wallet.
        let (key, choice) = if self.random.random_bool(0.5) {
            let shared = self.random.random_range(0..SHARED);
            (format!("k{}-{shared}", self.round), shared)
        } else {
            let own = self.random.random_range(0..1_000);
            (format!("k{}-{}-{}-{own}", self.round, self.thread, self.number), own)
        };
        let differs = self.random.random_bool(0.06);
        let amount = Amount::from(choice % 11 + 1) * CREDIT
            + Amount::from(choice % 3)
            + if differs { CREDIT / 4 } else { 0 };
        Consume {
            wallet: wallet.clone(),
            key,
            amount,
            created_at: (choice % 5 == 4).then_some(self.base - 3_600 * SECOND),
            dimensions: Default::default(),
            short: Short::Overdraft,
        }
    }

    fn batch(&mut self) -> Request {
        let length = self.random.random_range(1..=6);
        let mut items: Vec<Consume> = Vec::new();
        for _ in 0..length {
            let wallet = self.wallet();
            let item = self.consume(&wallet);
            let clash = |other: &Consume| other.key == item.key && other.wallet == item.wallet;
            // One key twice with different content refuses the whole: seldom, and on purpose.
            let has_other = items.iter().any(|other| clash(other) && *other != item);
            if !has_other || self.random.random_bool(0.1) {
                items.push(item);
            }
        }
        if self.random.random_bool(0.06) {
            // A customer that nobody made refuses the whole.
            let nobody = WalletName { customer: "nobody".to_owned(), ..self.wallet() };
            let item = self.consume(&nobody);
            items.push(item);
        }
        Request::Batch(items)
    }

    fn grant(&mut self, wallet: &WalletName) -> Request {
        let place = self.world.wallets.iter().position(|known| known == wallet).unwrap_or_default();
        let number = self.round * 1_000 + self.random.random_range(0..SHARED * 2);
        let differs = self.random.random_bool(0.05);
        let choice = number % 1_000;
        Request::Grant(Grant {
            wallet: wallet.clone(),
            id: format!("{}{place}-{number}", self.world.prefix()),
            kind: if choice.is_multiple_of(2) { GrantKind::Paid } else { GrantKind::Promotional },
            amount: Amount::from(choice * 7 % 40 + 3) * CREDIT + Amount::from(differs),
            priority: [50, 50, 10, 90][choice as usize % 4],
            effective_at: (choice % 7 == 5).then_some(self.base + MINUTE),
            expire_at: match choice % 5 {
                0 => Some(self.base + MINUTE),
                1 => Some(self.base + 2 * MINUTE),
                2 => Some(self.base + 40 * DAY),
                _ => None,
            },
            cost: 0,
            payment: Payment::Nothing,
        })
    }

    fn known_grant(&mut self) -> Option<String> {
        let prefix = self.world.prefix();
        let mut known = self.names.known();
        known.retain(|name| name.starts_with(&prefix));
        // Those of this round are the likelier to be in use.
        let newest = known.len().saturating_sub(12);
        let place = self.random.random_range(newest..known.len().max(newest + 1));
        known.get(place).cloned()
    }

    fn change(&mut self) -> Change {
        let priority = self.random.random_bool(0.6).then(|| self.random.random_range(0..=100));
        let expire_at =
            self.random.random_bool(0.6).then(|| match self.random.random_range(0..4) {
                0 => None,
                1 => Some(self.base + MINUTE),
                2 => Some(self.base + 3 * MINUTE),
                _ => Some(self.base + DAY),
            });
        Change { priority, expire_at, display_name: None }
    }

    /// Mostly onto an instant at which something begins or ends, or beside it.
    fn move_clock(&mut self) -> Request {
        let hint = self.world.clock.load(Ordering::SeqCst);
        let to = match self.random.random_range(0..10) {
            0..3 => hint + self.random.random_range(1..2_000),
            3..6 => self.base + MINUTE,
            6 => self.base + MINUTE - 1,
            7 => self.base + 2 * MINUTE,
            8 => hint + MINUTE,
            _ => hint + DAY,
        };
        self.world.clock.fetch_max(to, Ordering::SeqCst);
        Request::MoveClock(to)
    }

    fn archive(&mut self, wallet: &WalletName) -> Request {
        if self.random.random_bool(0.3) {
            Request::ArchiveCustomer(wallet.customer.clone())
        } else {
            Request::UnarchiveCustomer(wallet.customer.clone())
        }
    }
}
