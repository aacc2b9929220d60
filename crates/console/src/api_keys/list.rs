//! `/api-keys`.

use maud::{Markup, html};

use super::model::Key;
use crate::api::{Listed, segment};
use crate::component::{badge, empty, instant, instant_or, pager, table};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let keys: Listed<Key> = visit.api.list(&visit.page_of("/api/v1/api-keys", &[])).await?;
    let new = visit.address("/new/api-key");
    let mut heading = Heading::of("API keys", Section::ApiKeys);
    heading.actions =
        visit.can_change().then(|| html! { a.button.primary href=(new) { "New key" } });
    let heads = [
        ("Key", false),
        ("Status", false),
        ("May", false),
        ("Last used", false),
        ("Ends", false),
        ("Made", false),
        ("", false),
    ];
    visit.page(
        &heading,
        html! {
            @if keys.data.is_empty() {
                @let make = visit.can_change().then(|| html! { a href=(new) { "Make a key" } });
                (empty("No program is let in.", make))
            } @else {
                (table("API keys", &heads, html! { @for key in &keys.data { (row(&visit, key)) } }))
                (pager(&visit, &keys.pagination))
            }
        },
    )
}

fn row(visit: &Visit, key: &Key) -> Markup {
    let to = |deed: &str| visit.address(&format!("/api-keys/{}/{deed}", segment(&key.id)));
    html! {
        tr {
            th scope="row" {
                (key.title())
                @if let Some(hint) = &key.secret_hint { " " span.quiet { (hint) } }
                @if key.name.is_some() { br; code.quiet { (key.id) } }
            }
            td {
                (badge(&key.status))
                @if let Some(at) = &key.previous_secret_ends_at {
                    br; span.quiet { "old secret until " (instant(at)) }
                }
            }
            td { (key.scopes.join(", ")) }
            td { (instant_or(key.last_used_at.as_ref(), "never")) }
            td { (instant_or(key.expires_at.as_ref(), "never")) }
            td { (instant(&key.created_at)) }
            td {
                @if key.status == "ACTIVE" && visit.can_change() {
                    a.button.small href=(to("rotate")) {
                        "Rotate" span.hidden { " " (key.title()) }
                    }
                    " "
                    a.button.small href=(to("revoke")) {
                        "Revoke" span.hidden { " " (key.title()) }
                    }
                }
            }
        }
    }
}
