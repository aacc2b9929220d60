//! What pages are made of.

mod amount;
mod badge;
mod bar;
mod chart;
mod field;
mod filter;
mod instant;
mod metadata;
mod overlap;
mod pager;
mod repeated;
mod written;

pub use amount::Amount;
pub use badge::{badge, event_name};
pub use bar::{burn_down, utilisation};
pub use chart::{Chart, Series};
pub use field::{Choice, Field, Kind};
pub use filter::{select, status_filter};
pub use instant::{Instant, instant, instant_or};
pub use metadata::{
    METADATA, Metadata, metadata_field, metadata_in_words, put_metadata, with_metadata,
    written_metadata,
};
pub use overlap::Overlaps;
pub use pager::pager;
pub use repeated::Repeated;
pub use written::{number_or_text, written_instant, written_priority};

use maud::{Markup, html};

/// What stands where there is nothing yet, and what to do about it.
pub fn empty(text: &str, action: Option<Markup>) -> Markup {
    html! {
        div.empty {
            p { (text) }
            @if let Some(action) = action { p { (action) } }
        }
    }
}

/// A table that scrolls by itself where the screen is narrow.
pub fn table(caption: &str, heads: &[(&str, bool)], rows: Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption.hidden { (caption) }
                thead { tr {
                    @for (head, is_number) in heads { th.number[*is_number] scope="col" { (head) } }
                } }
                tbody { (rows) }
            }
        }
    }
}

/// A part of a page with a title.
pub fn section(id: &str, title: &str, actions: Option<Markup>, contents: Markup) -> Markup {
    html! {
        section id=(id) aria-labelledby={ (id) "-title" } {
            header.heading {
                h2 id={ (id) "-title" } { (title) }
                @if let Some(actions) = actions { div.actions { (actions) } }
            }
            (contents)
        }
    }
}

/// What is known of something, name by name.
pub fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts { div { dt { (name) } dd { (value) } } }
        }
    }
}

/// A figure that is read before everything else.
pub fn figure(name: &str, value: Markup, note: Markup) -> Markup {
    html! {
        div.figure { p.name { (name) } p.value { (value) } p.note { (note) } }
    }
}

/// `1 wallet`, `2 wallets`.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Text, or a dash where there is none.
pub fn text_or_dash(text: Option<&str>) -> Markup {
    html! { @match text { Some(text) => (text), None => span.quiet { "–" } } }
}
