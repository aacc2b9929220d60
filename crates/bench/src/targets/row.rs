//! A target, what was measured of it, and whether it is met.

use std::time::Duration;

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::output::{Table, decimal, mebibytes};

/// What a target is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Name {
    /// Single consumptions.
    Single,
    /// The p99 of single consumptions at half of their rate.
    Tail,
    /// Batches of a thousand.
    Batches,
    /// The same on PostgreSQL; it needs a database.
    Postgres,
    /// Reservations and their releases.
    Holds,
    /// Balances read.
    Reads,
    /// One wallet that takes all the load.
    Hot,
    /// Many wallets known, beside few.
    Known,
    /// Many live grants of each wallet, beside three.
    Grants,
    /// Many rows, beside few.
    Rows,
    /// A start after a stop.
    Stopped,
    /// A start after a kill.
    Killed,
    /// Memory of the server's process.
    Memory,
    /// How that memory grows with the history.
    MemoryGrowth,
    /// Bytes on the disk.
    Disk,
}

impl Name {
    fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Consumptions, or whatever is asked, each second.
    EachSecond,
    /// Time.
    Nanoseconds,
    /// Memory or disk.
    Bytes,
}

impl Unit {
    fn word(self) -> &'static str {
        match self {
            Self::EachSecond => "each_second",
            Self::Nanoseconds => "nanoseconds",
            Self::Bytes => "bytes",
        }
    }

    fn show(self, number: u128) -> String {
        const MICROSECOND: u128 = 1_000;
        const MILLISECOND: u128 = 1_000_000;
        const MEBIBYTE: u128 = 1 << 20;
        match self {
            Self::EachSecond => format!("{number}/s"),
            Self::Nanoseconds if number < MILLISECOND => {
                format!("{} µs", decimal(number * 100 / MICROSECOND))
            }
            Self::Nanoseconds => format!("{} ms", decimal(number * 100 / MILLISECOND)),
            Self::Bytes if number < MEBIBYTE => format!("{number} bytes"),
            Self::Bytes => format!("{} MiB", mebibytes(u64::try_from(number).unwrap_or(u64::MAX))),
        }
    }
}

/// When a target is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// So many hundredths of the reference at least.
    HundredthsAtLeast(u128),
    /// So many hundredths of the reference at most.
    HundredthsAtMost(u128),
    /// So much at most.
    AtMost(u128),
}

/// A target and what was measured of it.
#[derive(Clone, Debug)]
pub struct Row {
    /// Which.
    pub name: Name,
    /// The work.
    pub work: String,
    /// What the numbers count.
    pub unit: Unit,
    /// What it came to.
    pub measured: u128,
    /// What the reference is.
    pub beside: &'static str,
    /// What the reference came to, if the target has one.
    pub reference: Option<u128>,
    /// What it should be.
    pub goal: Goal,
    /// What is to be known of the measurement; usually nothing.
    pub remark: Option<String>,
}

impl Row {
    /// Thousandths of the reference.
    fn thousandths(&self) -> Option<u128> {
        self.reference.map(|reference| self.measured * 1_000 / reference.max(1))
    }

    fn is_met(&self) -> bool {
        let reference = self.reference.unwrap_or_default();
        match self.goal {
            Goal::HundredthsAtLeast(least) => self.measured * 100 >= reference * least,
            Goal::HundredthsAtMost(most) => self.measured * 100 <= reference * most,
            Goal::AtMost(most) => self.measured <= most,
        }
    }

    fn target(&self) -> String {
        match self.goal {
            Goal::HundredthsAtLeast(least) => format!("≥ {} ×", decimal(least)),
            Goal::HundredthsAtMost(most) => format!("≤ {} ×", decimal(most)),
            Goal::AtMost(most) => format!("≤ {}", self.unit.show(most)),
        }
    }

    fn cells(&self) -> [String; 8] {
        [
            self.name.word(),
            self.work.clone(),
            self.unit.show(self.measured),
            self.beside.to_owned(),
            self.reference.map(|reference| self.unit.show(reference)).unwrap_or_default(),
            self.thousandths().map(|ratio| decimal(ratio / 10)).unwrap_or_default(),
            self.target(),
            if self.is_met() { "yes" } else { "**no**" }.to_owned(),
        ]
    }

    /// What is told of it as soon as it is measured.
    pub fn line(&self) -> String {
        let shown = self.unit.show(self.measured);
        let ratio = self.thousandths().map(|ratio| format!(", {} ×", decimal(ratio / 10)));
        let remark = self.remark.as_ref().map(|remark| format!(" ({remark})"));
        format!(
            "{}: {shown}{}, should be {}{}",
            self.work,
            ratio.unwrap_or_default(),
            self.target(),
            remark.unwrap_or_default()
        )
    }

    fn object(&self) -> Value {
        let whole = |number: u128| u64::try_from(number).unwrap_or(u64::MAX);
        json!({
            "name": self.name.word(),
            "work": self.work,
            "unit": self.unit.word(),
            "measured": whole(self.measured),
            "beside": self.beside,
            "reference": self.reference.map(whole),
            "ratio_thousandths": self.thousandths().map(whole),
            "target": self.target(),
            "is_met": self.is_met(),
            "remark": self.remark,
        })
    }
}

/// Nanoseconds that each of so many a second takes.
pub fn nanoseconds_each(each_second: u128) -> u128 {
    1_000_000_000 / each_second.max(1)
}

/// A time as a number.
pub fn nanoseconds(time: Duration) -> u128 {
    time.as_nanos()
}

/// All of them as a table.
pub fn table(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        "target",
        "work",
        "measured",
        "beside",
        "reference",
        "ratio",
        "should be",
        "met",
    ]);
    for row in rows {
        table.row(row.cells());
    }
    table
}

/// All of them as an object.
pub fn object(rows: &[Row]) -> Value {
    json!({ "targets": rows.iter().map(Row::object).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(measured: u128, reference: Option<u128>, goal: Goal) -> Row {
        Row {
            name: Name::Single,
            work: "work".to_owned(),
            unit: Unit::EachSecond,
            measured,
            beside: "the handler",
            reference,
            goal,
            remark: None,
        }
    }

    #[test]
    fn a_target_is_met_exactly_at_its_bound() {
        for (measured, reference, goal, is_met) in [
            (40, Some(100), Goal::HundredthsAtLeast(40), true),
            (39, Some(100), Goal::HundredthsAtLeast(40), false),
            (130, Some(100), Goal::HundredthsAtMost(130), true),
            (131, Some(100), Goal::HundredthsAtMost(130), false),
            (400, None, Goal::AtMost(400), true),
            (401, None, Goal::AtMost(400), false),
        ] {
            assert_eq!(row(measured, reference, goal).is_met(), is_met, "{measured} {goal:?}");
        }
    }

    #[test]
    fn numbers_have_their_units() {
        for (unit, number, shown) in [
            (Unit::EachSecond, 25_737, "25737/s"),
            (Unit::Nanoseconds, 38_850, "38.85 µs"),
            (Unit::Nanoseconds, 4_230_000, "4.23 ms"),
            (Unit::Bytes, 301, "301 bytes"),
            (Unit::Bytes, 1 << 30, "1024 MiB"),
        ] {
            assert_eq!(unit.show(number), shown);
        }
        assert_eq!(nanoseconds_each(20_000), 50_000);
    }

    #[test]
    fn an_object_says_what_a_row_says() {
        let rows = [
            row(39, Some(100), Goal::HundredthsAtLeast(40)),
            Row { remark: Some("why".to_owned()), ..row(1, None, Goal::AtMost(400)) },
        ];
        insta::assert_snapshot!(format!("{:#}", object(&rows)));
        assert_eq!(
            table(&rows).text(),
            "\
            | target | work | measured | beside | reference | ratio | should be | met |\n\
            | --- | --- | --- | --- | --- | --- | --- | --- |\n\
            | single | work | 39/s | the handler | 100/s | 0.39 | ≥ 0.40 × | **no** |\n\
            | single | work | 1/s | the handler |  |  | ≤ 400/s | yes |\n"
        );
    }
}
