//! What a pass of requests measured.

use std::time::Duration;

/// A pass in numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Consumptions each second.
    pub each_second: u128,
    /// Half of the requests were answered within this.
    pub p50: Duration,
    /// All but a tenth of the requests were answered within this.
    pub p90: Duration,
    /// All but a hundredth of the requests were answered within this.
    pub p99: Duration,
    /// All but a thousandth of the requests were answered within this.
    pub p999: Duration,
    /// The longest that a request took.
    pub max: Duration,
}

impl Figures {
    /// Of requests of so many items each, over a time.
    pub fn of(mut times: Vec<Duration>, items: usize, elapsed: Duration) -> Self {
        times.sort_unstable();
        let within = |thousandths: usize| {
            let last = times.len().saturating_sub(1);
            times.get((times.len() * thousandths / 1_000).min(last)).copied().unwrap_or_default()
        };
        let consumptions = (times.len() * items) as u128;
        Self {
            each_second: consumptions * 1_000_000 / elapsed.as_micros().max(1),
            p50: within(500),
            p90: within(900),
            p99: within(990),
            p999: within(999),
            max: within(1_000),
        }
    }

    /// The pass with the median rate, and the longest that a request took in any pass; of no
    /// passes, nothing.
    pub fn median(passes: Vec<Self>) -> Self {
        Self::middle(passes, |figures| figures.each_second)
    }

    /// The same of the pass with the median p99.
    pub fn median_of_tails(passes: Vec<Self>) -> Self {
        Self::middle(passes, |figures| figures.p99)
    }

    fn middle<K: Ord>(mut passes: Vec<Self>, key: impl Fn(&Self) -> K) -> Self {
        passes.sort_by_key(key);
        let max = passes.iter().map(|figures| figures.max).max().unwrap_or_default();
        let median = passes.get(passes.len() / 2).copied().unwrap_or_default();
        Self { max, ..median }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_in_numbers() {
        let times = (1..=1_000).rev().map(Duration::from_millis).collect();
        let figures = Figures::of(times, 10, Duration::from_secs(2));
        assert_eq!(figures.each_second, 5_000);
        let within = [figures.p50, figures.p99, figures.p999, figures.max];
        assert_eq!(within, [501, 991, 1_000, 1_000].map(Duration::from_millis));
    }

    #[test]
    fn the_median_pass_is_that_of_the_rate() {
        let pass = |(each_second, seconds)| {
            let max = Duration::from_secs(seconds);
            Figures { each_second, max, ..Figures::default() }
        };
        let median = Figures::median([(7, 1), (1, 9), (3, 2)].map(pass).to_vec());
        assert_eq!((median.each_second, median.max), (3, Duration::from_secs(9)));
        assert_eq!(Figures::median(Vec::new()).each_second, 0);
        let pass = |milliseconds| {
            let p99 = Duration::from_millis(milliseconds);
            Figures { p99, ..Figures::default() }
        };
        let median = Figures::median_of_tails([7, 1, 3].map(pass).to_vec());
        assert_eq!(median.p99, Duration::from_millis(3));
    }
}
