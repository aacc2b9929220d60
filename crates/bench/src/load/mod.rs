//! One load against a server.

mod report;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::bail;
use clap::Args;

use crate::client::filling::fill;
use crate::client::live::Live;
use crate::client::outcome::Outcome;
use crate::client::pass::{Load, Pace, Pass, Shape, Span};
use crate::client::url::address_of;
use crate::client::writer::Mix;
use crate::output::tell;
use crate::place::{self, Place};
use crate::server::Server;
use crate::store::filling::{self, Filling};
use crate::workload::{API_KEY, Among, CURRENCY, customer_id};

/// A load, and against whom.
#[derive(Args)]
pub struct Options {
    /// What is asked.
    #[arg(long, value_enum, default_value_t = Mix::Single)]
    mix: Mix,
    /// Wallets that it is asked of, at random; with 1 all of it hits one hot wallet.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    wallets: u32,
    /// Live grants of each wallet.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9_000))]
    grants: u16,
    /// Consumptions of each batch.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    items: u16,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Requests that are due in a second, whether a connection is free or not; each one's time counts
    /// from then on. Without it every connection asks again as soon as it is answered.
    #[arg(long, value_name = "EACH_SECOND", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rate: Option<u64>,
    /// Seconds that count.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Seconds before them, of which nothing counts.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    warm_up_seconds: u64,
    /// The server to measure, `http://host:port`, instead of one of its own. It makes customers there
    /// whose identifiers begin with `bench-` and a currency `bench-credits-000001`, and leaves them.
    #[arg(long, requires = "api_key")]
    url: Option<String>,
    /// A key of that server; that of a sandbox is a good choice.
    #[arg(long, requires = "url")]
    api_key: Option<String>,
    /// Measure the reference, too: a handler of the same stack without a ledger, in the same process;
    /// for holds single consumptions of the same ledger.
    #[arg(long, conflicts_with = "url")]
    reference: bool,
    /// Passes of each; those of the reference come in between, and the median counts.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99))]
    passes: u32,
    /// Print a JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// A tenth of a second, without a warm-up, of few wallets: to see that it works.
    #[arg(long)]
    quick: bool,
}

/// What is measured.
struct Plan {
    shape: Shape,
    pace: Pace,
    span: Span,
    wallets: u32,
    grants: u16,
    passes: u32,
}

impl Plan {
    fn of(options: &Options) -> Self {
        let items = if options.mix == Mix::Batch { options.items } else { 1 };
        let (counted, warm_up) = (options.seconds, options.warm_up_seconds);
        let span = if options.quick {
            Span { warm_up: Duration::ZERO, counted: Duration::from_millis(100) }
        } else {
            Span { warm_up: Duration::from_secs(warm_up), counted: Duration::from_secs(counted) }
        };
        Self {
            shape: Shape {
                mix: options.mix,
                items: items.into(),
                connections: options.connections as usize,
            },
            pace: options.rate.map_or(Pace::Closed, |each_second| Pace::Open { each_second }),
            span,
            wallets: if options.quick { options.wallets.min(100) } else { options.wallets },
            grants: options.grants,
            passes: options.passes,
        }
    }

    fn pass(&self, address: SocketAddr, api_key: &str, mix: Mix, run: u64) -> anyhow::Result<Pass> {
        let load = Load {
            addresses: &[address],
            api_key,
            shape: Shape { mix, ..self.shape },
            among: Among::all(self.wallets),
            pace: self.pace,
            span: self.span,
            run,
            live: Live::Shown,
        };
        load.run()
    }
}

/// What came out.
struct Measured {
    server: Outcome,
    reference: Option<Outcome>,
}

/// Measures, and prints a table or an object.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let plan = Plan::of(options);
    let measured = match (&options.url, &options.api_key) {
        (Some(url), Some(api_key)) => of_running(&plan, url, api_key)?,
        _ => of_own(&plan, options.reference)?,
    };
    if options.json { report::object(&plan, &measured) } else { report::table(&plan, &measured) }
    Ok(())
}

/// Measures a server that somebody runs.
fn of_running(plan: &Plan, url: &str, api_key: &str) -> anyhow::Result<Measured> {
    let address = address_of(url)?;
    let Plan { wallets, grants, .. } = *plan;
    tell(&format!("making what is missing of {wallets} wallets of {grants} grants each"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fill(address, api_key, wallets, grants.into()))?;
    // No other run used these keys there.
    let first_run = u64::from(random_number()?);
    let mut server = Outcome::of(plan.pace);
    for pass in 0..plan.passes {
        let run = (first_run + u64::from(pass)) & u64::from(u32::MAX);
        server.add(plan.pass(address, api_key, plan.shape.mix, run)?);
    }
    let (first, last) = (customer_id(0), customer_id(wallets - 1));
    tell(&format!(
        "left at {url}: the customers {first} to {last}, and the currency {CURRENCY}"
    ));
    Ok(Measured { server, reference: None })
}

fn random_number() -> anyhow::Result<u32> {
    use scrip_api::{IdSource as _, RandomIds};
    Ok(u32::try_from(RandomIds.bits() >> 32)?)
}

/// Measures a server of its own, in a directory that goes afterwards.
fn of_own(plan: &Plan, with_reference: bool) -> anyhow::Result<Measured> {
    place::clear_when_interrupted()?;
    let place = Place::temporary()?;
    let Plan { wallets, grants, .. } = *plan;
    tell(&format!("making {wallets} wallets of {grants} grants each"));
    filling::make_alone(&Filling { wallets, grants, ending: false }, place.path())?;
    let server = Server::start(place.path())?;
    let rows_before = server.rows()?;
    let (mix, mut consumptions) = (plan.shape.mix, 0);
    let mut measured = Measured {
        server: Outcome::of(plan.pace),
        reference: with_reference.then(|| Outcome::of(plan.pace)),
    };
    for pass in 0..u64::from(plan.passes) {
        let served = plan.pass(server.ledger, API_KEY, mix, 2 * pass + 1)?;
        consumptions += served.acknowledged.consumptions;
        measured.server.add(served);
        if let Some(outcome) = &mut measured.reference {
            // Not even what is written behind the ledger's pass shares the cores with the reference.
            server.embedded.write_behind();
            outcome.add(reference(plan, &server, 2 * pass + 2)?);
        }
    }
    let rows = server.rows()? - rows_before;
    if matches!(mix, Mix::Single | Mix::Batch) && rows != consumptions {
        bail!("{consumptions} consumptions were answered, and {rows} rows are there");
    }
    server.stop();
    Ok(measured)
}

fn reference(plan: &Plan, server: &Server, run: u64) -> anyhow::Result<Pass> {
    match plan.shape.mix {
        Mix::Holds => plan.pass(server.ledger, API_KEY, Mix::Single, run),
        mix => plan.pass(server.reference, API_KEY, mix, run),
    }
}
