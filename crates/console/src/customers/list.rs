//! `/customers`: search, sort and page.
//!
//! The API lists customers newest first and finds them by exact name or email. Up to a bound the
//! console reads them all, and searches and sorts them itself; beyond it, it says what it does.

use std::cmp::Reverse;

use maud::{Markup, html};
use scrip_ledger::Scope;

use super::model::Customer;
use crate::api::{Api, Listed, Pagination, target};
use crate::component::{badge, empty, instant, pager, select, table, text_or_dash};
use crate::failure::{Failure, Shown};
use crate::layout::{Heading, Section};
use crate::visit::Visit;

/// Customers that are read to be searched and sorted: as many pages of a hundred as are quick.
const PAGES_MAX: usize = 10;
const PAGE: usize = 25;
const CUSTOMERS: &str = "/api/v1/customers";

/// What can be sorted by.
const SORTS: [(&str, &str); 4] =
    [("newest", "Newest first"), ("oldest", "Oldest first"), ("name", "Name"), ("id", "Id")];

struct Found {
    customers: Vec<Customer>,
    way: Way,
}

/// How the customers on the page were found.
enum Way {
    /// Among all of them: which page of how many customers.
    All { page: usize, count: usize },
    /// There are too many to be looked through: as the API lists them.
    Listed(Pagination),
    /// There are too many to be looked through: those that match exactly.
    Exactly,
}

/// The page.
pub async fn page(visit: Visit) -> Shown {
    let found = find(&visit).await?;
    let new = html! {
        @if visit.may(Scope::Customers) {
            a.button.primary href=(visit.address("/new/customer")) { "New customer" }
        }
    };
    let heading = Heading::of("Customers", Section::Customers).with(new);
    visit.page(
        &heading,
        html! {
            (filters(&visit))
            @if found.customers.is_empty() { (nothing(&visit)) } @else {
                (rows(&visit, &found.customers))
                (ways_on(&visit, &found.way))
            }
        },
    )
}

async fn find(visit: &Visit) -> Result<Found, Failure> {
    let all = match visit.query("after").or(visit.query("before")) {
        Some(_) => None,
        None => all(&visit.api).await?,
    };
    let Some(all) = all else { return beyond(visit).await };
    let mut customers = searched(all, visit.query("search"));
    match visit.query("sort") {
        Some("oldest") => customers.reverse(),
        Some("name") => customers.sort_by_cached_key(|customer| {
            (customer.name.is_none(), customer.title().to_lowercase())
        }),
        Some("id") => customers.sort_by(|one, other| one.id.cmp(&other.id)),
        _ => customers.sort_by_key(|customer| Reverse(customer.created_at.clone())),
    }
    let count = customers.len();
    let last = count.saturating_sub(1) / PAGE + 1;
    let page = visit.query("page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, last);
    let customers = customers.into_iter().skip((page - 1) * PAGE).take(PAGE).collect();
    Ok(Found { customers, way: Way::All { page, count } })
}

/// All customers, newest first, unless there are too many to be looked through.
async fn all(api: &Api) -> Result<Option<Vec<Customer>>, Failure> {
    let mut all = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let query = [("limit", Some("100")), ("after", after.as_deref())];
        let page: Listed<Customer> = api.list(&target(CUSTOMERS, &query)).await?;
        all.extend(page.data);
        after = page.pagination.next;
        if after.is_none() {
            return Ok(Some(all));
        }
    }
    Ok(None)
}

/// Those that have the words somewhere in id, name or email.
fn searched(customers: Vec<Customer>, search: Option<&str>) -> Vec<Customer> {
    let Some(search) = search else { return customers };
    let search = search.trim().to_lowercase();
    let has = |text: Option<&str>| text.is_some_and(|text| text.to_lowercase().contains(&search));
    let mut customers = customers;
    customers.retain(|customer| {
        has(Some(&customer.id)) || has(customer.name.as_deref()) || has(customer.email.as_deref())
    });
    customers
}

async fn beyond(visit: &Visit) -> Result<Found, Failure> {
    let Some(search) = visit.query("search") else {
        let query = [
            ("limit", Some("25")),
            ("after", visit.query("after")),
            ("before", visit.query("before")),
        ];
        let page: Listed<Customer> = visit.api.list(&target(CUSTOMERS, &query)).await?;
        return Ok(Found { customers: page.data, way: Way::Listed(page.pagination) });
    };
    let search = search.trim();
    let by_id = visit.api.find::<Customer>(&Customer::target(search, "")).await?;
    let mut customers: Vec<Customer> = by_id.into_iter().collect();
    for field in ["email", "name"] {
        let query = [(field, Some(search)), ("limit", Some("100"))];
        let page: Listed<Customer> = visit.api.list(&target(CUSTOMERS, &query)).await?;
        let known: Vec<String> = customers.iter().map(|customer| customer.id.clone()).collect();
        customers.extend(page.data.into_iter().filter(|new| !known.contains(&new.id)));
    }
    Ok(Found { customers, way: Way::Exactly })
}

fn filters(visit: &Visit) -> Markup {
    let search = visit.query("search").unwrap_or_default();
    let sort = visit.query("sort").unwrap_or("newest");
    html! {
        form.filters method="get" role="search" data-applies {
            div {
                label for="search" { "Search" }
                input #search type="search" name="search" value=(search)
                    placeholder="Id, name or email";
            }
            (select("sort", "Sort by", &SORTS, sort))
            button { "Show" }
        }
    }
}

fn nothing(visit: &Visit) -> Markup {
    if visit.query("search").is_some() {
        let all = html! { a href=(visit.address("/customers")) { "Show all customers" } };
        return empty("Nobody is called that.", Some(all));
    }
    let new = visit.address("/new/customer");
    let first = visit.offer(Scope::Customers, &new, "Make the first one");
    empty("There are no customers in this environment yet.", first)
}

fn rows(visit: &Visit, customers: &[Customer]) -> Markup {
    let heads = [("Customer", false), ("Email", false), ("Made", false), ("", false)];
    table(
        "Customers",
        &heads,
        html! {
            @for customer in customers {
                tr {
                    th scope="row" {
                        a href=(visit.address(&customer.path())) { (customer.title()) }
                        @if customer.name.is_some() { br; code.quiet { (customer.id) } }
                    }
                    td { (text_or_dash(customer.email.as_deref())) }
                    td { (instant(&customer.created_at)) }
                    td { @if customer.archived_at.is_some() { (badge("ARCHIVED")) } }
                }
            }
        },
    )
}

fn ways_on(visit: &Visit, way: &Way) -> Markup {
    match way {
        Way::All { page, count } => numbered(visit, *page, *count),
        Way::Listed(pagination) => html! {
            (pager(visit, pagination))
            p.quiet { "There are too many customers to be sorted here: newest first." }
        },
        Way::Exactly => html! {
            p.quiet { "There are too many customers to be looked through: these have exactly this \
                       id, email or name." }
        },
    }
}

fn numbered(visit: &Visit, page: usize, count: usize) -> Markup {
    let to = |page: usize| visit.here_with(&[], &[("page", &page.to_string())]);
    let first = (page - 1) * PAGE + 1;
    let last = (page * PAGE).min(count);
    html! {
        nav.pager aria-label="Pages" {
            @if page > 1 { a rel="prev" href=(to(page - 1)) { "← Previous" } }
            span.quiet { (first) "–" (last) " of " (count) }
            @if last < count { a rel="next" href=(to(page + 1)) { "Next →" } }
        }
    }
}
