//! `/customers/{id}`: the wallets by currency and resource, and how far each is used.

use maud::{Markup, html};
use scrip_ledger::{Role, Scope};

use super::{CustomerPage, Tab};
use crate::component::{empty, facts, instant, section};
use crate::customers::portal_links;
use crate::failure::Shown;
use crate::visit::Visit;
use crate::wallets::{Wallet, held};

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let page = CustomerPage::of(visit).await?;
    let archive = if page.customer.archived_at.is_some() { "Bring back" } else { "Archive" };
    let actions = html! {
        @if page.visit.may(Scope::Grants) {
            a.button.primary href=(page.address("/grants/new")) { "Grant credits" }
        }
        @if page.visit.may(Scope::Consumption) {
            a.button href=(page.address("/consumption/new")) { "Consume" }
        }
        @if page.visit.may(Scope::Customers) {
            a.button href=(page.address("/edit")) { "Edit" }
            a.button href=(page.address("/archive")) { (archive) }
        }
        @if page.visit.visitor.role >= Role::Admin && page.visit.can_change() {
            a.button href=(page.address("/erase")) { "Erase" }
        }
    };
    page.show(
        Tab::Wallets,
        Some(actions),
        html! {
            (wallets(&page))
            (about(&page))
            @if let Some(links) = portal_links::about(&page.visit, &page.customer) { (links) }
        },
    )
}

fn wallets(page: &CustomerPage) -> Markup {
    if page.wallets.is_empty() {
        let new = page.address("/grants/new");
        let grant = page.visit.offer(Scope::Grants, &new, "Grant the first credits");
        return empty("This customer has no credits yet, and has consumed none.", grant);
    }
    html! {
        div.wallets { @for wallet in &page.wallets { (card(page, wallet)) } }
    }
}

fn card(page: &CustomerPage, wallet: &Wallet) -> Markup {
    let name = wallet.name();
    let query: Vec<(&str, &str)> =
        name.query().into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
    let mut written = form_urlencoded::Serializer::new(String::new());
    written.extend_pairs(query);
    let query = written.finish();
    let to = |path: &str| format!("{}?{query}", page.address(path));
    html! {
        article.wallet {
            h2 { (name.title(&page.currencies)) }
            (held(wallet, &page.currencies))
            @if let Some(next) = &wallet.next_expiry {
                p.note { (next.amount) " expire on " (instant(&next.at)) ", if nobody uses them" }
            }
            p.links {
                a href=(to("/usage")) { "Usage" } a href=(to("/grants")) { "Grants" }
                a href=(to("/ledger")) { "Ledger" } a href=(to("/balance")) { "Why?" }
            }
        }
    }
}

fn about(page: &CustomerPage) -> Markup {
    let customer = &page.customer;
    let mut known = vec![("Made", instant(&customer.created_at))];
    if let Some(at) = &customer.archived_at {
        known.push(("Archived", instant(at)));
    }
    for (name, value) in &customer.metadata {
        known.push((name, html! { (value) }));
    }
    section("about", "About", None, facts(&known))
}
