//! A revenue report and the months that were closed, as the API shows them.

use maud::{Markup, html};
use scrip_core::Timestamp;
use serde::Deserialize;

use crate::api::{Api, ApiFailure, Listed, segment, target};
use crate::component::{Amount, Chart, Instant, Series, figure, table};
use crate::currencies::model::Currencies;
use crate::visit::Visit;

const REPORT: &str = "/api/v1/credits/reports/revenue";
const MONTHS: &str = "/api/v1/credits/reports/months";

/// What became of the money of grants in a stretch of time.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Its beginning.
    pub from: Instant,
    /// Its end.
    pub to: Instant,
    /// A month whose figures stand for ever.
    pub is_closed: bool,
    /// Its figures.
    pub totals: Vec<Total>,
}

/// The figures of one currency in one money.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Total {
    /// What credits are counted in.
    pub currency_id: String,
    /// What they cost.
    pub cost_currency: String,
    /// How many grants are in it.
    pub grants: u64,
    /// Not earned yet at the beginning.
    pub deferred_from: Amount,
    /// What grants cost.
    pub granted: Amount,
    /// What came back.
    pub restored: Amount,
    /// Earned by consumption.
    pub recognised: Amount,
    /// Earned because nobody used it.
    pub breakage: Amount,
    /// What went back.
    pub refunded: Amount,
    /// Not earned yet at the end.
    pub deferred_to: Amount,
}

/// Months of [`months_up_to`], the current one last.
const MONTHS_SHOWN: i32 = 6;

/// What [`Total::figures`] are called.
pub const FIGURES: [(&str, bool); 7] = [
    ("Deferred before", true),
    ("Granted", true),
    ("Restored", true),
    ("Recognised", true),
    ("Breakage", true),
    ("Refunded", true),
    ("Deferred after", true),
];

impl Total {
    /// Its figures in money, as a row has them.
    pub fn figures(&self) -> Markup {
        let figures = [
            self.deferred_from,
            self.granted,
            self.restored,
            self.recognised,
            self.breakage,
            self.refunded,
            self.deferred_to,
        ];
        html! { @for figure in figures { td.number { (figure) } } }
    }

    /// The figures that are read before everything else.
    pub fn first_figures(&self) -> Markup {
        let money = self.cost_currency.to_uppercase();
        html! {
            div.figures {
                (figure("Deferred", html! { (self.deferred_to) }, html! {
                    (money) " not earned yet" }))
                (figure("Recognised", html! { (self.recognised) }, html! {
                    (money) " earned by consumption" }))
                (figure("Breakage", html! { (self.breakage) }, html! {
                    (money) " of credits that nobody used" }))
                (figure("Refunded", html! { (self.refunded) }, html! { (money) " went back" }))
            }
        }
    }
}

/// What figures are of: credits of a currency that cost money of another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Kind<'a> {
    /// What credits are counted in.
    pub currency: &'a str,
    /// What they cost.
    pub money: &'a str,
}

impl<'a> Kind<'a> {
    /// All that reports have figures of, each once.
    pub fn all_of(reports: &'a [Report]) -> Vec<Self> {
        let mut kinds = Vec::new();
        for total in reports.iter().flat_map(|report| &report.totals) {
            let kind = Self::of(total);
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        }
        kinds
    }

    fn of(total: &'a Total) -> Self {
        Self { currency: &total.currency_id, money: &total.cost_currency }
    }

    /// In words.
    pub fn title(self, currencies: &Currencies) -> String {
        format!("{} in {}", currencies.name(self.currency), self.money.to_uppercase())
    }

    /// Its figures of a report, if it has some.
    pub fn total(self, report: &Report) -> Option<&Total> {
        report.totals.iter().find(|total| Kind::of(total) == self)
    }

    /// What was earned in the stretches of several reports.
    pub fn chart(self, reports: &[Report], title: &str) -> Chart {
        let values = |pick: fn(&Total) -> Amount| -> Vec<Amount> {
            let picked = |report| self.total(report).map(pick).unwrap_or_default();
            reports.iter().map(picked).collect()
        };
        Chart {
            title: format!("{title}, month by month"),
            columns: reports.iter().map(|it| it.from.chars().take(7).collect()).collect(),
            series: vec![
                Series { name: "Recognised".to_owned(), values: values(|it| it.recognised) },
                Series { name: "Breakage".to_owned(), values: values(|it| it.breakage) },
            ],
        }
    }
}

/// A month that was closed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClosedMonth {
    /// `2026-01`.
    pub month: String,
    /// Its first instant.
    pub from: Instant,
    /// The first instant behind it.
    pub to: Instant,
    /// When.
    pub closed_at: Instant,
    /// By whom.
    pub closed_by: String,
    /// Its figures.
    pub totals: Vec<Total>,
}

impl Report {
    /// The report of a stretch of time.
    pub async fn get(api: &Api, from: &str, to: &str) -> Result<Self, ApiFailure> {
        api.get(&target(REPORT, &[("from", Some(from)), ("to", Some(to))])).await
    }
}

impl ClosedMonth {
    /// A page of them, the last one first.
    pub async fn list(visit: &Visit) -> Result<Listed<Self>, ApiFailure> {
        visit.api.list(&visit.page_of(MONTHS, &[])).await
    }

    /// The last one, if any was closed.
    pub async fn last(api: &Api) -> Result<Option<Self>, ApiFailure> {
        let found: Listed<Self> = api.list(&target(MONTHS, &[("limit", Some("1"))])).await?;
        Ok(found.data.into_iter().next())
    }

    /// The path by which a month is closed.
    pub fn closing(month: &str) -> String {
        format!("{MONTHS}/{}/close", segment(month))
    }
}

/// The last months, from when to when, up to an instant of the current one.
pub fn months_up_to(now: Timestamp) -> Vec<(String, String)> {
    let month = now.first_of_month();
    let stretch = |back: i32| {
        let from = month.months_later(-back);
        (from.to_string(), from.next_month().min(now).to_string())
    };
    (0..MONTHS_SHOWN).rev().map(stretch).collect()
}

/// The first instant of a month as it is written, `2026-01`.
pub fn begin_of(month: &str) -> Option<Timestamp> {
    let begin = Timestamp::parse(&format!("{month}-01T00:00:00Z")).ok()?;
    (name_of(begin) == month).then_some(begin)
}

/// The month of an instant, `2026-01`.
pub fn name_of(at: Timestamp) -> String {
    at.to_string().chars().take(7).collect()
}

/// The figures of a month, a row for each currency and money.
pub fn figures(totals: &[Total], currencies: &Currencies) -> Markup {
    let heads = [&[("Credits", false)], &FIGURES[..]].concat();
    table(
        "Figures of the month",
        &heads,
        html! {
            @for total in totals {
                tr {
                    th scope="row" { (currencies.name(&total.currency_id)) " in "
                        (total.cost_currency.to_uppercase()) }
                    (total.figures())
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_written_in_one_way() {
        assert_eq!(begin_of("2026-01").map(name_of).as_deref(), Some("2026-01"));
        for wrong in ["", "2026", "2026-1", "2026-13", "2026-01-01", "january", "2026-01T"] {
            assert!(begin_of(wrong).is_none(), "{wrong}");
        }
    }
}
