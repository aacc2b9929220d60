//! `/console/{environment}`: what is outstanding, burned, expiring and overdrawn, deferred and recognised.

use axum::extract::State;
use maud::{Markup, html};
use scrip_ledger::Scope;

use super::attention::Attention;
use super::gathered::Look;
use super::money::Money;
use super::sums::{Sum, Sums};
use crate::Console;
use crate::component::{
    Amount, Chart, Instant, Series, counted, empty, figure, instant, instant_or, section,
};
use crate::currencies::model::Currencies;
use crate::failure::{Failure, Shown};
use crate::layout::{Heading, Section};
use crate::revenue::model::Kind;
use crate::visit::Visit;

/// The page.
pub async fn page(State(console): State<Console>, visit: Visit) -> Shown {
    let currencies = Currencies::all(&visit.api).await?;
    let environment = &visit.visitor.environment;
    let api = || visit.api.clone();
    let known = console.overview();
    let (sums, money) = tokio::join!(
        known.sums.look(environment, |progress| Sums::of(api(), progress)),
        known.money.look(environment, |progress| Money::of(api(), progress)),
    );
    let sums = sums?;
    let attention = Attention::of(&visit.api).await?;
    let heading = Heading::of("Overview", Section::Overview);
    visit.page(
        &heading,
        html! {
            (attention.show(&visit, sums.newest.as_deref(), &currencies))
            @match &sums.newest {
                None => (awaited("What all customers have", &sums, "customer")),
                Some(newest) => {
                    @if newest.by_currency.is_empty() { (nothing(&visit, newest, &currencies)) }
                    @for (currency, sum) in &newest.by_currency {
                        (of_currency(&currencies, currency, sum))
                    }
                    @if newest.customers > 0 {
                        p.quiet {
                            "These are the sums of " (counted(newest.customers, "customer"))
                            ": all there are." (age(&sums, &newest.from))
                        }
                    }
                }
            }
            @match &money {
                Err(failure) => (untold(failure)),
                Ok(money) => (of_money(&visit, money, &currencies)),
            }
        },
    )
}

/// What stands where nothing is known yet.
fn awaited<T>(what: &str, look: &Look<T>, noun: &str) -> Markup {
    let so_far = counted(look.under_way.unwrap_or_default(), noun);
    html! {
        div.notice data-tone="waiting" data-renews-seconds="3" role="status" {
            p { (what) " is being added up: " (so_far) " so far. "
                a href="" { "Look again" } }
        }
    }
}

/// How old something is that is not of this moment.
fn age<T>(look: &Look<T>, from: &Instant) -> Markup {
    html! {
        @if look.is_kept {
            " They were added up from " (instant(from)) " on"
            @if look.under_way.is_some() { ", and are being added up anew" }
            "."
        }
        @if let Some(failure) = &look.failure {
            " Adding them up anew failed: " (failure.text())
        }
    }
}

fn untold(failure: &Failure) -> Markup {
    html! {
        div.notice data-tone="bad" role="alert" { p { "Revenue is not known: " (failure.text()) } }
    }
}

/// What is deferred and recognised of each kind of money; nothing where no grant cost any.
fn of_money(visit: &Visit, look: &Look<Money>, currencies: &Currencies) -> Markup {
    let Some(money) = &look.newest else {
        return awaited("What is deferred and recognised", look, "month");
    };
    let more = html! { a href=(visit.address("/revenue")) { "Other times" } };
    let kinds = Kind::all_of(&money.months);
    html! {
        @for (index, kind) in kinds.iter().enumerate() {
            @let title = format!("Revenue this month: {}", kind.title(currencies));
            @let total = money.months.last().and_then(|month| kind.total(month));
            (section(&format!("revenue-{index}"), &title, Some(more.clone()), html! {
                @if let Some(total) = total { (total.first_figures()) }
                (kind.chart(&money.months, &kind.title(currencies)).show())
            }))
        }
        @if !kinds.is_empty() {
            p.quiet { "What is deferred is so now; the rest happened this month."
                (age(look, &money.from)) }
        }
    }
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
        columns: sum.days.keys().map(|day| day.chars().take(10).collect()).collect(),
        series: vec![Series {
            name: "Consumed".to_owned(),
            values: sum.days.values().copied().collect(),
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
                (figure("Burned in 30 days", html! { (sum.burned) }, html! {
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
