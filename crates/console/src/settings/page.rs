//! `/settings`.

use maud::{Markup, html};
use scrip_ledger::Scope;
use serde::Deserialize;

use super::clock::Clock;
use crate::component::{facts, instant, section, text_or_dash};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PaymentProvider {
    provider: String,
    secret_key_hint: Option<String>,
    events_path: Option<String>,
    dispute_handling: Option<String>,
}

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let provider: PaymentProvider = visit.api.get("/api/v1/payment-provider").await?;
    let clock = Clock::get(&visit.api).await?;
    let environment = &visit.visitor.environment;
    let kind = if environment.is_sandbox { "Sandbox: for trying things" } else { "Production" };
    let known = [
        ("Environment", html! { (environment.name) }),
        ("Kind", html! { (kind) }),
        ("Account", html! { (visit.visitor.account_id) }),
    ];
    let move_clock = (environment.is_sandbox && visit.may(Scope::Settings)).then(|| {
        html! {
            a.button href=(visit.address("/settings/clock")) { "Move the clock" }
        }
    });
    let heading = Heading::of("Settings", Section::Settings);
    visit.page(&heading, html! {
        div.card { (facts(&known)) }
        (section("clock", "Clock", move_clock, html! {
            div.card {
                p { "It is " strong { (instant(&clock.now)) } " UTC here." }
                @if environment.is_sandbox {
                    p.quiet { "Once it is moved, a sandbox's clock stands still until it is moved "
                        "again: credits expire, reservations end and credits renew when you say so." }
                }
            }
        }))
        (section("payments", "Payments", None, payments(&provider)))
    })
}

fn payments(provider: &PaymentProvider) -> Markup {
    html! {
        div.card {
            @if provider.provider == "MANUAL" {
                p { "Nobody collects payments: invoices are marked paid by hand." }
                p.quiet { "A provider is set with " code { "PUT /api/v1/payment-provider" } "." }
            } @else {
                (facts(&[
                    ("Collected by", html! { (provider.provider) }),
                    ("Secret key", text_or_dash(provider.secret_key_hint.as_deref())),
                    ("It tells us at", html! {
                        code { (provider.events_path.as_deref().unwrap_or("–")) }
                    }),
                    ("Disputes", text_or_dash(provider.dispute_handling.as_deref())),
                ]))
            }
        }
    }
}
