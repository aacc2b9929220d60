//! Writes what is asked: keys of 36 characters, two dimensions, wallets at random.

use std::fmt::Write as _;

use clap::ValueEnum;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use crate::workload::{Among, CURRENCY, customer_id};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mix {
    /// One consumption a request.
    Single,
    /// Consumptions in batches.
    Batch,
    /// A reservation and its release, one after the other: both count as one.
    Holds,
    /// Entitlement checks: whether something may be used, with the balance.
    Reads,
}

impl Mix {
    /// As it is chosen.
    pub fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// Consumptions that were answered; every one that was asked for, as nobody gives up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// How many.
    pub consumptions: u64,
    /// Of how many thousandths of a credit altogether.
    pub thousandths: u64,
}

impl Acknowledged {
    /// These, too.
    pub const fn add(&mut self, more: Self) {
        self.consumptions += more.consumptions;
        self.thousandths += more.thousandths;
    }
}

/// Writes the requests of one connection; the same ones for the same run and connection.
pub struct Writer {
    random: StdRng,
    among: Among,
    run: u64,
    connection: u64,
    written: Acknowledged,
    /// Of the reservation that is held.
    held: Held,
    path: String,
    body: String,
}

#[derive(Default)]
struct Held {
    wallet: u32,
    thousandths: u64,
}

impl Writer {
    /// The writer of one connection.
    pub fn new(among: Among, run: u64, connection: u64) -> Self {
        let random = StdRng::seed_from_u64(run.wrapping_mul(1_000).wrapping_add(connection));
        let (written, held) = (Acknowledged::default(), Held::default());
        let (path, body) = (String::new(), String::new());
        Self { random, among, run, connection, written, held, path, body }
    }

    /// All that was asked for so far.
    pub const fn written(&self) -> Acknowledged {
        self.written
    }

    /// A consumption: where it is posted, and its body.
    pub fn single(&mut self) -> (&str, &str) {
        self.body.clear();
        self.item();
        ("/api/v1/credits/consumption", &self.body)
    }

    /// A batch of consumptions: where it is posted, and its body.
    pub fn batch(&mut self, items: usize) -> (&str, &str) {
        self.body.clear();
        self.body.push_str("{\"consumptions\":[");
        for index in 0..items {
            if index > 0 {
                self.body.push(',');
            }
            self.item();
        }
        self.body.push_str("]}");
        ("/api/v1/credits/consumption/async", &self.body)
    }

    /// A reservation: where it is posted, and its body.
    pub fn reserve(&mut self) -> (&str, &str) {
        let (wallet, thousandths) = (self.wallet(), self.amount());
        self.held = Held { wallet, thousandths };
        self.written.consumptions += 1;
        let (customer, key) = (customer_id(wallet), self.key());
        let amount = Thousandths(thousandths);
        self.body.clear();
        let _ = write!(
            self.body,
            "{{\"customerId\":\"{customer}\",\"currencyId\":\"{CURRENCY}\",\
             \"reservationId\":\"{key}\",\"amount\":{amount},\"ttlSeconds\":600}}"
        );
        ("/api/v1/credits/reservations", &self.body)
    }

    /// The release of what was reserved last, of which half is used: where it is posted, and its
    /// body.
    pub fn release(&mut self) -> (&str, &str) {
        let used = self.held.thousandths / 2;
        self.written.thousandths += used;
        let (customer, key) = (customer_id(self.held.wallet), self.key());
        let amount = Thousandths(used);
        self.path.clear();
        let _ = write!(self.path, "/api/v1/credits/reservations/{key}/release");
        self.body.clear();
        let _ = write!(
            self.body,
            "{{\"customerId\":\"{customer}\",\"currencyId\":\"{CURRENCY}\",\
             \"consumedAmount\":{amount}}}"
        );
        (&self.path, &self.body)
    }

    /// Where it says how much a customer may use.
    pub fn balance(&mut self) -> &str {
        let customer = customer_id(self.wallet());
        self.path.clear();
        let _ = write!(
            self.path,
            "/api/v1/customers/{customer}/entitlements/check?currencyId={CURRENCY}"
        );
        &self.path
    }

    fn item(&mut self) {
        let (wallet, thousandths) = (self.wallet(), self.amount());
        self.written.consumptions += 1;
        self.written.thousandths += thousandths;
        let (customer, key) = (customer_id(wallet), self.key());
        let amount = Thousandths(thousandths);
        let user = self.random.random_range(0..50);
        // Writing into a string cannot fail.
        let _ = write!(
            self.body,
            "{{\"customerId\":\"{customer}\",\"currencyId\":\"{CURRENCY}\",\
             \"amount\":{amount},\"idempotencyKey\":\"{key}\",\
             \"dimensions\":{{\"model\":\"large-2026\",\"user\":\"user-{user}\"}}}}"
        );
    }

    fn wallet(&mut self) -> u32 {
        self.among.number(self.random.random_range(0..self.among.count()))
    }

    fn amount(&mut self) -> u64 {
        self.random.random_range(1..5_000)
    }

    /// The key of the newest consumption; nobody else has it.
    fn key(&self) -> String {
        let (run, connection, sequence) = (self.run, self.connection, self.written.consumptions);
        format!("{run:08x}-{connection:08x}-{sequence:018x}")
    }
}

/// An amount as a decimal.
struct Thousandths(u64);

impl std::fmt::Display for Thousandths {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}.{:03}", self.0 / 1_000, self.0 % 1_000)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read(body: &str) -> Value {
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn keys_have_the_length_that_the_tables_speak_of() {
        let mut writer = Writer::new(Among::all(10), 7, 3);
        let (_, body) = writer.batch(3);
        let items = read(body)["consumptions"].as_array().unwrap().clone();
        assert_eq!(items.len(), 3);
        for item in &items {
            assert_eq!(item["idempotencyKey"].as_str().unwrap().len(), 36);
            assert_eq!(item["dimensions"].as_object().unwrap().len(), 2);
        }
        assert_ne!(items[0]["idempotencyKey"], items[1]["idempotencyKey"]);
        assert_eq!(writer.written().consumptions, 3);
    }

    #[test]
    fn a_release_is_that_of_the_reservation() {
        let mut writer = Writer::new(Among::all(1_000), 7, 3);
        let reserve = read(writer.reserve().1);
        let (path, release) = writer.release();
        let id = reserve["reservationId"].as_str().unwrap();
        assert_eq!(path, format!("/api/v1/credits/reservations/{id}/release"));
        assert_eq!(read(release)["customerId"], reserve["customerId"]);
        assert_ne!(read(writer.reserve().1)["reservationId"], id);
    }

    #[test]
    fn amounts_are_decimals() {
        assert_eq!(Thousandths(4_005).to_string(), "4.005");
        assert_eq!(Thousandths(0).to_string(), "0.000");
    }
}
