//! `/invoices/{invoice}`: one invoice.

use maud::html;
use scrip_ledger::Scope;

use super::model::Invoice;
use crate::component::{badge, facts, instant, instant_or, text_or_dash};
use crate::customers::model::path_of;
use crate::failure::Shown;
use crate::grants::model::Grant;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let invoice = Invoice::get(&visit.api, visit.path("invoice")).await?;
    let can_be_retried = invoice.is_collected() && {
        let grant = Grant::get(&visit.api, &invoice.credit_grant_id).await?;
        invoice.can_be_retried(&grant)
    };
    let to = |operation: &str| visit.address(&format!("{}{operation}", invoice.path()));
    let actions = html! {
        @if invoice.is_settled_by_hand() && visit.may(Scope::Grants) {
            a.button.primary href=(to("/mark-paid")) { "Mark paid" }
            a.button href=(to("/cancel")) { "Cancel the invoice" }
        }
        @if can_be_retried && visit.may(Scope::Grants) {
            a.button.primary href=(to("/retry")) { "Collect again" }
        }
        @if invoice.can_be_refunded() && visit.may(Scope::Grants) {
            a.button href=(to("/refund")) { "Record a refund" }
        }
    };
    let heading = Heading::of("Invoice", Section::Invoices)
        .below("Invoices", visit.address("/invoices"))
        .with(actions);
    let customer = path_of(&invoice.customer_id);
    let grant = format!("{customer}/grants/{}", invoice.credit_grant_id);
    let known = [
        ("Total", html! { strong { (invoice.total_in_words()) } }),
        ("Customer", html! { a href=(visit.address(&customer)) { (invoice.customer_id) } }),
        (
            "Pays for",
            html! {
                a href=(visit.address(&grant)) { code { (invoice.credit_grant_id) } }
            },
        ),
        (
            "Collected by",
            html! { @if invoice.provider == "MANUAL" { "hand" } @else {
            (invoice.provider) } },
        ),
        ("Made", instant(&invoice.created_at)),
        ("Due", instant_or(invoice.due_date.as_ref(), "–")),
        ("Paid", instant_or(invoice.paid_at.as_ref(), "not yet")),
        ("Canceled", instant_or(invoice.canceled_at.as_ref(), "no")),
        ("Refunded", html! { (invoice.refunded_amount) }),
        ("What went wrong", text_or_dash(invoice.error_message.as_deref())),
    ];
    visit.page(
        &heading,
        html! {
            p.subtitle { code { (invoice.id) } " " (badge(&invoice.status)) }
            div.card { (facts(&known)) }
            @if let Some(url) = &invoice.payment_url {
                p { a href=(url) rel="noreferrer" { "Where the customer pays it" } }
            }
        },
    )
}
