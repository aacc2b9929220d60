//! Numbers that change while a ledger runs.
//!
//! Each is an atomic of its own: cheap to change anywhere, and a snapshot of several is not of one
//! instant.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::figures::{Figure, FigureKind, Unit, Value};

/// A number that only grows, from 0 at the start of the process.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn increment(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a gauge counts to. Above it are the numbers that wrapped around below 0.
const MOST: u64 = u64::MAX / 2;

/// A number that grows and shrinks, never below 0.
#[derive(Debug, Default)]
pub struct Gauge(AtomicU64);

impl Gauge {
    /// It is this much, whatever it was.
    pub fn set(&self, value: u64) {
        self.0.store(value.min(MOST), Ordering::Relaxed);
    }

    /// So much more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// So much less.
    pub fn subtract(&self, count: u64) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }

    /// How much it is. While threads that add and subtract overtake each other it may be below 0
    /// for a moment, which is shown as 0 and not lost.
    pub fn get(&self) -> u64 {
        let value = self.0.load(Ordering::Relaxed);
        if value > MOST { 0 } else { value }
    }
}

/// A number that only grows.
pub fn counter(name: &'static str, help: &'static str, counter: &Counter) -> Figure {
    let value = Value::Whole(counter.get());
    Figure { name, kind: FigureKind::Counter, unit: Unit::Count, help, value }
}

/// A number that grows and shrinks.
pub fn gauge(name: &'static str, help: &'static str, gauge: &Gauge) -> Figure {
    let value = Value::Whole(gauge.get());
    Figure { name, kind: FigureKind::Gauge, unit: Unit::Count, help, value }
}

/// Bytes that grow and shrink.
pub fn bytes(name: &'static str, help: &'static str, of: &Gauge) -> Figure {
    Figure { unit: Unit::Bytes, ..gauge(name, help, of) }
}

/// A duration that is kept in milliseconds.
pub fn seconds(name: &'static str, help: &'static str, milliseconds: &Gauge) -> Figure {
    let value = Value::Thousandths(milliseconds.get());
    Figure { unit: Unit::Seconds, value, ..gauge(name, help, milliseconds) }
}
