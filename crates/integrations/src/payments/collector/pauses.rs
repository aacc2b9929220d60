//! When a provider is asked again.

use std::time::Duration;

use rand::RngExt as _;

/// When a provider is asked again: after three times as long each time, up to a bound, and a little more
/// by chance, so that those who failed together do not come back together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pauses {
    /// After it gave no answer for the first time.
    pub again: Duration,
    /// After no answer, at most.
    pub again_max: Duration,
    /// After it said for the first time that an invoice waits for somebody.
    pub watch: Duration,
    /// Between two looks at an invoice that waits, at most.
    pub watch_max: Duration,
}

impl Default for Pauses {
    fn default() -> Self {
        Self {
            again: Duration::from_secs(1),
            again_max: Duration::from_secs(60 * 60),
            watch: Duration::from_secs(5),
            watch_max: Duration::from_secs(12 * 60 * 60),
        }
    }
}

impl Pauses {
    /// After so many tries before without an answer; at least as long as the provider asked for, as far
    /// as that is within the bound.
    #[must_use]
    pub fn again(&self, tries: u32, asked_for: Option<Duration>) -> Duration {
        let pause = grown(self.again, tries, self.again_max);
        pause.max(asked_for.unwrap_or_default().min(self.again_max))
    }

    /// After so many looks before at an invoice that waits.
    #[must_use]
    pub fn watch(&self, tries: u32) -> Duration {
        grown(self.watch, tries, self.watch_max)
    }
}

/// Hundredths by which a pause may be longer.
const JITTER_HUNDREDTHS_MAX: u32 = 20;

fn grown(first: Duration, tries: u32, most: Duration) -> Duration {
    let pause = first.saturating_mul(3_u32.saturating_pow(tries)).min(most);
    let jitter = rand::rng().random_range(0..=JITTER_HUNDREDTHS_MAX);
    pause.saturating_add(pause.saturating_mul(jitter) / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_grow_up_to_a_bound_and_are_spread() {
        let (second, hour) = (Duration::from_secs(1), Duration::from_secs(60 * 60));
        let pauses = Pauses::default();
        for (tries, least) in [(0, second), (1, second * 3), (2, second * 9), (30, hour)] {
            let pause = pauses.again(tries, None);
            assert!(pause >= least && pause <= least * 12 / 10, "{tries}: {pause:?}");
        }
        assert_eq!(pauses.again(0, Some(second * 40)), second * 40);
        assert_eq!(pauses.again(0, Some(hour * 40)), hour);
        let spread: std::collections::BTreeSet<_> = (0..200).map(|_| pauses.watch(9)).collect();
        assert!(spread.len() > 5, "{spread:?}");
        assert!(pauses.watch(u32::MAX) <= hour * 15);
    }
}
