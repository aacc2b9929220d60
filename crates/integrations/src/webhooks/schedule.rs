//! When what was not taken is sent again.

use std::time::Duration;

use rand::RngExt as _;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

/// The pauses before the second and every further attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<Duration>);

impl Default for Schedule {
    /// Ten attempts over about three days, as Standard Webhooks recommends.
    fn default() -> Self {
        let hours = [2, 5, 10, 14, 20, 24].map(|hours| HOUR * hours);
        Self([SECOND * 5, MINUTE * 5, MINUTE * 30].into_iter().chain(hours).collect())
    }
}

impl Schedule {
    /// A pause may be longer by so many hundredths, by chance: those who failed together are not sent
    /// to together again.
    const JITTER_HUNDREDTHS_MAX: u32 = 20;

    /// These pauses.
    #[must_use]
    pub const fn new(pauses: Vec<Duration>) -> Self {
        Self(pauses)
    }

    /// How long to wait after so many attempts, at least as long as the endpoint asked for; none if
    /// there were enough. What an endpoint asks for is heard up to a day.
    #[must_use]
    pub fn pause_after(&self, tries: u32, asked_for: Option<Duration>) -> Option<Duration> {
        let index = usize::try_from(tries).ok()?.checked_sub(1)?;
        let pause = *self.0.get(index)?;
        let jitter = rand::rng().random_range(0..=Self::JITTER_HUNDREDTHS_MAX);
        let pause = pause + pause * jitter / 100;
        Some(pause.max(asked_for.unwrap_or_default().min(HOUR * 24)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_attempts_over_three_days() {
        let schedule = Schedule::default();
        let pauses: Vec<_> = (1..).map_while(|tries| schedule.pause_after(tries, None)).collect();
        assert_eq!(pauses.len(), 9);
        let all: Duration = pauses.iter().sum();
        assert!((HOUR * 75..HOUR * 91).contains(&all), "{all:?}");
        assert!(pauses[0] >= SECOND * 5 && pauses[0] <= SECOND * 6, "{:?}", pauses[0]);
        assert_eq!(schedule.pause_after(0, None), None);
    }

    #[test]
    fn an_endpoint_may_ask_for_more_time_but_not_for_ever() {
        let schedule = Schedule::default();
        assert_eq!(schedule.pause_after(1, Some(HOUR)), Some(HOUR));
        assert_eq!(schedule.pause_after(1, Some(HOUR * 1000)), Some(HOUR * 24));
        assert!(schedule.pause_after(3, Some(SECOND)).unwrap() >= MINUTE * 30);
    }

    #[test]
    fn pauses_are_spread() {
        let schedule = Schedule::default();
        let pauses: std::collections::BTreeSet<_> =
            (0..200).filter_map(|_| schedule.pause_after(9, None)).collect();
        assert!(pauses.len() > 5, "{pauses:?}");
    }
}
