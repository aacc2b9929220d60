//! `/console/{environment}`: what is outstanding, burned, expiring and overdrawn.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::attention::Attention;
use super::sums::{Sum, Sums};
use crate::component::{Amount, Chart, Series, counted, empty, figure, instant_or, section};
use crate::currencies::model::Currencies;
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let currencies = Currencies::all(&visit.api).await?;
    let sums = Sums::of(&visit.api).await?;
    let attention = Attention::of(&visit.api).await?;
    let heading = Heading::of("Overview", Section::Overview);
    visit.page(&heading, html! {
        @if sums.by_currency.is_empty() { (nothing(&visit, &sums, &currencies)) }
        (attention.show(&visit, &sums, &currencies))
        @for (currency, sum) in &sums.by_currency { (of_currency(&currencies, currency, sum)) }
        @if sums.is_partial {
            p.quiet { "These are the sums of the " (sums.customers) " newest customers; there are "
                "more." }
        } @else if sums.customers > 0 {
            p.quiet { "These are the sums of " (counted(sums.customers, "customer")) ": all there are." }
        }
    })
}

fn nothing(visit: &Visit, sums: &Sums, currencies: &Currencies) -> Markup {
    let offer = |scope, path: &str, title| visit.offer(scope, &visit.address(path), title);
    if currencies.live().next().is_none() {
        let next = offer(Scope::Settings, "/new/currency", "Make the first currency");
        return empty("Nothing is counted yet. It begins with a currency.", next);
    }
    if sums.customers == 0 {
        let next = offer(Scope::Customers, "/new/customer", "Make the first customer");
        return empty("There is a currency, but nobody to have credits of it.", next);
    }
    let title = "Choose a customer and grant the first credits";
    empty("Nobody has credits yet.", offer(Scope::Grants, "/customers", title))
}

fn of_currency(currencies: &Currencies, currency: &str, sum: &Sum) -> Markup {
    let unit = currencies.unit(currency);
    let chart = Chart {
        title: format!("{} consumed, day by day", currencies.name(currency)),
        columns: sum.burned.keys().map(|day| day.chars().take(10).collect()).collect(),
        series: vec![Series {
            name: "Consumed".to_owned(),
            values: sum.burned.values().copied().collect(),
        }],
    };
    section(
        &format!("of-{currency}"),
        currencies.name(currency),
        None,
        html! {
            div.figures {
                (figure("Outstanding", html! { (sum.outstanding) }, html! {
                    (unit) " that can be used, in " (counted(sum.wallets, "wallet"))
                }))
                (figure("Burned in 30 days", html! { (sum.burned()) }, html! {
                    @if sum.reserved > Amount::ZERO { (sum.reserved) " more are reserved" }
                    @else { "nothing is reserved" }
                }))
                (figure("Expiring next", html! { (sum.expiring) }, html! {
                    @if sum.expiring > Amount::ZERO {
                        "at the next expiry of each wallet, the first on "
                        (instant_or(sum.expires_first.as_ref(), "–"))
                    } @else { "nothing that is there ends by itself" }
                }))
                (figure("Overdrawn", html! { (sum.overdrawn) }, html! {
                    "consumed beyond what there was"
                }))
            }
            @if !chart.columns.is_empty() { (chart.show()) }
        },
    )
}
