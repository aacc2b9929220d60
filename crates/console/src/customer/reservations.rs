//! `/customers/{id}/reservations`: credits that are set aside.

use maud::html;
use serde::Deserialize;

use super::{CustomerPage, Tab};
use crate::api::{Listed, target};
use crate::component::{Amount, Instant, empty, instant, pager, table};
use crate::failure::Shown;
use crate::visit::Visit;
use crate::wallets::WalletName;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    id: String,
    amount: Amount,
    currency_id: String,
    resource_id: Option<String>,
    created_at: Instant,
    expires_at: Instant,
}

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let visit = &page.visit;
    let query = [
        ("customerId", Some(page.customer.id.as_str())),
        ("limit", Some("50")),
        ("after", visit.query("after")),
        ("before", visit.query("before")),
    ];
    let reservations: Listed<Reservation> =
        visit.api.list(&target("/api/v1/credits/reservations", &query)).await?;
    let heads = [
        ("Reservation", false),
        ("Wallet", false),
        ("Held", true),
        ("Since", false),
        ("Ends by itself", false),
    ];
    page.show(
        Tab::Reservations,
        None,
        html! {
            @if reservations.data.is_empty() {
                (empty("Nothing is set aside. What was, and how it ended, is in the ledger.", None))
            } @else {
                (table("Open reservations", &heads, html! {
                    @for reservation in &reservations.data {
                        @let wallet = WalletName {
                            currency: reservation.currency_id.clone(),
                            resource: reservation.resource_id.clone(),
                        };
                        tr {
                            th scope="row" { code { (reservation.id) } }
                            td { (wallet.title(&page.currencies)) }
                            td.number { (reservation.amount) }
                            td { (instant(&reservation.created_at)) }
                            td { (instant(&reservation.expires_at)) }
                        }
                    }
                }))
                (pager(visit, &reservations.pagination))
            }
        },
    )
}
