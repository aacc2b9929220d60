//! `/currencies`.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::model::{Currencies, Currency, Money};
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
                @for currency in currencies.iter() { (row(&visit, &currencies, currency)) }
            }))
        }
    })
}

fn row(visit: &Visit, currencies: &Currencies, currency: &Currency) -> Markup {
    html! {
        tr {
            th scope="row" {
                (currency.display_name)
                @if let Some(symbol) = &currency.symbol { " " span.quiet { (symbol) } }
                br; code.quiet { (currency.id) }
                @if let Some(text) = &currency.description { br; span.quiet { (text) } }
            }
            td { (badge(currency.status())) }
            td { (currency.when_short()) }
            td { (text_or_dash(currency.unit_cost.as_ref().and_then(Money::in_words).as_deref())) }
            td { (instant(&currency.created_at)) }
            td { @if visit.may(Scope::Settings) { div.actions {
                @for (dialog, verb) in dialogs(currencies, currency) {
                    a.button.small href=(visit.address(&currency.path(dialog))) {
                        (verb) span.hidden { " " (currency.display_name) }
                    }
                }
                @if is_replaced(currencies, currency) { span.quiet { "another one has its id" } }
            } } }
        }
    }
}

/// It cannot come back: its identifier is that of one that lives, or was that of a newer one.
fn is_replaced(currencies: &Currencies, currency: &Currency) -> bool {
    currency.archived_at.is_some() && !currencies.can_come_back(currency)
}

/// What can be done with it.
fn dialogs(
    currencies: &Currencies,
    currency: &Currency,
) -> &'static [(&'static str, &'static str)] {
    if currency.archived_at.is_none() {
        &[("/edit", "Edit"), ("/archive", "Archive")]
    } else if currencies.can_come_back(currency) {
        &[("/unarchive", "Bring back")]
    } else {
        &[]
    }
}
