//! `/customers/{id}/grants/{grant}`: one grant.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::model::Grant;
use crate::component::text_or_dash;
use crate::component::{Amount, badge, burn_down, event_name, facts, instant, instant_or, section};
use crate::currencies::model::Currencies;
use crate::customers::model::Customer;
use crate::failure::{Failure, Shown};
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let grant = Grant::get(&visit.api, visit.path("grant")).await?;
    if grant.customer_id != visit.path("id") {
        return Err(Failure::NotFound);
    }
    let customer = Customer::get(&visit.api, &grant.customer_id).await?;
    let currencies = Currencies::all(&visit.api).await?;
    let to = |operation: &str| visit.address(&format!("{}{operation}", grant.path()));
    let actions = html! {
        @if grant.can_be_voided() && visit.may(Scope::Grants) {
            a.button href=(to("/edit")) { "Edit" }
            a.button href=(to("/void")) { "Void" }
        }
    };
    let list = format!("{}/grants", customer.path());
    let heading = Heading::of(&grant.display_name, Section::Customers)
        .below("Customers", visit.address("/customers"))
        .below(customer.title(), visit.address(&customer.path()))
        .below("Grants", visit.address(&list))
        .with(actions);
    visit.page(
        &heading,
        html! {
            p.subtitle { code { (grant.id) } " " (badge(&grant.status)) }
            div.card {
                p { strong { (grant.left()) " " (currencies.unit(&grant.currency_id)) } " left of "
                    (grant.amount) ", " (grant.consumed_amount) " consumed" }
                (burn_down(grant.amount, grant.consumed_amount, Amount::ZERO))
            }
            (known(&visit, &grant, &currencies))
            (metadata(&grant))
        },
    )
}

fn known(visit: &Visit, grant: &Grant, currencies: &Currencies) -> Markup {
    let invoice = grant.invoice_id.as_ref().map(|id| {
        let address = visit.address(&format!("/invoices/{}", crate::api::segment(id)));
        html! { a href=(address) { code { (id) } } }
    });
    let dash = || text_or_dash(None);
    let mut known = vec![
        ("Kind", html! { (event_name(&grant.grant_type)) }),
        ("Wallet", html! { (grant.wallet().title(currencies)) }),
        ("Priority", html! { (grant.priority) span.quiet { " of 0 to 100, lower is used first" } }),
        ("Counts from", instant(&grant.effective_at)),
        ("Counts until", instant_or(grant.expire_at.as_ref(), "ever")),
        ("Cost", text_or_dash(grant.cost.in_words().as_deref())),
        ("Invoice", invoice.unwrap_or_else(dash)),
        ("Payment", html! { (event_name(&grant.payment_collection)) }),
        ("Made", instant(&grant.created_at)),
        ("Reason", text_or_dash(grant.comment.as_deref())),
    ];
    if let Some(at) = &grant.voided_at {
        known.push(("Voided", instant(at)));
    }
    if let Some(amount) = grant.taken_back_amount {
        known.push(("Taken back with its money", html! { (amount) }));
    }
    section("known", "About", None, facts(&known))
}

fn metadata(grant: &Grant) -> Markup {
    let known: Vec<(&str, Markup)> =
        grant.metadata.iter().map(|(name, value)| (name.as_str(), html! { (value) })).collect();
    html! {
        @if !known.is_empty() { (section("metadata", "Metadata", None, facts(&known))) }
    }
}
