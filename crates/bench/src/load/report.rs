//! What a load came to, as a table or as an object.

use serde_json::{Value, json};

use super::{Measured, Plan};
use crate::client::outcome::Outcome;
use crate::client::pass::Pace;
use crate::client::writer::Mix;
use crate::output::{Table, milliseconds, print, ratio, tell};

const COLUMNS: [&str; 9] =
    ["", "each second", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms", "refused", "unsent"];

/// Prints a table, and what it does not say.
pub fn table(plan: &Plan, Measured { server, reference }: &Measured) {
    let mut table = Table::new(&COLUMNS);
    table.row(row("server", server));
    if let Some(reference) = reference {
        table.row(row("reference", reference));
    }
    table.print(&title(plan));
    if let Some(reference) = reference {
        let (server, reference) = (server.figures(), reference.figures());
        let rates = ratio(server.each_second, reference.each_second);
        let tails = ratio(server.p99.as_micros(), reference.p99.as_micros());
        print(&format!("Ratio of the rates: {rates}, of the p99: {tails}.\n"));
    }
    if let Pace::Open { each_second } = plan.pace
        && !server.keeps_up()
    {
        let reached = server.figures().each_second;
        tell(&format!(
            "the rate was not reached: {each_second} requests were due each second, and {reached} \
             things were done; {} requests were not even sent. The latencies grow with the time of \
             the run and say nothing of the server",
            server.unsent()
        ));
    }
}

fn title(plan: &Plan) -> String {
    let shape = plan.shape;
    let what = match shape.mix {
        Mix::Single => "Single consumptions".to_owned(),
        Mix::Batch => format!("Batches of {} consumptions", shape.items),
        Mix::Holds => "Pairs of a reservation and its release".to_owned(),
        Mix::Reads => "Entitlement checks".to_owned(),
    };
    let pace = match plan.pace {
        Pace::Closed => "as fast as they are answered".to_owned(),
        Pace::Open { each_second } => format!("{each_second} requests due each second"),
    };
    format!(
        "{what}, {} wallets of {} grants, {} connections, {pace}, {} ms",
        plan.filling.wallets,
        plan.filling.grants,
        shape.connections,
        plan.span.counted.as_millis(),
    )
}

fn row(name: &str, outcome: &Outcome) -> [String; COLUMNS.len()] {
    let figures = outcome.figures();
    [
        name.to_owned(),
        figures.each_second.to_string(),
        milliseconds(figures.p50),
        milliseconds(figures.p90),
        milliseconds(figures.p99),
        milliseconds(figures.p999),
        milliseconds(figures.max),
        outcome.refused().to_string(),
        outcome.unsent().to_string(),
    ]
}

/// Prints an object.
pub fn object(plan: &Plan, measured: &Measured) {
    print(&format!("{:#}", value(plan, measured)));
}

fn value(plan: &Plan, Measured { server, reference }: &Measured) -> Value {
    let due = match plan.pace {
        Pace::Closed => None,
        Pace::Open { each_second } => Some(each_second),
    };
    json!({
        "mix": plan.shape.mix.word(),
        "wallets": plan.filling.wallets,
        "grants_of_each_wallet": plan.filling.grants,
        "items_of_each_request": plan.shape.items,
        "connections": plan.shape.connections,
        "requests_due_each_second": due,
        "counted_milliseconds": number(plan.span.counted.as_millis()),
        "warm_up_milliseconds": number(plan.span.warm_up.as_millis()),
        "passes": plan.passes,
        "server": figures(server),
        "reference": reference.as_ref().map(figures),
    })
}

fn figures(outcome: &Outcome) -> Value {
    let figures = outcome.figures();
    json!({
        "each_second": number(figures.each_second),
        "p50_microseconds": number(figures.p50.as_micros()),
        "p90_microseconds": number(figures.p90.as_micros()),
        "p99_microseconds": number(figures.p99.as_micros()),
        "p999_microseconds": number(figures.p999.as_micros()),
        "max_microseconds": number(figures.max.as_micros()),
        "timed": outcome.timed(),
        "refused": outcome.refused(),
        "unsent": outcome.unsent(),
        "keeps_up": outcome.keeps_up(),
    })
}

/// A number that a JSON number can be.
fn number(number: u128) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::client::live::Live;
    use crate::client::pass::{Pass, Shape, Span};
    use crate::client::writer::Acknowledged;
    use crate::figures::Figures;
    use crate::store::filling::Filling;

    #[test]
    fn an_object_has_units_in_its_names() {
        let pace = Pace::Open { each_second: 5_000 };
        let plan = Plan {
            shape: Shape::of(Mix::Single, 64),
            pace,
            span: Span { warm_up: Duration::from_secs(2), counted: Duration::from_secs(10) },
            filling: Filling { wallets: 10_000, grants: 3, ending: false },
            passes: 1,
            live: Live::Hidden,
        };
        let mut server = Outcome::of(pace);
        let time = Duration::from_micros;
        server.add(Pass {
            figures: Figures {
                each_second: 4_999,
                p50: time(50),
                p90: time(90),
                p99: time(99),
                p999: time(999),
                max: time(1_000),
            },
            acknowledged: Acknowledged::default(),
            timed: 50_000,
            refused: 1,
            unsent: 2,
            keeps_up: false,
        });
        let measured = Measured { server, reference: None };
        insta::assert_snapshot!(format!("{:#}", value(&plan, &measured)));
    }
}
