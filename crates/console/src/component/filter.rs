//! What lists are filtered by.

use maud::{Markup, html};

/// One of several, of which each is what is sent and what is read.
pub fn select(name: &str, label: &str, choices: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        div {
            label for=(name) { (label) }
            select id=(name) name=(name) {
                @for (value, text) in choices {
                    option value=(value) selected[*value == chosen] { (text) }
                }
            }
        }
    }
}

/// The form of a list that is filtered by nothing but where its items stand.
pub fn status_filter(states: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        form.filters method="get" data-applies {
            (select("status", "Status", states, chosen))
            button { "Show" }
        }
    }
}
