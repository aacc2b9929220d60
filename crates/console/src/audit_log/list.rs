//! `/audit-log`: who did what, what it was before, and what it is after.

use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::api::Listed;
use crate::component::{Instant, empty, instant_or, pager, select, table};
use crate::customers::model::path_of;
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    actor: String,
    operation: String,
    target: String,
    customer_id: Option<String>,
    changes: Vec<Change>,
    trace_id: String,
    created_at: Option<Instant>,
}

#[derive(Deserialize)]
struct Change {
    target: String,
    before: Option<Map<String, Value>>,
    after: Option<Map<String, Value>>,
}

const FILTERS: [(&str, &str, &str); 3] = [
    ("actor", "Who", "person:… or key:…"),
    ("target", "What", "custom-currency/tokens"),
    ("customerId", "Customer", "acme"),
];

/// Which log: the environment's own, or that of the account, for owners.
const OF: &str = "of";
const LOGS: [(&str, &str); 2] =
    [("environment", "This environment"), ("people", "People, environments and accounts")];

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let mut chosen = vec![(OF, visit.query(OF))];
    chosen.extend(FILTERS.map(|(name, ..)| (name, visit.query(name))));
    let entries = visit.page_of("/api/v1/audit-log", &chosen);
    let entries: Listed<Entry> = visit.api.list(&entries).await?;
    let heading = Heading::of("Audit log", Section::AuditLog);
    visit.page(
        &heading,
        html! {
            (filters(&visit))
            @if entries.data.is_empty() {
                (empty("Nothing of this kind was done.", None))
            } @else {
                (rows(&visit, &entries.data))
                (pager(&visit, &entries.pagination))
            }
        },
    )
}

fn filters(visit: &Visit) -> Markup {
    html! {
        form.filters method="get" {
            @if visit.may_administer() {
                (select(OF, "Done to", &LOGS, visit.query(OF).unwrap_or_default()))
            }
            @for (name, label, example) in FILTERS {
                div {
                    label for=(name) { (label) }
                    input id=(name) name=(name) placeholder=(example) autocomplete="off"
                        value=(visit.query(name).unwrap_or_default());
                }
            }
            button { "Show" }
        }
    }
}

fn rows(visit: &Visit, entries: &[Entry]) -> Markup {
    let heads = [("When", false), ("Who", false), ("Did", false), ("Before and after", false)];
    table(
        "Audit log",
        &heads,
        html! {
            @for entry in entries {
                tr {
                    td { (instant_or(entry.created_at.as_ref(), "–")) }
                    td { code { (entry.actor) } }
                    th scope="row" {
                        (entry.operation) br; code.quiet { (entry.target) }
                        @if let Some(customer) = &entry.customer_id {
                            br; a href=(visit.address(&path_of(customer))) { (customer) }
                        }
                        br; span.quiet { "request " code { (entry.trace_id) } }
                    }
                    td { @for change in &entry.changes { (shown(change)) } }
                }
            }
        },
    )
}

fn shown(change: &Change) -> Markup {
    let none = Map::new();
    let (before, after) =
        (change.before.as_ref().unwrap_or(&none), change.after.as_ref().unwrap_or(&none));
    let mut names: Vec<&String> = before.keys().collect();
    names.extend(after.keys().filter(|name| !before.contains_key(*name)));
    html! {
        div.change {
            code { (change.target) }
            @if change.before.is_none() { " " span.quiet { "made" } }
            @if change.after.is_none() { " " span.quiet { "removed" } }
            ul {
                @for name in names {
                    li {
                        (name) ": "
                        @if change.before.is_some() { (value(before.get(name))) " → " }
                        strong { (value(after.get(name))) }
                    }
                }
            }
        }
    }
}

fn value(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}
