//! How an endpoint takes what it is sent, and what it may be sent therefore.

use std::time::Duration;

use super::milliseconds;

/// After so many failures in a row an endpoint is sent nothing new, but for a trial now and then.
const FAILURES_MAX: u32 = 5;
/// How long after that the first trial is, and how long the pauses between trials become.
const FIRST_TRIAL: Duration = Duration::from_secs(60);
const TRIALS_APART_MAX: Duration = Duration::from_secs(60 * 60);

/// What is known of an endpoint since it took something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Health {
    failures: u32,
    trials: u32,
    trial_at: i64,
}

impl Health {
    /// It took something.
    pub fn taken(&mut self) {
        *self = Self::default();
    }

    /// It did not take something.
    pub fn failed(&mut self, now: i64) {
        self.failures = self.failures.saturating_add(1);
        if self.failures == FAILURES_MAX {
            self.trial_at = now.saturating_add(milliseconds(FIRST_TRIAL));
        }
    }

    /// It took nothing several times in a row.
    pub const fn is_bad(self) -> bool {
        self.failures >= FAILURES_MAX
    }

    /// When it may be sent something new; none is at once. What it does not take may be an event that
    /// it never will: something new shows whether it takes others.
    pub fn next_trial(self) -> Option<i64> {
        self.is_bad().then_some(self.trial_at)
    }

    /// It is sent something new, however it is.
    pub fn begin_trial(&mut self, now: i64) {
        if self.is_bad() {
            self.trials = self.trials.saturating_add(1);
            let pause =
                FIRST_TRIAL.saturating_mul(1_u32.checked_shl(self.trials).unwrap_or(u32::MAX));
            self.trial_at = now.saturating_add(milliseconds(pause.min(TRIALS_APART_MAX)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    #[test]
    fn trials_come_ever_later_until_something_is_taken() {
        let mut health = Health::default();
        for _ in 0..4 {
            health.failed(0);
        }
        health.begin_trial(0);
        assert_eq!(health.next_trial(), None, "four failures are no reason yet");
        health.failed(0);
        let mut now = 0;
        let mut pauses = Vec::new();
        for _ in 0..40 {
            let at = health.next_trial().unwrap();
            pauses.push((at - now) / MINUTE);
            now = at;
            health.begin_trial(now);
            health.failed(now);
        }
        assert_eq!(pauses[..9], [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert!(pauses[9..].iter().all(|pause| *pause == 60), "{pauses:?}");
        health.taken();
        assert_eq!(health, Health::default());
    }
}
