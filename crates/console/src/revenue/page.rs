//! `/revenue`: what is deferred and what is recognised, from what grants cost.
//!
//! A report reads all rows, which takes seconds for each million of them: it is made when somebody
//! asks for a stretch of time.

use maud::{Markup, html};
use scrip_core::Timestamp;

use super::model::{FIGURES, Kind, Report, Total, months_up_to};
use crate::api::ApiFailure;
use crate::component::{empty, instant, section, select, table};
use crate::currencies::model::Currencies;
use crate::failure::{Failure, Shown};
use crate::layout::{Heading, Section};
use crate::settings::Clock;
use crate::visit::Visit;

/// What can be asked for.
const RANGES: [(&str, &str); 4] = [
    ("this-month", "This month so far"),
    ("last-month", "Last month"),
    ("months", "Month by month, for six months"),
    ("between", "Between two instants"),
];

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let now = Clock::get(&visit.api).await?.now;
    let now = Timestamp::parse(&now).map_err(|error| Failure::Internal(error.to_string()))?;
    let stretches = stretches(&visit, now);
    let currencies = Currencies::all(&visit.api).await?;
    let mut reports = Vec::new();
    let mut refused = None;
    for (from, to) in stretches {
        match Report::get(&visit.api, &from, &to).await {
            Ok(report) => reports.push(report),
            // Instants are written by hand.
            Err(ApiFailure::Refused(refusal)) if refusal.status.as_u16() == 400 => {
                refused = Some(refusal.message);
            }
            Err(ApiFailure::Refused(refusal)) if refusal.status.as_u16() == 404 => {
                refused = Some("This server makes no revenue reports.".to_owned());
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    let months = html! {
        a.button href=(visit.address("/revenue/months")) { "Closed months" }
    };
    let heading = Heading::of("Revenue", Section::Revenue).with(months);
    visit.page(&heading, html! {
        (filters(&visit))
        @if let Some(message) = refused {
            div.notice data-tone="bad" role="alert" { p { (message) } }
        } @else if reports.is_empty() {
            (empty("Choose a stretch of time. A report reads everything that happened, which takes \
                    seconds for each million rows.", None))
        } @else { (told(&reports, &currencies)) }
    })
}

/// From when to when, for each report.
fn stretches(visit: &Visit, now: Timestamp) -> Vec<(String, String)> {
    let month = now.first_of_month();
    let between = |from: Timestamp, to: Timestamp| (from.to_string(), to.to_string());
    match visit.query("range") {
        Some("this-month") => vec![between(month, now)],
        Some("last-month") => vec![between(month.months_later(-1), month)],
        Some("months") => months_up_to(now),
        Some("between") => {
            let text = |name| visit.query(name).unwrap_or_default().to_owned();
            vec![(text("from"), text("to"))]
        }
        _ => Vec::new(),
    }
}

fn filters(visit: &Visit) -> Markup {
    let range = visit.query("range").unwrap_or_default();
    let instant = |name: &'static str, label: &str| {
        html! {
            div {
                label for=(name) { (label) }
                input id=(name) name=(name) placeholder="2026-11-01T00:00:00Z" autocomplete="off"
                    value=(visit.query(name).unwrap_or_default());
            }
        }
    };
    html! {
        form.filters method="get" {
            (select("range", "Time", &RANGES, range))
            (instant("from", "From (UTC)"))
            (instant("to", "To (UTC)"))
            button.primary { "Make the report" }
        }
    }
}

fn told(reports: &[Report], currencies: &Currencies) -> Markup {
    let kinds = Kind::all_of(reports);
    html! {
        @if kinds.is_empty() {
            (empty("No grant that cost anything was there in this time.", None))
        }
        @for (index, kind) in kinds.into_iter().enumerate() {
            @let title = kind.title(currencies);
            (section(&format!("revenue-{index}"), &title, None, of_kind(reports, kind, &title)))
        }
        p.quiet { "What was deferred at the beginning, and what was granted and restored, is either \
                   recognised, breakage, refunded, or deferred at the end." }
    }
}

fn of_kind(reports: &[Report], kind: Kind<'_>, title: &str) -> Markup {
    let totals: Vec<(&Report, Option<&Total>)> =
        reports.iter().map(|report| (report, kind.total(report))).collect();
    html! {
        @if let Some((_, Some(last))) = totals.last() { (last.first_figures()) }
        @if totals.len() > 1 { (kind.chart(reports, title).show()) br; }
        (figures(&totals, title))
    }
}

fn figures(totals: &[(&Report, Option<&Total>)], title: &str) -> Markup {
    let heads = [&[("From", false), ("To", false), ("Grants", true)], &FIGURES[..]].concat();
    table(
        title,
        &heads,
        html! {
            @for (report, total) in totals {
                tr {
                    th scope="row" { (instant(&report.from)) }
                    td { (instant(&report.to)) @if report.is_closed { br; span.quiet { "closed" } } }
                    @match total {
                        Some(total) => {
                            td.number { (total.grants) }
                            (total.figures())
                        }
                        None => { td.quiet colspan="8" { "nothing" } }
                    }
                }
            }
        },
    )
}
