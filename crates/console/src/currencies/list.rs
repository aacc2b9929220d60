//! `/currencies`.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::model::{Currencies, Currency, Money};
use crate::api::segment;
use crate::component::{badge, empty, instant, table, text_or_dash};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let currencies = Currencies::all(&visit.api).await?;
    let new = visit.address("/new/currency");
    let first = visit.offer(Scope::Settings, &new, "Make the first currency");
    let actions =
        html! { @if visit.may(Scope::Settings) { a.button.primary href=(new) { "New currency" } } };
    let heading = Heading::of("Currencies", Section::Currencies).with(actions);
    let heads = [
        ("Currency", false),
        ("Status", false),
        ("When the balance is short", false),
        ("Price of a credit", false),
        ("Made", false),
        ("", false),
    ];
    visit.page(&heading, html! {
        @if currencies.iter().next().is_none() {
            (empty("Nothing is counted yet. A currency says what credits are of: tokens, minutes, \
                    calls.", first))
        } @else {
            (table("Currencies", &heads, html! {
                @for currency in currencies.iter() { (row(&visit, currency)) }
            }))
        }
    })
}

fn row(visit: &Visit, currency: &Currency) -> Markup {
    let is_live = currency.archived_at.is_none() && visit.may(Scope::Settings);
    let path = format!("/currencies/{}/archive", segment(&currency.id));
    html! {
        tr {
            th scope="row" {
                (currency.display_name)
                @if let Some(symbol) = &currency.symbol { " " span.quiet { (symbol) } }
                br; code.quiet { (currency.id) }
                @if let Some(text) = &currency.description { br; span.quiet { (text) } }
            }
            td { (badge(currency.status())) }
            td { @if currency.overdraft.as_deref() == Some("DENY") { "Refuses" } @else {
                "Overdraws" } }
            td { (text_or_dash(currency.unit_cost.as_ref().and_then(Money::in_words).as_deref())) }
            td { (instant(&currency.created_at)) }
            td {
                @if is_live {
                    a.button.small href=(visit.address(&path)) {
                        "Archive" span.hidden { " " (currency.display_name) }
                    }
                }
            }
        }
    }
}
