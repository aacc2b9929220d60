//! One load against a server.

pub mod options;
mod report;

use std::net::SocketAddr;

use anyhow::bail;
use clap::Args;

use crate::client::filling::fill;
use crate::client::live::Live;
use crate::client::outcome::Outcome;
use crate::client::pass::{Load, Pace, Pass, Shape, Span};
use crate::client::url::address_of;
use crate::client::writer::Mix;
use crate::output::tell;
use crate::place::Place;
use crate::server::Server;
use crate::store::filling::{self, Filling};
use crate::workload::{API_KEY, Among, CURRENCY, customer_id};
use options::What;

/// A load, and against whom.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    what: What,
    /// Requests that are due in a second, whether a connection is free or not; each one's time counts
    /// from then on. Without it every connection asks again as soon as it is answered.
    #[arg(long, value_name = "EACH_SECOND", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    rate: Option<u64>,
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
}

/// What is measured.
#[derive(Clone, Copy)]
pub struct Plan {
    /// What is asked.
    pub shape: Shape,
    /// How fast.
    pub pace: Pace,
    /// How long.
    pub span: Span,
    /// Of what.
    pub filling: Filling,
    /// How often.
    pub passes: u32,
    /// Whether it is shown while it runs.
    pub live: Live,
}

impl Plan {
    /// One pass at a server.
    fn pass(&self, address: SocketAddr, api_key: &str, mix: Mix, run: u64) -> anyhow::Result<Pass> {
        let load = Load {
            addresses: &[address],
            api_key,
            shape: Shape { mix, ..self.shape },
            among: Among::all(self.filling.wallets),
            pace: self.pace,
            span: self.span,
            run,
            live: self.live,
        };
        load.run()
    }

    /// One pass at the ledger of a server of our own.
    pub fn pass_of_ledger(&self, server: &Server, run: u64) -> anyhow::Result<Pass> {
        self.pass(server.ledger, API_KEY, self.shape.mix, run)
    }

    /// One pass at its reference.
    pub fn pass_of_reference(&self, server: &Server, run: u64) -> anyhow::Result<Pass> {
        // Not even what is written behind the ledger's pass shares the cores with the reference.
        server.embedded.write_behind();
        match self.shape.mix {
            Mix::Holds => self.pass(server.ledger, API_KEY, Mix::Single, run),
            mix => self.pass(server.reference, API_KEY, mix, run),
        }
    }
}

/// What came out.
struct Measured {
    server: Outcome,
    reference: Option<Outcome>,
}

/// Measures, and prints a table or an object.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let plan = Plan {
        shape: options.what.shape(),
        pace: options.rate.map_or(Pace::Closed, |each_second| Pace::Open { each_second }),
        span: options.what.span(),
        filling: options.what.filling(),
        passes: options.passes,
        live: Live::Shown,
    };
    let measured = match (&options.url, &options.api_key) {
        (Some(url), Some(api_key)) => of_running(&plan, url, api_key)?,
        _ => of_own(&plan, options.reference)?,
    };
    if options.json {
        report::object(&plan, &measured)
    } else {
        report::table(&plan, &measured)
    }
    Ok(())
}

/// Measures a server that somebody runs.
fn of_running(plan: &Plan, url: &str, api_key: &str) -> anyhow::Result<Measured> {
    let address = address_of(url)?;
    let Filling { wallets, grants, .. } = plan.filling;
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
    tell(&format!("left at {url}: the customers {first} to {last}, and the currency {CURRENCY}"));
    Ok(Measured { server, reference: None })
}

fn random_number() -> anyhow::Result<u32> {
    use scrip_api::{IdSource as _, RandomIds};
    Ok(u32::try_from(RandomIds.bits() >> 32)?)
}

/// Measures a server of its own, in a directory that goes afterwards.
fn of_own(plan: &Plan, with_reference: bool) -> anyhow::Result<Measured> {
    let place = Place::temporary()?;
    let server = make(&plan.filling, &place)?;
    let rows_before = server.rows()?;
    let mut consumptions = 0;
    let mut measured = Measured {
        server: Outcome::of(plan.pace),
        reference: with_reference.then(|| Outcome::of(plan.pace)),
    };
    for pass in 0..u64::from(plan.passes) {
        let served = plan.pass_of_ledger(&server, 2 * pass + 1)?;
        consumptions += served.acknowledged.consumptions;
        measured.server.add(served);
        if let Some(outcome) = &mut measured.reference {
            outcome.add(plan.pass_of_reference(&server, 2 * pass + 2)?);
        }
    }
    let rows = server.rows()? - rows_before;
    if matches!(plan.shape.mix, Mix::Single | Mix::Batch) && rows != consumptions {
        bail!("{consumptions} consumptions were answered, and {rows} rows are there");
    }
    server.stop();
    Ok(measured)
}

/// Makes a ledger and serves it.
pub fn make(filling: &Filling, place: &Place) -> anyhow::Result<Server> {
    tell(&format!("making {} wallets of {} grants each", filling.wallets, filling.grants));
    filling::make_alone(filling, place.path())?;
    Server::start(place.path())
}
