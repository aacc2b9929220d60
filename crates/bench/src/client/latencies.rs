//! How long requests took: a histogram with three digits everywhere, which does not grow.

use std::time::Duration;

use hdrhistogram::Histogram;

use crate::figures::Figures;

/// An hour; no request takes longer.
const MICROSECONDS_MAX: u64 = 3_600_000_000;
const DIGITS: u8 = 3;

/// Times of requests.
#[derive(Clone, Debug)]
pub struct Latencies(Histogram<u64>);

impl Latencies {
    /// None yet.
    pub fn new() -> anyhow::Result<Self> {
        Ok(Self(Histogram::new_with_bounds(1, MICROSECONDS_MAX, DIGITS)?))
    }

    /// One more.
    pub fn record(&mut self, took: Duration) {
        let microseconds = u64::try_from(took.as_micros()).unwrap_or(MICROSECONDS_MAX);
        self.0.saturating_record(microseconds.max(1));
    }

    /// How many.
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// Forgets them.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// In numbers, of so many consumptions each second.
    pub fn figures(&self, each_second: u128) -> Figures {
        let within = |share| Duration::from_micros(self.0.value_at_quantile(share));
        Figures {
            each_second,
            p50: within(0.5),
            p90: within(0.9),
            p99: within(0.99),
            p999: within(0.999),
            max: Duration::from_micros(self.0.max()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_have_three_digits() {
        let mut latencies = Latencies::new().unwrap();
        for milliseconds in 1..=1_000 {
            latencies.record(Duration::from_millis(milliseconds));
        }
        let figures = latencies.figures(7);
        assert_eq!((figures.each_second, latencies.count()), (7, 1_000));
        let found = [figures.p50, figures.p90, figures.p99, figures.p999, figures.max];
        for (found, milliseconds) in found.into_iter().zip([500, 900, 990, 999, 1_000]) {
            let expected = Duration::from_millis(milliseconds);
            assert!(found.abs_diff(expected) * 1_000 <= expected, "{found:?}, {expected:?}");
        }
    }

    #[test]
    fn extremes_are_kept_at_the_ends() {
        let mut latencies = Latencies::new().unwrap();
        latencies.record(Duration::ZERO);
        latencies.record(Duration::from_secs(100_000));
        assert_eq!(latencies.count(), 2);
        assert!(latencies.figures(0).max >= Duration::from_secs(3_600));
        latencies.clear();
        assert_eq!(latencies.figures(0).max, Duration::ZERO);
    }
}
