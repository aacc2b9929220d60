//! The ways from a page of a list to its neighbours.

use maud::{Markup, html};

use crate::api::Pagination;
use crate::visit::Visit;

/// Newer and older, with the filters that are set.
pub fn pager(visit: &Visit, pagination: &Pagination) -> Markup {
    let to = |name: &str, cursor: &Option<String>| {
        cursor.as_ref().map(|cursor| visit.here_with(&["after", "before"], &[(name, cursor)]))
    };
    let (newer, older) = (to("before", &pagination.prev), to("after", &pagination.next));
    html! {
        @if newer.is_some() || older.is_some() {
            nav.pager aria-label="Pages" {
                @if let Some(address) = newer { a rel="prev" href=(address) { "← Newer" } }
                @if let Some(address) = older { a rel="next" href=(address) { "Older →" } }
            }
        }
    }
}
