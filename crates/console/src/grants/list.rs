//! `/customers/{id}/grants`: what was given, where each is in its life, and how far it is used.

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::burn_order::in_burn_order;
use super::model::Grant;
use crate::api::{Listed, target};
use crate::component::{Amount, event_name};
use crate::component::{badge, burn_down, empty, instant, pager, table};
use crate::customer::{CustomerPage, Tab};
use crate::failure::Shown;
use crate::visit::Visit;
use crate::wallets::{WalletName, wallet_filter};

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let wallet = page.wallet();
    let visit = &page.visit;
    let [currency, resource] = wallet.as_ref().map(WalletName::query).unwrap_or_default();
    let chosen = [("customerId", Some(page.customer.id.as_str())), currency, resource];
    let grants = visit.page_of("/api/v1/credits/grants", &chosen);
    let grants: Listed<Grant> = visit.api.list(&grants).await?;
    let new = new_address(&page, wallet.as_ref());
    let first = page.address("/grants/new");
    let first = visit.offer(Scope::Grants, &first, "Grant the first credits");
    let actions =
        html! { @if visit.may(Scope::Grants) { a.button.primary href=(new) { "Grant credits" } } };
    let next = in_burn_order(&grants.data).first().map(|grant| grant.id.clone());
    page.show(
        Tab::Grants,
        Some(actions),
        html! {
            (wallet_filter(visit, &page.wallets, wallet.as_ref(), &page.currencies))
            @if grants.data.is_empty() {
                (empty("This customer was given nothing yet.", first))
            } @else {
                (rows(&page, &grants.data, next.as_deref()))
                (pager(visit, &grants.pagination))
            }
        },
    )
}

/// Where credits are given to this wallet.
fn new_address(page: &CustomerPage, wallet: Option<&WalletName>) -> String {
    let query = wallet.map(WalletName::query).unwrap_or_default();
    let query: Vec<_> = query.into_iter().filter(|(name, _)| !name.is_empty()).collect();
    target(&page.address("/grants/new"), &query)
}

fn rows(page: &CustomerPage, grants: &[Grant], next: Option<&str>) -> Markup {
    let heads = [
        ("Grant", false),
        ("Status", false),
        ("Amount", true),
        ("Used", false),
        ("Left", true),
        ("Priority", true),
        ("Counts", false),
        ("", false),
    ];
    table(
        "Grants",
        &heads,
        html! {
            @for grant in grants {
                @let is_next = next == Some(grant.id.as_str());
                @let is_over = ["VOIDED", "EXPIRED"].contains(&grant.status.as_str());
                tr.next-to-burn[is_next] {
                    th scope="row" {
                        a href=(page.visit.address(&grant.path())) { (grant.display_name) }
                        br; span.quiet { (event_name(&grant.grant_type)) }
                        @if let Some(cost) = grant.cost.in_words() { span.quiet { " · " (cost) } }
                    }
                    td { (badge(&grant.status)) @if is_next { br; span.quiet { "used next" } } }
                    td.number { (grant.amount) }
                    td {
                        (burn_down(grant.amount, grant.consumed_amount, Amount::ZERO))
                        span.quiet { (grant.consumed_amount) " consumed" }
                    }
                    td.number { @if is_over { span.quiet { "–" } } @else { (grant.left()) } }
                    td.number { (grant.priority) }
                    td {
                        (instant(&grant.effective_at)) br;
                        span.quiet {
                            @match &grant.expire_at {
                                Some(at) => { "until " (instant(at)) }
                                None => { "for ever" }
                            }
                        }
                    }
                    td {
                        @if grant.can_be_voided() && page.visit.may(Scope::Grants) {
                            @let path = format!("{}/void", grant.path());
                            a.button.small href=(page.visit.address(&path)) {
                                "Void" span.hidden { " " (grant.display_name) }
                            }
                        }
                    }
                }
            }
        },
    )
}
