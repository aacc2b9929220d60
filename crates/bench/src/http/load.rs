//! A closed loop of consumptions, and what it measures.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::connection::{Connection, Posted};
use super::filling::{API_KEY, CURRENCY, customer_id};
use crate::figures::Figures;

/// How long a client waits whose request was refused for now, as the answer says.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// One pass.
pub struct Load<'a> {
    /// The servers, over which the connections are spread in turn.
    pub addresses: &'a [SocketAddr],
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

/// What a pass measured, and what it was told is done.
pub struct Pass {
    /// In numbers.
    pub figures: Figures,
    /// All consumptions that were answered.
    pub acknowledged: Acknowledged,
    /// How often the server was too busy, and was asked again.
    pub refused: u64,
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

impl Load<'_> {
    /// Runs the pass in a thread of its own, as a client would.
    pub fn run(self) -> anyhow::Result<Pass> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.measure())
    }

    async fn measure(self) -> anyhow::Result<Pass> {
        let mut tasks = tokio::task::JoinSet::new();
        let started = Instant::now();
        let end = started + self.seconds;
        for (connection, address) in
            self.addresses.iter().cycle().take(self.connections).enumerate()
        {
            let (address, items) = (*address, self.items);
            let writer = Writer::new(self.run, connection as u64, self.wallets);
            tasks.spawn(ask(address, writer, items, end));
        }
        let mut times = Vec::new();
        let (mut acknowledged, mut refused) = (Acknowledged::default(), 0);
        while let Some(finished) = tasks.join_next().await {
            let asked = finished??;
            times.extend(asked.times);
            acknowledged.add(asked.acknowledged);
            refused += asked.refused;
        }
        let figures = Figures::of(times, self.items, started.elapsed());
        Ok(Pass { figures, acknowledged, refused })
    }
}

/// What one connection brought.
struct Asked {
    times: Vec<Duration>,
    acknowledged: Acknowledged,
    refused: u64,
}

/// Asks over one connection until the end. Who is refused for now asks the same again, and its time
/// goes on.
async fn ask(
    address: SocketAddr,
    mut writer: Writer,
    items: usize,
    end: Instant,
) -> anyhow::Result<Asked> {
    let mut connection = Connection::open(address).await?;
    let mut times = Vec::new();
    let mut refused = 0;
    while Instant::now() < end {
        let (path, body) = writer.request(items);
        let sent = Instant::now();
        while connection.try_post(path, API_KEY, body).await? == Posted::Later {
            refused += 1;
            tokio::time::sleep(RETRY_AFTER).await;
        }
        times.push(sent.elapsed());
    }
    Ok(Asked { times, acknowledged: writer.written(), refused })
}

/// Writes requests: keys of 36 characters, two dimensions, wallets at random.
struct Writer {
    random: StdRng,
    run: u64,
    connection: u64,
    sequence: u64,
    thousandths: u64,
    wallets: u32,
    body: String,
}

impl Writer {
    fn new(run: u64, connection: u64, wallets: u32) -> Self {
        let random = StdRng::seed_from_u64(run.wrapping_mul(1_000).wrapping_add(connection));
        let body = String::new();
        Self { random, run, connection, sequence: 0, thousandths: 0, wallets, body }
    }

    /// All that was asked for so far.
    const fn written(&self) -> Acknowledged {
        Acknowledged { consumptions: self.sequence, thousandths: self.thousandths }
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
        self.thousandths += thousandths;
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
