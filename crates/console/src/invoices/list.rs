//! `/invoices` and `/customers/{id}/invoices`.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::model::Invoice;
use crate::api::Listed;
use crate::component::{badge, empty, instant, instant_or, pager, status_filter, table};
use crate::customer::{CustomerPage, Tab};
use crate::customers::model::path_of;
use crate::failure::{Failure, Shown};
use crate::layout::{Heading, Section};
use crate::visit::Visit;

const STATUSES: [(&str, &str); 4] =
    [("", "All"), ("OPEN", "Open"), ("PAID", "Paid"), ("CANCELED", "Canceled")];

/// Those of all customers.
pub async fn page(visit: Visit) -> Shown {
    let invoices = listed(&visit, None).await?;
    let heading = Heading::of("Invoices", Section::Invoices);
    visit.page(&heading, contents(&visit, &invoices, true))
}

/// Those of one.
pub async fn of_customer(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let invoices = listed(&page.visit, Some(&page.customer.id)).await?;
    page.show(Tab::Invoices, None, contents(&page.visit, &invoices, false))
}

async fn listed(visit: &Visit, customer: Option<&str>) -> Result<Listed<Invoice>, Failure> {
    let chosen = [("customerId", customer), ("status", visit.query("status"))];
    Ok(visit.api.list(&visit.page_of("/api/v1/invoices", &chosen)).await?)
}

fn contents(visit: &Visit, invoices: &Listed<Invoice>, names_customers: bool) -> Markup {
    let chosen = visit.query("status").unwrap_or_default();
    html! {
        (status_filter(&STATUSES, chosen))
        @if invoices.data.is_empty() {
            (empty("There are no invoices here. Granting paid credits by invoice makes one.", None))
        } @else {
            (rows(visit, &invoices.data, names_customers))
            (pager(visit, &invoices.pagination))
        }
    }
}

fn rows(visit: &Visit, invoices: &[Invoice], names_customers: bool) -> Markup {
    let mut heads = vec![("Invoice", false)];
    if names_customers {
        heads.push(("Customer", false));
    }
    heads.extend([
        ("Status", false),
        ("Total", true),
        ("Made", false),
        ("Due", false),
        ("", false),
    ]);
    table(
        "Invoices",
        &heads,
        html! {
            @for invoice in invoices {
                tr {
                    th scope="row" {
                        a href=(visit.address(&invoice.path())) { code { (invoice.id) } }
                    }
                    @if names_customers {
                        td { a href=(visit.address(&path_of(&invoice.customer_id))) {
                            (invoice.customer_id) } }
                    }
                    td { (badge(&invoice.status)) }
                    td.number { (invoice.total_in_words()) }
                    td { (instant(&invoice.created_at)) }
                    td { (instant_or(invoice.due_date.as_ref(), "–")) }
                    td {
                        @if invoice.is_settled_by_hand() && visit.may(Scope::Grants) {
                            @let path = format!("{}/mark-paid", invoice.path());
                            a.button.small href=(visit.address(&path)) {
                                "Mark paid" span.hidden { ": " (invoice.id) }
                            }
                        }
                    }
                }
            }
        },
    )
}
