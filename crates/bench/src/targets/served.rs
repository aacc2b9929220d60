//! The ledger that knows many wallets, of which some are in use: over HTTP first, and then what it
//! takes of the disk, of memory and of time to start.

use std::path::Path;

use super::growth;
use super::row::{Goal, Name, Row, Unit, nanoseconds};
use super::{Bench, CONNECTIONS, GRANTS, Side, Sizes, stored, syncing};
use crate::client::latencies::Latencies;
use crate::client::outcome::Outcome;
use crate::client::pass::{Pace, Shape};
use crate::client::writer::Mix;
use crate::output::milliseconds;
use crate::output::tell;
use crate::server::Server;
use crate::store::load::warm;
use crate::workload::Among;

const OVER_HTTP: [Name; 6] =
    [Name::Single, Name::Tail, Name::Holds, Name::Reads, Name::Hot, Name::Known];
const HANDLER: &str = "the handler";

/// Measures all of it that is wanted.
pub fn measure(bench: &mut Bench<'_>) -> anyhow::Result<()> {
    let over_http = bench.wants_any(&OVER_HTTP);
    if !over_http && !bench.wants_any(&stored::ALL) {
        return Ok(());
    }
    let directory = bench.make("known", bench.sizes.known, GRANTS)?;
    if over_http {
        let server = Server::start(&directory)?;
        let among = Among::of(bench.sizes.hot, bench.sizes.known);
        server.block_on(warm(&server.embedded, among))?;
        rates(bench, &server, &directory)?;
        if bench.wants(Name::Known) {
            growth::known(bench, &server)?;
        }
        server.stop();
    }
    stored::measure(bench, &directory)?;
    std::fs::remove_dir_all(&directory)?;
    Ok(())
}

/// Whose passes alternate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    HandlerSingle,
    Single,
    Holds,
    HandlerReads,
    Reads,
    Hot,
}

impl Who {
    const ALL: [Self; 6] = [
        Self::HandlerSingle,
        Self::Single,
        Self::Holds,
        Self::HandlerReads,
        Self::Reads,
        Self::Hot,
    ];

    /// The targets that it is a part of.
    fn targets(self) -> &'static [Name] {
        match self {
            Self::HandlerSingle => &[Name::Single],
            Self::Single => &[Name::Single, Name::Tail, Name::Holds, Name::Hot],
            Self::Holds => &[Name::Holds],
            Self::HandlerReads | Self::Reads => &[Name::Reads],
            Self::Hot => &[Name::Hot],
        }
    }

    fn side<'a>(self, server: &'a Server, sizes: &Sizes) -> Side<'a> {
        let spread = Among::of(sizes.hot, sizes.known);
        let (name, mix) = match self {
            Self::HandlerSingle => ("single consumptions of the handler", Mix::Single),
            Self::Single => ("single consumptions", Mix::Single),
            Self::Holds => ("pairs of reserve and release", Mix::Holds),
            Self::HandlerReads => ("entitlement checks of the handler", Mix::Reads),
            Self::Reads => ("entitlement checks", Mix::Reads),
            Self::Hot => ("single consumptions of one wallet", Mix::Single),
        };
        let address = match self {
            Self::HandlerSingle | Self::HandlerReads => server.reference,
            Self::Single | Self::Holds | Self::Reads | Self::Hot => server.ledger,
        };
        let among = if self == Self::Hot { Among::of(1, sizes.known) } else { spread };
        let shape = Shape::of(mix, CONNECTIONS);
        Side { name, server, address, shape, among, pace: Pace::Closed }
    }
}

fn rates(bench: &mut Bench<'_>, server: &Server, directory: &Path) -> anyhow::Result<()> {
    let wanted: Vec<_> =
        Who::ALL.into_iter().filter(|who| bench.wants_any(who.targets())).collect();
    let sides: Vec<_> = wanted.iter().map(|who| who.side(server, &bench.sizes)).collect();
    let outcomes = bench.alternate(&sides)?;
    let rate = |who| {
        let place = wanted.iter().position(|wanted| *wanted == who);
        place.and_then(|place| outcomes.get(place)).map(|outcome| outcome.figures().each_second)
    };
    let Sizes { known, hot, .. } = bench.sizes;
    let spread = format!("{CONNECTIONS} connections, {hot} wallets of {known}");
    for (name, work, measured, beside, reference, least) in [
        (Name::Single, "single consumptions", Who::Single, HANDLER, Who::HandlerSingle, 40),
        (Name::Holds, "reserve + release", Who::Holds, "single consumptions", Who::Single, 50),
        (Name::Reads, "entitlement checks", Who::Reads, HANDLER, Who::HandlerReads, 80),
        (Name::Hot, "one hot wallet", Who::Hot, "the spread load", Who::Single, 90),
    ] {
        if let (true, Some(measured)) = (bench.wants(name), rate(measured)) {
            let (unit, reference) = (Unit::EachSecond, rate(reference));
            let goal = Goal::HundredthsAtLeast(least);
            let work = format!("{work}, {spread}");
            bench.add(Row { name, work, unit, measured, beside, reference, goal, remark: None });
        }
    }
    if let (true, Some(rate)) = (bench.wants(Name::Tail), rate(Who::Single)) {
        tail(bench, server, directory, u64::try_from(rate / 2)?.max(1))?;
    }
    Ok(())
}

/// The tail at a given rate.
fn tail(
    bench: &mut Bench<'_>,
    server: &Server,
    directory: &Path,
    each_second: u64,
) -> anyhow::Result<()> {
    let pace = Pace::Open { each_second };
    let handler = Side { pace, ..Who::HandlerSingle.side(server, &bench.sizes) };
    let ledger = Side { pace, ..Who::Single.side(server, &bench.sizes) };
    let (mut of_handler, mut of_ledger) = (Outcome::of(pace), Outcome::of(pace));
    let mut of_disk = Latencies::new()?;
    for _ in 0..bench.sizes.passes {
        bench.pass(&handler, &mut of_handler)?;
        bench.pass(&ledger, &mut of_ledger)?;
        server.embedded.write_behind();
        syncing::measure(directory, bench.sizes.span.counted / 2, &mut of_disk)?;
    }
    let synced = of_disk.figures(0).p99;
    tell(&format!("  a write of 64 KB and its sync: p99 {} ms", milliseconds(synced)));
    let handled = of_handler.figures().p99;
    let unable = |who| format!("{who} did not reach the rate");
    let remark = if !of_ledger.keeps_up() {
        Some(unable("the ledger"))
    } else if !of_handler.keeps_up() {
        Some(unable("the handler"))
    } else {
        None
    };
    bench.add(Row {
        name: Name::Tail,
        work: format!("p99 of single consumptions at {each_second}/s, open loop"),
        unit: Unit::Nanoseconds,
        measured: nanoseconds(of_ledger.figures().p99),
        beside: "the handler's + that of a 64 KB sync",
        reference: Some(nanoseconds(handled + synced)),
        goal: Goal::HundredthsAtMost(300),
        remark,
    });
    Ok(())
}
