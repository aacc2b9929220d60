//! States in a word and a colour; the word alone says it all.

use maud::{Markup, html};

/// What a state looks like: those that need somebody stand out.
pub fn badge(state: &str) -> Markup {
    let tone = match state {
        "ACTIVE" | "PAID" | "DELIVERED" | "ENABLED" => "good",
        "PAYMENT_PENDING" | "PENDING" | "OPEN" | "SCHEDULED" | "PROCESSING" => "waiting",
        "FAILED" | "ACTION_REQUIRED" | "OVERDRAFT" => "bad",
        _ => "over",
    };
    html! { span.badge data-tone=(tone) { (words(state)) } }
}

/// `PAYMENT_PENDING` as people read it.
fn words(state: &str) -> String {
    let lower = state.replace('_', " ").to_lowercase();
    let mut letters = lower.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What happened, in the words of people: `CREDITS_GRANTED` is "Granted".
pub fn event_name(event_type: &str) -> String {
    words(event_type.strip_prefix("CREDITS_").unwrap_or(event_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read_as_words() {
        assert_eq!(words("PAYMENT_PENDING"), "Payment pending");
        assert_eq!(event_name("CREDITS_GRANTED"), "Granted");
        assert_eq!(words(""), "");
    }
}
