//! `/webhooks/{webhook}`: an endpoint and its deliveries.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::model::{Delivery, Webhook, deliveries};
use crate::api::{Listed, segment};
use crate::component::{
    badge, empty, facts, instant, instant_or, pager, section, status_filter, table, text_or_dash,
};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

fn tries(count: usize) -> String {
    if count == 1 { "1 try".to_owned() } else { format!("{count} tries") }
}

const STATES: [(&str, &str); 4] =
    [("", "All"), ("PENDING", "Pending"), ("DELIVERED", "Delivered"), ("FAILED", "Failed")];

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let webhook = Webhook::get(&visit.api, visit.path("webhook")).await?;
    let path = Webhook::target(&webhook.id, "/deliveries");
    let chosen = visit.page_of(&path, &[("status", visit.query("status"))]);
    let deliveries = deliveries(&visit.api, &chosen).await?;
    let to = |operation: &str| visit.address(&format!("{}{operation}", webhook.path()));
    let switch = if webhook.status == "ENABLED" { "Disable" } else { "Enable" };
    let actions = html! {
        @if visit.may(Scope::Settings) {
            a.button href=(to("/test")) { "Send a test event" }
            a.button href=(to("/edit")) { "Edit" }
            a.button href=(to("/rotate")) { "Rotate the secret" }
            a.button href=(to("/switch")) { (switch) }
            a.button href=(to("/remove")) { "Remove" }
        }
    };
    let heading = Heading::of("Webhook endpoint", Section::Webhooks)
        .below("Webhooks", visit.address("/webhooks"))
        .with(actions);
    let known = [
        ("Address", html! { code { (webhook.url) } }),
        (
            "Status",
            html! {
                (badge(&webhook.status))
                @if let Some(reason) = &webhook.disabled_reason { " " span.quiet { (reason) } }
            },
        ),
        ("Told of", html! { (webhook.told_of()) }),
        ("Description", text_or_dash(webhook.description.as_deref())),
        ("Made", instant(&webhook.created_at)),
    ];
    visit.page(
        &heading,
        html! {
            div.card { (facts(&known)) }
            (section("deliveries", "Deliveries", None, told(&visit, &webhook, &deliveries)))
        },
    )
}

fn told(visit: &Visit, webhook: &Webhook, deliveries: &Listed<Delivery>) -> Markup {
    let chosen = visit.query("status").unwrap_or_default();
    let heads = [
        ("Event", false),
        ("Status", false),
        ("Since", false),
        ("Last try", false),
        ("Next try", false),
        ("", false),
    ];
    html! {
        (status_filter(&STATES, chosen))
        @if deliveries.data.is_empty() {
            (empty("Nothing was to be delivered.", None))
        } @else {
            (table("Deliveries", &heads, html! {
                @for delivery in &deliveries.data {
                    @let id = segment(&delivery.id);
                    @let path = format!("{}/deliveries/{id}/redeliver", webhook.path());
                    tr {
                        th scope="row" {
                            code { (delivery.event_type) }
                            @if delivery.is_test { " " span.quiet { "test" } }
                        }
                        td { (badge(&delivery.status)) }
                        td { (instant(&delivery.created_at)) }
                        td { (delivery.last_attempt())
                            @if let Some(last) = delivery.attempts.last() {
                                br; span.quiet {
                                    (instant(&last.at)) ", "
                                    (tries(delivery.attempts.len()))
                                }
                            } }
                        td { (instant_or(delivery.next_attempt_at.as_ref(), "–")) }
                        td {
                            @if delivery.status != "PENDING" && visit.may(Scope::Settings) {
                                a.button.small href=(visit.address(&path)) {
                                    "Send again" span.hidden { ": " (delivery.id) }
                                }
                            }
                        }
                    }
                }
            }))
            (pager(visit, &deliveries.pagination))
        }
    }
}
