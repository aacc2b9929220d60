//! `/settings`.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::clock::Clock;
use super::payments::PaymentProvider;
use crate::component::{facts, instant, section};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let provider = PaymentProvider::get(&visit.api).await?;
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
        (section("payments", "Payments", collecting(&visit, &provider), payments(&provider)))
    })
}

/// What can be done about who collects.
fn collecting(visit: &Visit, provider: &PaymentProvider) -> Option<Markup> {
    let set = if provider.is_by_hand() { "Collect with Stripe" } else { "Change" };
    visit.may(Scope::Settings).then(|| {
        html! {
            a.button href=(visit.address("/settings/payment-provider")) { (set) }
            @if !provider.is_by_hand() {
                a.button href=(visit.address("/settings/payment-provider/remove")) { "Remove" }
            }
        }
    })
}

fn payments(provider: &PaymentProvider) -> Markup {
    if provider.is_by_hand() {
        return html! {
            div.card { p { "Nobody collects payments: invoices are marked paid by hand." } }
        };
    }
    let mut known: Vec<_> =
        provider.lines().map(|(name, value)| (name, html! { (value) })).collect();
    let path = provider.events_path.as_deref().unwrap_or("–");
    known.push(("It tells us at", html! { code { (path) } }));
    html! { div.card { (facts(&known)) } }
}
