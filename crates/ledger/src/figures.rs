//! Numbers that a ledger counts about itself, and the page on which they are read.
//!
//! They count things and say nothing about any customer, so that whoever watches the process may
//! see them.

use std::fmt::{self, Write as _};

/// One number, with what is to be known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// Its name, which ends in its unit, and in `total` if it only grows.
    pub name: &'static str,
    /// How it changes.
    pub kind: FigureKind,
    /// What it is measured in.
    pub unit: Unit,
    /// What it says, in a sentence.
    pub help: &'static str,
    /// How much it is, in its unit.
    pub value: Value,
}

/// How a number changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FigureKind {
    /// It only grows, until the process starts again.
    Counter,
    /// It grows and shrinks.
    Gauge,
}

/// What a number is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things; the name says which.
    Count,
    /// Bytes.
    Bytes,
    /// Seconds.
    Seconds,
}

/// An exact decimal; its text is what is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value {
    /// Whole units.
    Whole(u64),
    /// Thousandths of the unit.
    Thousandths(u64),
}

impl fmt::Display for Value {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(value) => write!(formatter, "{value}"),
            Self::Thousandths(value) => {
                write!(formatter, "{}.{:03}", value / 1_000, value % 1_000)
            }
        }
    }
}

/// The page that a Prometheus server reads (text format 0.0.4).
#[must_use]
pub fn prometheus_text(figures: &[Figure]) -> String {
    let mut page = String::new();
    for Figure { name, kind, help, value, .. } in figures {
        let kind = match kind {
            FigureKind::Counter => "counter",
            FigureKind::Gauge => "gauge",
        };
        // A string takes all that is written.
        let _ = writeln!(page, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
    }
    page
}
