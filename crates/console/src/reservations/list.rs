//! `/customers/{id}/reservations`: credits that are set aside.

use maud::html;
use scrip_ledger::Scope;

use super::model::{RESERVATIONS, Reservation};
use crate::api::Listed;
use crate::component::{empty, instant, pager, table};
use crate::customer::{CustomerPage, Tab};
use crate::failure::Shown;
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let visit = &page.visit;
    let chosen = [("customerId", Some(page.customer.id.as_str()))];
    let reservations: Listed<Reservation> =
        visit.api.list(&visit.page_of(RESERVATIONS, &chosen)).await?;
    let heads = [
        ("Reservation", false),
        ("Wallet", false),
        ("Held", true),
        ("Since", false),
        ("Ends by itself", false),
        ("", false),
    ];
    let list = page.address("/reservations");
    page.show(
        Tab::Reservations,
        None,
        html! {
            @if reservations.data.is_empty() {
                (empty("Nothing is set aside. What was, and how it ended, is in the ledger.", None))
            } @else {
                (table("Open reservations", &heads, html! {
                    @for reservation in &reservations.data {
                        tr {
                            th scope="row" { code { (reservation.id) } }
                            td { (reservation.wallet().title(&page.currencies)) }
                            td.number { (reservation.amount) }
                            td { (instant(&reservation.created_at)) }
                            td { (instant(&reservation.expires_at)) }
                            td { @if visit.may(Scope::Consumption) { div.actions {
                                @for (dialog, verb) in [("/release", "Release"), ("/extend", "Extend")] {
                                    a.button.small href=(reservation.dialog(&list, dialog)) {
                                        (verb) span.hidden { " " (reservation.id) }
                                    }
                                }
                            } } }
                        }
                    }
                }))
                (pager(visit, &reservations.pagination))
            }
        },
    )
}
