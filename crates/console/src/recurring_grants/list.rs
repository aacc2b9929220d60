//! `/customers/{id}/recurring-grants`: what is given anew each period, and when next.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::model::{RECURRING, RecurringGrant, period};
use crate::api::Listed;
use crate::component::{empty, instant_or, pager, table};
use crate::customer::{CustomerPage, Tab};
use crate::failure::Shown;
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let visit = &page.visit;
    let chosen = [("customerId", Some(page.customer.id.as_str()))];
    let found: Listed<RecurringGrant> = visit.api.list(&visit.page_of(RECURRING, &chosen)).await?;
    let new = page.address("/new/recurring-grant");
    let first = visit.offer(Scope::Grants, &new, "Make the first recurring grant");
    let actions = html! {
        @if visit.may(Scope::Grants) { a.button.primary href=(new) { "New recurring grant" } }
    };
    page.show(
        Tab::Recurring,
        Some(actions),
        html! {
            @if found.data.is_empty() {
                (empty("Nothing is given to this customer anew each month or year.", first))
            } @else {
                (rows(&page, &found.data))
                (pager(visit, &found.pagination))
            }
        },
    )
}

fn rows(page: &CustomerPage, found: &[RecurringGrant]) -> Markup {
    let heads = [
        ("Recurring grant", false),
        ("Wallet", false),
        ("Amount", true),
        ("Each", false),
        ("Next grant", false),
        ("Priority", true),
        ("", false),
    ];
    table(
        "Recurring grants",
        &heads,
        html! {
            @for recurring in found {
                tr {
                    th scope="row" {
                        (recurring.display_name) br; code.quiet { (recurring.id) }
                    }
                    td { (recurring.wallet().title(&page.currencies)) }
                    td.number { (recurring.amount) }
                    td { (period(&recurring.cadence)) }
                    td { (instant_or(recurring.next_period_at.as_ref(), "–")) }
                    td.number { (recurring.priority) }
                    td { @if page.visit.may(Scope::Grants) { div.actions {
                        @for (dialog, verb) in [("/edit", "Change"), ("/stop", "Stop")] {
                            a.button.small href=(page.visit.address(&recurring.path(dialog))) {
                                (verb) span.hidden { " " (recurring.display_name) }
                            }
                        }
                    } } }
                }
            }
        },
    )
}
