//! How a pass shows itself while it runs: a line that is written again each second on a terminal,
//! now and then a line elsewhere.

use std::io::IsTerminal as _;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;

use super::pass::{Recent, Watch};
use crate::output::{milliseconds, tell, tell_over};

const EVERY_ON_TERMINAL: Duration = Duration::from_secs(1);
const EVERY_ELSEWHERE: Duration = Duration::from_secs(5);

/// Whether a pass is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Live {
    /// It is.
    Shown,
    /// It is not: there is other progress.
    Hidden,
}

/// Shows it for ever.
pub async fn show(live: Live, watch: Rc<Watch>) {
    if live == Live::Hidden {
        return;
    }
    let is_terminal = std::io::stderr().is_terminal();
    let every = if is_terminal { EVERY_ON_TERMINAL } else { EVERY_ELSEWHERE };
    let mut shown = Instant::now();
    loop {
        tokio::time::sleep_until(shown + every).await;
        let now = Instant::now();
        let line = line(watch.start.elapsed(), &watch.recent(now - shown));
        shown = now;
        if is_terminal { tell_over(&line) } else { tell(&line) }
    }
}

/// Makes room for what is told next.
pub fn clear(live: Live) {
    if live == Live::Shown && std::io::stderr().is_terminal() {
        tell_over("");
    }
}

fn line(elapsed: Duration, recent: &Recent) -> String {
    let Recent { figures, refused, waiting } = recent;
    let waiting = waiting.map_or_else(String::new, |count| format!("  waiting {count}"));
    format!(
        "  {:>3} s  {}/s  p50 {} ms  p99 {} ms  max {} ms  refused {refused}{waiting}",
        elapsed.as_secs(),
        figures.each_second,
        milliseconds(figures.p50),
        milliseconds(figures.p99),
        milliseconds(figures.max),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::Figures;

    #[test]
    fn a_line_says_what_waits_if_anything_can() {
        let figures = Figures { each_second: 25_120, ..Figures::default() };
        let recent = |waiting| Recent { figures, refused: 3, waiting };
        let shown = line(Duration::from_millis(12_900), &recent(None));
        let expected = "   12 s  25120/s  p50 0.00 ms  p99 0.00 ms  max 0.00 ms  refused 3";
        assert_eq!(shown, expected);
        let shown = line(Duration::from_secs(1), &recent(Some(7)));
        assert!(shown.ends_with("refused 3  waiting 7"), "{shown}");
    }
}
