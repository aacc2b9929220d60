//! Latency against load. The highest rate is found first, in a closed loop; then requests are due at
//! a part of it, a larger part, and so on up to all of it, and their time counts from then on. The
//! reference is asked in turn, at parts of its own highest rate.

mod plot;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use serde_json::{Value, json};

use crate::client::live::Live;
use crate::client::outcome::Outcome;
use crate::client::pass::Pace;
use crate::figures::Figures;
use crate::load::options::What;
use crate::load::{self, Plan};
use crate::output::{Table, milliseconds, print, tell};
use crate::place::Place;
use crate::server::Server;

/// What is measured at which rates.
#[derive(Args)]
pub struct Options {
    #[command(flatten)]
    what: What,
    /// Rates up to the highest, evenly spread.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100))]
    steps: u32,
    /// Passes of each; the median counts.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99))]
    passes: u32,
    /// Draws p50, p99 and p99.9 against the rate, as an SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Print a JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

/// What was measured at a rate.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// Requests that were due in a second.
    rate: u64,
    figures: Figures,
    keeps_up: bool,
}

/// Points in the order of their rates.
#[derive(Clone, Debug, Default)]
struct Curve(Vec<Point>);

/// Whom a curve is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Server,
    Reference,
}

impl Who {
    const BOTH: [Self; 2] = [Self::Server, Self::Reference];

    fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Reference => "reference",
        }
    }
}

/// Measures, prints a table or an object, and draws.
pub fn run(options: &Options) -> anyhow::Result<()> {
    let place = Place::temporary()?;
    let filling = options.what.filling();
    let server = load::make(&filling, &place)?;
    let plan = Plan {
        shape: options.what.shape(),
        pace: Pace::Closed,
        span: options.what.span(),
        filling,
        passes: options.passes,
        live: Live::Hidden,
    };
    let mut sweep = Sweep { plan, server: &server, run: 0 };
    let curves = sweep.curves(options.steps)?;
    server.stop();
    if let Some(path) = &options.plot {
        let drawn = plot::draw(&curves)?;
        std::fs::write(path, drawn).with_context(|| path.display().to_string())?;
        tell(&format!("drawn: {}", path.display()));
    }
    if options.json {
        print(&format!("{:#}", object(&curves)));
    } else {
        table(&curves).print("Latency against load; requests due at a fixed rate");
    }
    Ok(())
}

struct Sweep<'a> {
    plan: Plan,
    server: &'a Server,
    run: u64,
}

impl Sweep<'_> {
    /// Passes of both at each rate.
    fn curves(&mut self, steps: u32) -> anyhow::Result<[Curve; 2]> {
        let mut highest = [0; 2];
        for (who, highest) in Who::BOTH.into_iter().zip(&mut highest) {
            *highest = self.highest(who)?;
            tell(&format!("{}: {highest} requests/s at most", who.name()));
        }
        let mut curves: [Curve; 2] = Default::default();
        for step in 1..=steps {
            let rates = highest.map(|rate| (rate * u64::from(step) / u64::from(steps)).max(1));
            let outcomes = self.step(rates)?;
            for ((rate, outcome), curve) in rates.into_iter().zip(&outcomes).zip(&mut curves) {
                let (figures, keeps_up) = (outcome.figures(), outcome.keeps_up());
                curve.0.push(Point { rate, figures, keeps_up });
            }
        }
        Ok(curves)
    }

    /// Requests each second in a closed loop.
    fn highest(&mut self, who: Who) -> anyhow::Result<u64> {
        let mut outcome = Outcome::of(Pace::Closed);
        for _ in 0..self.plan.passes {
            self.pass(who, Pace::Closed, &mut outcome)?;
        }
        let requests = outcome.figures().each_second / self.plan.shape.items as u128;
        Ok(u64::try_from(requests)?.max(1))
    }

    fn step(&mut self, rates: [u64; 2]) -> anyhow::Result<[Outcome; 2]> {
        let paces = rates.map(|each_second| Pace::Open { each_second });
        let mut outcomes = paces.map(Outcome::of);
        for _ in 0..self.plan.passes {
            for ((who, pace), outcome) in Who::BOTH.into_iter().zip(paces).zip(&mut outcomes) {
                self.pass(who, pace, outcome)?;
            }
        }
        for ((who, rate), outcome) in Who::BOTH.into_iter().zip(rates).zip(&outcomes) {
            let figures = outcome.figures();
            let [p50, p99] = [figures.p50, figures.p99].map(milliseconds);
            tell(&format!("  {} at {rate}/s: p50 {p50} ms, p99 {p99} ms", who.name()));
        }
        Ok(outcomes)
    }

    fn pass(&mut self, who: Who, pace: Pace, outcome: &mut Outcome) -> anyhow::Result<()> {
        self.run += 1;
        let plan = Plan { pace, ..self.plan };
        outcome.add(match who {
            Who::Server => plan.pass_of_ledger(self.server, self.run)?,
            Who::Reference => plan.pass_of_reference(self.server, self.run)?,
        });
        Ok(())
    }
}

fn table([server, reference]: &[Curve; 2]) -> Table {
    let mut table = Table::new(&[
        "server: requests due/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "keeps up",
        "reference: requests due/s",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "keeps up",
    ]);
    for points in server.0.iter().zip(&reference.0) {
        table.row(<[_; 2]>::from(points).into_iter().flat_map(cells));
    }
    table
}

fn cells(point: &Point) -> [String; 5] {
    let Figures { p50, p99, p999, .. } = point.figures;
    let keeps_up = if point.keeps_up { "yes" } else { "no" };
    let [p50, p99, p999] = [p50, p99, p999].map(milliseconds);
    [point.rate.to_string(), p50, p99, p999, keeps_up.to_owned()]
}

fn object(curves: &[Curve; 2]) -> Value {
    let members = Who::BOTH.into_iter().zip(curves).map(|(who, curve)| {
        let points = curve.0.iter().map(|point| {
            let Figures { p50, p99, p999, .. } = point.figures;
            let [p50, p99, p999] = [p50, p99, p999].map(plot::microseconds);
            json!({
                "requests_due_each_second": point.rate,
                "p50_microseconds": p50,
                "p99_microseconds": p99,
                "p999_microseconds": p999,
                "keeps_up": point.keeps_up,
            })
        });
        (who.name().to_owned(), points.collect())
    });
    Value::Object(members.collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Curves as they look.
    pub fn curves() -> [Curve; 2] {
        [25_000, 56_000].map(|highest: u64| {
            let point = |step: u64| {
                let p50 = Duration::from_micros(200 + 20 * step * step);
                let figures = Figures { p50, p99: p50 * 4, p999: p50 * 10, ..Figures::default() };
                Point { rate: highest * step / 10, figures, keeps_up: step < 10 }
            };
            Curve((1..=10).map(point).collect())
        })
    }

    #[test]
    fn a_table_has_both_beside_each_other() {
        let text = table(&curves()).text();
        let last = text.lines().last().unwrap();
        assert_eq!(last, "| 25000 | 2.20 | 8.80 | 22.00 | no | 56000 | 2.20 | 8.80 | 22.00 | no |");
    }

    #[test]
    fn an_object_has_units_in_its_names() {
        let object = object(&curves());
        let first = &object["server"][0];
        assert_eq!(first["requests_due_each_second"], 2_500);
        assert_eq!(first["p999_microseconds"], 2_200);
        assert_eq!(object["reference"].as_array().unwrap().len(), 10);
    }
}
