//! A closed loop of consumptions, and what it measures.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::connection::Connection;
use super::servers::{API_KEY, CURRENCY, customer_id};
use crate::figures::Figures;

/// One pass.
pub struct Load {
    /// The server.
    pub address: SocketAddr,
    /// Connections, each with one request at a time.
    pub connections: usize,
    /// Consumptions of each request.
    pub items: usize,
    /// Wallets the load is spread over.
    pub wallets: u32,
    /// How long.
    pub seconds: Duration,
    /// Tells the keys of this pass from those of all others.
    pub run: u64,
}

impl Load {
    /// Runs the pass in a thread of its own, as a client would.
    pub fn run(self) -> anyhow::Result<Figures> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.measure())
    }

    async fn measure(self) -> anyhow::Result<Figures> {
        let mut tasks = tokio::task::JoinSet::new();
        let started = Instant::now();
        let end = started + self.seconds;
        for connection in 0..self.connections {
            let Self { address, items, wallets, run, .. } = self;
            let number = connection as u64;
            tasks.spawn(async move {
                let mut connection = Connection::open(address).await?;
                let mut writer = Writer::new(run, number, wallets);
                let mut times = Vec::new();
                while Instant::now() < end {
                    let (path, body) = writer.request(items);
                    let sent = Instant::now();
                    connection.post(path, API_KEY, body).await?;
                    times.push(sent.elapsed());
                }
                anyhow::Ok(times)
            });
        }
        let mut times = Vec::new();
        while let Some(finished) = tasks.join_next().await {
            times.extend(finished??);
        }
        Ok(Figures::of(times, self.items, started.elapsed()))
    }
}

/// Writes requests: keys of 36 characters, two dimensions, wallets at random.
struct Writer {
    random: StdRng,
    run: u64,
    connection: u64,
    sequence: u64,
    wallets: u32,
    body: String,
}

impl Writer {
    fn new(run: u64, connection: u64, wallets: u32) -> Self {
        let random = StdRng::seed_from_u64(run.wrapping_mul(1_000).wrapping_add(connection));
        Self { random, run, connection, sequence: 0, wallets, body: String::new() }
    }

    fn request(&mut self, items: usize) -> (&'static str, &str) {
        self.body.clear();
        if items == 1 {
            self.item();
            return ("/api/v1/credits/consumption", &self.body);
        }
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

    fn item(&mut self) {
        self.sequence += 1;
        let customer = customer_id(self.random.random_range(0..self.wallets));
        let thousandths = self.random.random_range(1..5_000);
        let user = self.random.random_range(0..50);
        let (run, connection, sequence) = (self.run, self.connection, self.sequence);
        // Writing into a string cannot fail.
        let _ = write!(
            self.body,
            "{{\"customerId\":\"{customer}\",\"currencyId\":\"{CURRENCY}\",\
             \"amount\":{}.{:03},\"idempotencyKey\":\"{run:08x}-{connection:08x}-{sequence:018x}\",\
             \"dimensions\":{{\"model\":\"large-2026\",\"user\":\"user-{user}\"}}}}",
            thousandths / 1_000,
            thousandths % 1_000,
        );
    }
}
