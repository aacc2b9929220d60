//! `/accounts`.

use maud::{Markup, html};

use super::model::{Account, heading, may_change};
use crate::component::{badge, instant, instant_or, table};
use crate::failure::Shown;
use crate::visit::Visit;

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let accounts = Account::all(&visit.api).await?;
    let mut heading = heading("Accounts", &visit);
    heading.actions = may_change(&visit).then(|| {
        html! { a.button.primary href=(visit.address("/new/account")) { "New account" } }
    });
    let heads =
        [("Account", false), ("Status", false), ("Made", false), ("Archived", false), ("", false)];
    visit.page(
        &heading,
        html! {
            p.subtitle { "An account has environments and people of its own. You are in "
                code { (visit.visitor.account_id) } "." }
            (table("Accounts", &heads, html! {
                @for account in &accounts { (row(&visit, account)) }
            }))
        },
    )
}

fn row(visit: &Visit, account: &Account) -> Markup {
    let archive = visit.address(&format!("/accounts/{}/archive", account.id));
    let is_theirs = may_change(visit) && account.archived_at.is_none() && !account.is_first();
    html! {
        tr {
            th scope="row" {
                (account.display_name)
                @if account.display_name != account.id { br; code.quiet { (account.id) } }
            }
            td { (badge(&account.status)) }
            td { (instant(&account.created_at)) }
            td { (instant_or(account.archived_at.as_ref(), "no")) }
            td {
                @if is_theirs {
                    a.button.small href=(archive) { "Archive" span.hidden { " " (account.id) } }
                }
            }
        }
    }
}
