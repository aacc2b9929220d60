//! How long work shows how far it is: a bar on a terminal, now and then a log line elsewhere.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// Shown only for work that takes longer than this.
const PATIENCE: Duration = Duration::from_millis(500);
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Work of known size.
pub struct Progress {
    what: &'static str,
    started: Instant,
    told: Instant,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Work that begins now.
    pub fn of(what: &'static str) -> Self {
        let now = Instant::now();
        Self { what, started: now, told: now, bar: None }
    }

    /// So much of so much is done.
    pub fn tell(&mut self, done: u64, all: u64) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        if std::io::stderr().is_terminal() {
            let bar = self.bar.get_or_insert_with(|| bar(self.what));
            bar.set_length(all);
            bar.set_position(done);
            bar.set_prefix(pace(done, all, self.started.elapsed()));
        } else if self.told.elapsed() >= LINE_EVERY {
            self.told = Instant::now();
            tracing::info!(done, all, "{}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }
}

/// How fast it goes and what is left at that pace, counted from the beginning of the work: the bar
/// itself appears later.
fn pace(done: u64, all: u64, elapsed: Duration) -> String {
    let milliseconds = elapsed.as_millis().max(1);
    let each_second = u128::from(done) * 1_000 / milliseconds;
    let left = u128::from(all.saturating_sub(done)).checked_div(each_second);
    left.map_or_else(String::new, |left| format!("{each_second}/s, {left} s left"))
}

fn bar(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {prefix}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::no_length().with_style(style).with_message(what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_counts_from_the_beginning() {
        let rows = [
            (0, 100, 500, ""),
            (50, 100, 500, "100/s, 0 s left"),
            (1_000, 61_000, 1_000, "1000/s, 60 s left"),
            (5, 5, 0, "5000/s, 0 s left"),
        ];
        for (done, all, milliseconds, text) in rows {
            assert_eq!(pace(done, all, Duration::from_millis(milliseconds)), text);
        }
    }
}
