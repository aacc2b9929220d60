//! `/customers/{id}/balance`: why is it this number?

use maud::{Markup, html};
use serde::Deserialize;

use super::{CustomerPage, Tab};
use crate::api::{ApiFailure, target};
use crate::component::{Amount, Instant, badge, empty, event_name, instant, section, table};
use crate::failure::Shown;
use crate::ledger::model::Row;
use crate::visit::Visit;
use crate::wallets::{WalletName, wallet_filter};

/// Rows that are shown one by one; the others are one line.
const ROWS_MAX: usize = 100;

#[derive(Deserialize)]
struct Explained {
    at: Instant,
    granted: Amount,
    consumed: Amount,
    reserved: Amount,
    available: Amount,
    opening: Amount,
    grants: Vec<Part>,
    rows: Vec<Row>,
}

/// What a grant adds.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    id: String,
    grant_type: String,
    status: String,
    amount: Amount,
    consumed: Amount,
    held: Amount,
    available: Amount,
}

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let Some(wallet) = page.wallet() else {
        let nothing = empty("This customer has no credits yet, and has consumed none.", None);
        return page.show(Tab::Balance, None, nothing);
    };
    let [currency, resource] = wallet.query();
    let customer = ("customerId", Some(page.customer.id.as_str()));
    let query = [customer, currency, resource, ("at", page.visit.query("at"))];
    let explained =
        page.visit.api.get::<Explained>(&target("/api/v1/credits/balances/explain", &query)).await;
    let shown = match explained {
        Ok(explained) => sums(&page, &wallet, &explained),
        // The instant is written by hand.
        Err(ApiFailure::Refused(refusal)) if refusal.status.as_u16() == 400 => html! {
            div.notice data-tone="bad" role="alert" { p { (refusal.message) } }
        },
        Err(failure) => return Err(failure.into()),
    };
    page.show(
        Tab::Balance,
        None,
        html! {
            (wallet_filter(&page.visit, &page.wallets, Some(&wallet), &page.currencies))
            (when(&page.visit, &wallet))
            (shown)
        },
    )
}

fn when(visit: &Visit, wallet: &WalletName) -> Markup {
    html! {
        form.filters method="get" {
            input type="hidden" name="currencyId" value=(wallet.currency);
            @if let Some(resource) = &wallet.resource {
                input type="hidden" name="resourceId" value=(resource);
            }
            div {
                label for="at" { "At (UTC); empty is this moment" }
                input #at name="at" placeholder="2026-11-01T00:00:00Z" autocomplete="off"
                    value=(visit.query("at").unwrap_or_default());
            }
            button { "Explain" }
        }
    }
}

fn sums(page: &CustomerPage, wallet: &WalletName, explained: &Explained) -> Markup {
    let unit = page.currencies.unit(&wallet.currency);
    let Explained { at, granted, consumed, reserved, available, .. } = explained;
    html! {
        div.card {
            p { "At " (instant(at)) " there are " strong { (available) " " (unit) } " available:" }
            p.sum { (granted) " granted − " (consumed) " consumed − " (reserved) " reserved = "
                strong { (available) } }
        }
        (of_grants(page, wallet, explained))
        (of_rows(explained))
    }
}

fn of_grants(page: &CustomerPage, wallet: &WalletName, explained: &Explained) -> Markup {
    let sum = sum(explained.grants.iter().map(|grant| grant.available));
    let heads = [
        ("Grant", false),
        ("Status", false),
        ("Amount", true),
        ("Consumed", true),
        ("Held", true),
        ("Adds", true),
    ];
    section(
        "of-grants",
        "By grant",
        None,
        html! {
            @if explained.grants.is_empty() {
                (empty("No grant matters to this balance.", None))
            } @else {
                (table("What each grant adds", &heads, html! {
                    @for grant in &explained.grants {
                        tr {
                            th scope="row" {
                                a href=(page.address(&format!("/grants/{}", grant.id))) {
                                    code { (grant.id) }
                                }
                                " " span.quiet { (event_name(&grant.grant_type)) }
                            }
                            td { (badge(&grant.status)) }
                            td.number { (grant.amount) }
                            td.number { (grant.consumed) }
                            td.number { (grant.held) }
                            td.number { (grant.available) }
                        }
                    }
                    tr.total { th scope="row" colspan="5" { "Together" } td.number { (sum) } }
                }))
                p.quiet { "These add up to the balance of "
                    (page.currencies.in_words(&wallet.currency, explained.available)) "." }
            }
        },
    )
}

fn of_rows(explained: &Explained) -> Markup {
    let newest = explained.rows.len().saturating_sub(ROWS_MAX);
    let (older, shown) = explained.rows.split_at(newest);
    let older_sum = sum(older.iter().map(|row| row.amount));
    let heads = [("When", false), ("What", false), ("Grant", false), ("Adds", true)];
    section(
        "of-rows",
        "By what happened",
        None,
        table(
            "What each row adds",
            &heads,
            html! {
                tr {
                    td colspan="3" { "The balance before the rows below" }
                    td.number { (explained.opening) }
                }
                @if !older.is_empty() {
                    tr {
                        td colspan="3" { (older.len()) " older rows" }
                        td.number { (older_sum) }
                    }
                }
                @for row in shown {
                    tr {
                        td { (instant(&row.recorded_at)) }
                        td { (event_name(&row.event_type)) }
                        td { code { (row.credit_grant_id) } }
                        td.number { (row.amount) }
                    }
                }
                tr.total {
                    th scope="row" colspan="3" { "Together: the balance" }
                    td.number { (explained.available) }
                }
            },
        ),
    )
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
    amounts.fold(Amount::ZERO, |sum, amount| sum.plus(amount).unwrap_or(sum))
}
