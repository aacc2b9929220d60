//! The page: what the customer has, what expires soon, what was used and given, and how it recharges.

use axum::response::{Html, IntoResponse, Response};
use maud::{Markup, html};
use scrip_core::Timestamp;

use super::failure::Failure;
use super::visit::PortalVisit;
use crate::component::{
    Amount, badge, burn_down, empty, event_name, facts, instant, instant_or, section, select, table,
};
use crate::customer::recharge::Recharge;
use crate::customer::usage::{DEFAULT_RANGE, RANGES, Usage};
use crate::grants::model::Grant;
use crate::layout;
use crate::wallets::{Wallet, WalletName, held};

/// What is soon, of credits that expire.
const SOON_DAYS: i64 = 30;
const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;

/// The page.
pub(super) async fn page(visit: PortalVisit) -> Result<Response, Failure> {
    let customer = visit.opened.customer_id.as_str();
    let wallets = match visit.opens("balances") {
        true => Wallet::all_of(&visit.api, customer).await?,
        false => Vec::new(),
    };
    let first_currency = || {
        let currency = visit.opened.currencies.iter().next()?;
        Some(WalletName { currency: currency.id.clone(), resource: None })
    };
    let chosen =
        visit.wallet().or_else(|| wallets.first().map(Wallet::name)).or_else(first_currency);
    let contents = match &chosen {
        Some(wallet) => parts(&visit, &wallets, wallet).await?,
        None => empty("There are no credits here yet.", None),
    };
    let name = visit.opened.customer_name.as_deref().unwrap_or(customer);
    let body = html! {
        header.heading {
            h1 { (name) }
            @if visit.opened.is_sandbox { (badge("SANDBOX")) }
        }
        (contents)
        p.quiet { "This page can be opened until " (instant(&visit.opened.expires_at)) " (UTC)." }
    };
    let title = format!("Credits of {name}");
    let page = layout::portal(&title, &visit.theme_address(), body);
    Ok(Html(page.into_string()).into_response())
}

/// What of the page is about one wallet, as far as the token opens it.
async fn parts(
    visit: &PortalVisit,
    wallets: &[Wallet],
    chosen: &WalletName,
) -> Result<Markup, Failure> {
    let customer = visit.opened.customer_id.as_str();
    let wallet = wallets.iter().find(|wallet| wallet.name() == *chosen);
    let grants = match visit.opens("grants") {
        true => Some(Grant::newest_of(&visit.api, customer, chosen).await?),
        false => None,
    };
    let range = visit.query("timeRange").unwrap_or(DEFAULT_RANGE);
    let usage = match visit.opens("usage") {
        true => Some(Usage::get(&visit.api, customer, chosen, range, None).await?),
        false => None,
    };
    let recharge = match visit.opens("auto-recharge") {
        true => Some(Recharge::get(&visit.api, customer, chosen).await?),
        false => None,
    };
    let currencies = &visit.opened.currencies;
    Ok(html! {
        (balances(visit, wallets, chosen))
        @if let (Some(grants), Some(wallet)) = (&grants, wallet) {
            (expiring(grants, &wallet.at))
        }
        @if let Some(usage) = &usage {
            (section("usage", "Usage", None, html! {
                (ranges(visit, chosen, range))
                (usage.show(chosen, currencies))
            }))
        }
        @if let Some(grants) = &grants { (given(grants)) }
        @if let Some(recharge) = &recharge {
            (section("auto-recharge", "Auto-recharge", None, html! {
                @if recharge.id.is_none() {
                    (empty("Credits are not bought by themselves.", None))
                } @else {
                    div.card { (facts(&recharge.lines())) }
                }
            }))
        }
    })
}

/// What each wallet holds; with several, the one that the rest of the page is about is marked.
fn balances(visit: &PortalVisit, wallets: &[Wallet], chosen: &WalletName) -> Markup {
    html! {
        div.wallets {
            @for wallet in wallets {
                (balance(visit, wallet, (wallets.len() > 1).then_some(chosen)))
            }
        }
        @if wallets.len() > 1 { h2.chosen { (chosen.title(&visit.opened.currencies)) } }
    }
}

fn balance(visit: &PortalVisit, wallet: &Wallet, chosen: Option<&WalletName>) -> Markup {
    let currencies = &visit.opened.currencies;
    let name = wallet.name();
    html! {
        article.wallet {
            h2 {
                @match chosen {
                    Some(chosen) => a href=(visit.address_of(&name))
                        aria-current=[(name == *chosen).then_some("true")] {
                        (name.title(currencies)) },
                    None => { (name.title(currencies)) }
                }
            }
            (held(wallet, currencies))
        }
    }
}

/// Grants of which something is left that goes in the next days, the first one first.
fn expiring(grants: &[Grant], now: &str) -> Markup {
    let until = Timestamp::parse(now).map(|now| now.later(SOON_DAYS * DAY_MILLISECONDS)).ok();
    let mut soon: Vec<(Timestamp, &Grant)> = grants
        .iter()
        .filter(|grant| grant.status == "ACTIVE" && grant.left() > Amount::ZERO)
        .filter_map(|grant| Some((Timestamp::parse(grant.expire_at.as_deref()?).ok()?, grant)))
        .filter(|(at, _)| until.is_some_and(|until| *at <= until))
        .collect();
    soon.sort_by_key(|(at, _)| *at);
    html! {
        @if !soon.is_empty() {
            (section("expiring", "Expiring soon", None, html! {
                ul.card {
                    @for (_, grant) in soon {
                        li {
                            strong { (grant.left()) } " of " (grant.display_name) " on "
                            (instant_or(grant.expire_at.as_ref(), "–")) ", if not used before"
                        }
                    }
                }
            }))
        }
    }
}

fn ranges(visit: &PortalVisit, wallet: &WalletName, range: &str) -> Markup {
    html! {
        form.filters method="get" action="/portal" {
            input type="hidden" name="token" value=(visit.token());
            input type="hidden" name="currencyId" value=(wallet.currency);
            @if let Some(resource) = &wallet.resource {
                input type="hidden" name="resourceId" value=(resource);
            }
            (select("timeRange", "Range", &RANGES, range))
            button { "Show" }
        }
    }
}

/// What was given: received, type, state, balance, expiry.
fn given(grants: &[Grant]) -> Markup {
    let heads = [
        ("Credits", false),
        ("Received", false),
        ("State", false),
        ("Used", false),
        ("Left", true),
        ("Expires", false),
    ];
    let rows = html! {
        @for grant in grants {
            @let is_over = ["VOIDED", "EXPIRED"].contains(&grant.status.as_str());
            tr {
                th scope="row" {
                    (grant.display_name) br; span.quiet { (event_name(&grant.grant_type)) }
                }
                td { (instant(&grant.effective_at)) }
                td { (badge(&grant.status)) }
                td {
                    (burn_down(grant.amount, grant.consumed_amount, Amount::ZERO))
                    span.quiet { (grant.consumed_amount) " of " (grant.amount) }
                }
                td.number { @if is_over { span.quiet { "–" } } @else { (grant.left()) } }
                td { (instant_or(grant.expire_at.as_ref(), "never")) }
            }
        }
    };
    section(
        "grants",
        "Credits received",
        None,
        html! {
            @if grants.is_empty() {
                (empty("Nothing was received yet.", None))
            } @else {
                (table("Credits received", &heads, rows))
                @if grants.len() == Grant::NEWEST {
                    p.quiet { "The newest " (Grant::NEWEST) " of them." }
                }
            }
        },
    )
}
