//! `/customers/{id}/usage`: what was consumed over time, by dimension and range.

use maud::{Markup, html};
use serde::Deserialize;

use super::{CustomerPage, Tab};
use crate::api::{Api, ApiFailure, target};
use crate::component::{Amount, Chart, Instant, Series, empty, select};
use crate::currencies::model::Currencies;
use crate::failure::Shown;
use crate::visit::Visit;
use crate::wallets::{WalletName, wallet_filter};

/// How much of the past is shown.
pub const RANGES: [(&str, &str); 4] = [
    ("LAST_DAY", "Last 24 hours"),
    ("LAST_WEEK", "Last 7 days"),
    ("LAST_MONTH", "Last 30 days"),
    ("LAST_YEAR", "Last 12 months"),
];
/// Of them, where nobody chose.
pub const DEFAULT_RANGE: &str = "LAST_MONTH";
/// Series that are told apart; the rest is one.
const SERIES_MAX: usize = 5;

/// What was consumed from a wallet.
#[derive(Deserialize)]
pub struct Usage {
    series: Vec<UsageSeries>,
    pagination: crate::api::Pagination,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageSeries {
    total_credits: Amount,
    event_count: u64,
    points: Vec<Point>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Point {
    timestamp: Instant,
    value: Amount,
}

#[derive(Deserialize)]
struct Tag {
    key: String,
    value: String,
}

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let Some(wallet) = page.wallet() else {
        return page.show(Tab::Usage, None, empty("This customer has consumed nothing yet.", None));
    };
    let visit = &page.visit;
    let range = visit.query("timeRange").unwrap_or(DEFAULT_RANGE);
    let group_by = visit.query("groupBy");
    let usage = Usage::get(&visit.api, &page.customer.id, &wallet, range, group_by).await;
    let shown = match usage {
        Ok(usage) => usage.show(&wallet, &page.currencies),
        // What to group by is written by hand: the form says what is wrong with it.
        Err(ApiFailure::Refused(refusal)) if refusal.status.as_u16() == 400 => html! {
            div.notice data-tone="bad" role="alert" { p { (refusal.message) } }
        },
        Err(failure) => return Err(failure.into()),
    };
    page.show(
        Tab::Usage,
        None,
        html! {
            (wallet_filter(&page.visit, &page.wallets, Some(&wallet), &page.currencies))
            (filters(&page.visit, &wallet))
            (shown)
        },
    )
}

impl Usage {
    /// Of a wallet of a customer, in one of the ranges.
    pub async fn get(
        api: &Api,
        customer: &str,
        wallet: &WalletName,
        range: &str,
        group_by: Option<&str>,
    ) -> Result<Self, ApiFailure> {
        let [currency, resource] = wallet.query();
        let query = [
            ("customerId", Some(customer)),
            currency,
            resource,
            ("timeRange", Some(range)),
            ("groupBy", group_by),
            ("limit", Some("100")),
        ];
        api.get(&target("/api/v1/credits/usage", &query)).await
    }

    /// A chart, and the sum before it.
    pub fn show(&self, wallet: &WalletName, currencies: &Currencies) -> Markup {
        let mut totals = self.series.iter().map(|series| series.total_credits);
        let total = totals.try_fold(Amount::ZERO, |sum, one| sum.plus(one)).unwrap_or_default();
        let events: u64 = self.series.iter().map(|series| series.event_count).sum();
        let unit = currencies.unit(&wallet.currency);
        let Some(first) = self.series.first() else {
            return empty("Nothing was consumed in this time.", None);
        };
        let columns = first.points.iter().map(|point| column(&point.timestamp)).collect();
        let chart = Chart {
            title: format!("{} consumed", currencies.name(&wallet.currency)),
            columns,
            series: told_apart(&self.series),
        };
        html! {
            p { strong { (total) " " (unit) } " in " (events) " consumptions" }
            (chart.show())
            @if self.pagination.next.is_some() {
                p.quiet { "Only the 100 series with the most usage are added up here." }
            }
        }
    }
}

fn filters(visit: &Visit, wallet: &WalletName) -> Markup {
    let range = visit.query("timeRange").unwrap_or(DEFAULT_RANGE);
    html! {
        form.filters method="get" data-applies {
            input type="hidden" name="currencyId" value=(wallet.currency);
            @if let Some(resource) = &wallet.resource {
                input type="hidden" name="resourceId" value=(resource);
            }
            (select("timeRange", "Range", &RANGES, range))
            div {
                label for="groupBy" { "By dimension" }
                input #groupBy name="groupBy" placeholder="model" autocomplete="off"
                    value=(visit.query("groupBy").unwrap_or_default());
            }
            button { "Show" }
        }
    }
}

/// The largest series by themselves, and one that adds up the rest.
fn told_apart(series: &[UsageSeries]) -> Vec<Series> {
    let is_many = series.len() > SERIES_MAX + 1;
    let apart = if is_many { SERIES_MAX } else { series.len() };
    let mut shown: Vec<Series> = series
        .iter()
        .take(apart)
        .map(|one| Series { name: name(one), values: values(one) })
        .collect();
    if is_many {
        let mut rest = vec![Amount::ZERO; series.first().map_or(0, |one| one.points.len())];
        for one in series.iter().skip(apart) {
            for (sum, value) in rest.iter_mut().zip(values(one)) {
                *sum = sum.plus(value).unwrap_or(*sum);
            }
        }
        let name = format!("{} others", series.len() - apart);
        shown.push(Series { name, values: rest });
    }
    shown
}

fn values(series: &UsageSeries) -> Vec<Amount> {
    series.points.iter().map(|point| point.value).collect()
}

fn name(series: &UsageSeries) -> String {
    let tag = |tag: &Tag| match tag.value.as_str() {
        "" => format!("no {}", tag.key),
        value => value.to_owned(),
    };
    let tags: Vec<String> = series.tags.iter().map(tag).collect();
    if tags.is_empty() { "Consumed".to_owned() } else { tags.join(" · ") }
}

/// The day, and the hour where that says something.
fn column(at: &str) -> String {
    let (date, time) = at.split_once('T').unwrap_or((at, ""));
    let hour: String = time.chars().take(5).collect();
    if hour == "00:00" { date.to_owned() } else { format!("{date} {hour}") }
}
