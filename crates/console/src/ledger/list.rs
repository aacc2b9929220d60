//! `/customers/{id}/ledger`: every row, newest first, with the balance after it.

use maud::{Markup, html};
use scrip_core::EventType;
use scrip_ledger::Scope;
use serde_json::Value;

use super::model::Row;
use crate::api::{Listed, target};
use crate::component::{Instant, empty, event_name, instant, pager, table};
use crate::customer::{CustomerPage, Tab};
use crate::failure::Shown;
use crate::visit::Visit;
use crate::wallets::{WalletName, wallet_filter};

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let visit = &page.visit;
    let wallet = WalletName::of_query(visit);
    let [currency, resource] = wallet.as_ref().map(WalletName::query).unwrap_or_default();
    let chosen = [
        ("customerId", Some(page.customer.id.as_str())),
        currency,
        resource,
        ("eventType", visit.query("eventType")),
        ("reservationId", visit.query("reservationId")),
    ];
    let rows = visit.page_of("/api/v1/credits/ledger", &chosen);
    let rows: Listed<Row> = visit.api.list(&rows).await?;
    page.show(
        Tab::Ledger,
        None,
        html! {
            (wallet_filter(visit, &page.wallets, wallet.as_ref(), &page.currencies))
            (filters(visit, wallet.as_ref()))
            @if rows.data.is_empty() {
                (empty("Nothing of this kind has happened.", None))
            } @else {
                (shown(&page, &rows.data))
                (pager(visit, &rows.pagination))
            }
        },
    )
}

fn filters(visit: &Visit, wallet: Option<&WalletName>) -> Markup {
    let chosen = visit.query("eventType").unwrap_or_default();
    html! {
        form.filters method="get" data-applies {
            @for (name, value) in wallet.map(WalletName::query).into_iter().flatten() {
                @if let Some(value) = value { input type="hidden" name=(name) value=(value); }
            }
            div {
                label for="eventType" { "What happened" }
                select #eventType name="eventType" {
                    option value="" { "Everything" }
                    @for known in EventType::ALL.map(EventType::as_str) {
                        option value=(known) selected[known == chosen] { (event_name(known)) }
                    }
                }
            }
            div {
                label for="reservationId" { "Reservation" }
                input #reservationId name="reservationId" autocomplete="off"
                    value=(visit.query("reservationId").unwrap_or_default());
            }
            button { "Show" }
        }
    }
}

fn shown(page: &CustomerPage, rows: &[Row]) -> Markup {
    let heads = [
        ("When", false),
        ("What", false),
        ("Amount", true),
        ("Balance after", true),
        ("Of", false),
        ("By", false),
        ("", false),
    ];
    table(
        "Ledger",
        &heads,
        html! {
            @for row in rows {
                tr {
                    td { (instant(&row.timestamp)) (recorded(&row.timestamp, &row.recorded_at)) }
                    th scope="row" {
                        (event_name(&row.event_type))
                        (details(row))
                    }
                    td.number { (row.amount) }
                    td.number { (row.balance_after) }
                    td {
                        a href=(page.address(&format!("/grants/{}", row.credit_grant_id))) {
                            code { (row.credit_grant_id) }
                        }
                        @let wallet = WalletName {
                            currency: row.credit_currency_id.clone(),
                            resource: row.resource_id.clone(),
                        };
                        br; span.quiet { (wallet.title(&page.currencies)) }
                    }
                    td { code { (row.actor) } }
                    td { @if row.is_consumption() && page.visit.may(Scope::Consumption) { (refund(page, row)) } }
                }
            }
        },
    )
}

/// When it was written down, where that is another minute.
fn recorded(attributed: &Instant, recorded: &Instant) -> Markup {
    let minute = |at: &Instant| at.get(..16).map(str::to_owned);
    html! {
        @if minute(attributed) != minute(recorded) {
            br; span.quiet { "recorded " (instant(recorded)) }
        }
    }
}

fn details(row: &Row) -> Markup {
    html! {
        @for (name, value) in &row.dimensions {
            br; span.quiet { (name) ": " @match value {
                Value::String(text) => (text),
                other => (other.to_string()),
            } }
        }
        @if let Some(reservation) = &row.reservation_id {
            br; span.quiet { "reservation " code { (reservation) } }
        }
        @if let Some(key) = &row.idempotency_key {
            br; span.quiet { "key " code { (key) } }
        }
    }
}

fn refund(page: &CustomerPage, row: &Row) -> Markup {
    let query = [
        ("currencyId", Some(row.credit_currency_id.as_str())),
        ("resourceId", row.resource_id.as_deref()),
        ("consumptionKey", row.idempotency_key.as_deref()),
    ];
    let address = target(&page.address("/consumption/refund"), &query);
    html! { a.button.small href=(address) { "Refund" } }
}
