//! Instants, in UTC: the same for everybody who looks.

use maud::{Markup, html};

/// An instant as the API writes it: `2026-11-30T08:00:00.000Z`.
pub type Instant = String;

/// To the minute; the whole instant is in the element.
pub fn instant(at: &str) -> Markup {
    html! { time datetime=(at) title=(at) { (short(at)) } }
}

/// An instant, or what to say where there is none.
pub fn instant_or(at: Option<&Instant>, otherwise: &str) -> Markup {
    html! { @match at { Some(at) => (instant(at)), None => span.quiet { (otherwise) } } }
}

/// `2026-11-30 08:00`.
fn short(at: &str) -> String {
    let (date, time) = at.split_once('T').unwrap_or((at, ""));
    let minutes: String = time.chars().take(5).collect();
    format!("{date} {minutes}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_the_minute() {
        assert_eq!(short("2026-11-30T08:01:02.003Z"), "2026-11-30 08:01");
    }
}
