//! `/revenue/months`: the months whose figures stand for ever.

use maud::{Markup, html};

use super::model::ClosedMonth;
use crate::api::{Listed, target};
use crate::component::{counted, empty, instant, pager, table};
use crate::failure::Shown;
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let months = ClosedMonth::list(&visit).await?;
    let close = visit.address("/revenue/close");
    let actions = html! {
        @if visit.may_everything() { a.button.primary href=(close) { "Close a month" } }
    };
    let heading = Heading::of("Closed months", Section::Revenue)
        .below("Revenue", visit.address("/revenue"))
        .with(actions);
    visit.page(
        &heading,
        html! {
            @if months.data.is_empty() {
                (empty("No month is closed: whatever is recorded late still changes the month that it is \
                        attributed to.", None))
            } @else { (closed(&visit, &months)) }
        },
    )
}

fn closed(visit: &Visit, months: &Listed<ClosedMonth>) -> Markup {
    let heads = [("Month", false), ("Closed", false), ("By", false), ("Figures of", false)];
    html! {
        (table("Closed months", &heads, html! {
            @for month in &months.data {
                @let stretch = [
                    ("range", Some("between")),
                    ("from", Some(month.from.as_str())),
                    ("to", Some(month.to.as_str())),
                ];
                tr {
                    th scope="row" { a href=(target(&visit.address("/revenue"), &stretch)) {
                        (month.month) } }
                    td { (instant(&month.closed_at)) }
                    td { code { (month.closed_by) } }
                    td { @if month.totals.is_empty() { "nothing" } @else {
                        (counted(month.totals.len(), "currency and money")) } }
                }
            }
        }))
        (pager(visit, &months.pagination))
        p.quiet { "Their figures stand for ever. What is recorded later counts in the first month that is \
                   open." }
    }
}
