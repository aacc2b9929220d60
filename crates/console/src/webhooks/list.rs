//! `/webhooks`.

use maud::html;
use scrip_ledger::Scope;

use super::model::Webhook;
use crate::api::Listed;
use crate::component::{badge, empty, instant, table};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let webhooks: Listed<Webhook> = visit.api.list("/api/v1/webhooks?limit=100").await?;
    let new = visit.address("/new/webhook");
    let first = visit.offer(Scope::Settings, &new, "Add the first endpoint");
    let actions =
        html! { @if visit.may(Scope::Settings) { a.button.primary href=(new) { "New endpoint" } } };
    let heading = Heading::of("Webhooks", Section::Webhooks).with(actions);
    let heads = [("Endpoint", false), ("Status", false), ("Told of", false), ("Made", false)];
    visit.page(
        &heading,
        html! {
            @if webhooks.data.is_empty() {
                (empty("Nobody is told of events.", first))
            } @else {
                (table("Webhook endpoints", &heads, html! {
                    @for webhook in &webhooks.data {
                        tr {
                            th scope="row" {
                                a href=(visit.address(&webhook.path())) { (webhook.url) }
                                @if let Some(text) = &webhook.description {
                                    br; span.quiet { (text) }
                                }
                            }
                            td { (badge(&webhook.status)) }
                            td { (webhook.told_of()) }
                            td { (instant(&webhook.created_at)) }
                        }
                    }
                }))
                @if webhooks.pagination.next.is_some() {
                    p.quiet { "These are the newest hundred." }
                }
            }
        },
    )
}
