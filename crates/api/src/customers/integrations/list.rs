//! `GET /api/v1/customers/{id}/integrations`: a customer's links, newest first.
//!
//! They stand in the customer's record, few and without numbers of their own. So a cursor has the
//! place of a link and a digest of its name: where others before it went, it is found by its name,
//! and where it went itself, by its place.

use scrip_ledger::{CustomerLink, Page, PageRequest, Point, Start};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{TAG, view};
use crate::error::ApiError;
use crate::fields;
use crate::http::{Call, Query, Reply};
use crate::lookup::existing_customer;
use crate::openapi::Operation;
use crate::openapi::schema::choice;
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let customer = call.path_customer()?;
    let vendors = vendors(call.query())?;
    let scope = paging::scope(&call, "customer-integrations")
        .filter("customerId", Some(customer.as_str()))
        .filter("vendorIdentifier", Some(&vendors.join(",")));
    let asked = paging::page(call.query(), &scope)?;
    let customer = existing_customer(&call, &customer).await?;
    let page = page_of(CustomerLink::all_of(&customer), &vendors, asked);
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write)))
}

/// Those that the query names, in the order of [`CustomerLink::VENDORS`]; all without one.
fn vendors(query: &Query) -> Result<Vec<&'static str>, ApiError> {
    const FIELD: &str = "vendorIdentifier";
    let known = CustomerLink::VENDORS.map(|name| (name, name));
    let named: Result<Vec<_>, _> =
        query.list(FIELD).map(|text| fields::choice(FIELD, text, &known)).collect();
    let named = named?;
    let mut vendors = CustomerLink::VENDORS.to_vec();
    vendors.retain(|name| named.is_empty() || named.contains(name));
    Ok(vendors)
}

/// A page of links that are given oldest first.
fn page_of(links: Vec<CustomerLink>, vendors: &[&str], asked: PageRequest) -> Page<CustomerLink> {
    let with_place = |(place, link): (u64, CustomerLink)| {
        (Point { position: place, part: mark(&link.id) }, link)
    };
    let mut all: Vec<_> = (1..).zip(links).map(with_place).collect();
    let found = |point: Point| {
        let is_there = |(at, _): &&(Point, CustomerLink)| *at == point;
        let is_alike = |(at, _): &&(Point, CustomerLink)| at.part == point.part;
        let found = all.iter().find(is_there).or_else(|| all.iter().find(is_alike));
        found.map(|(at, _)| at.position)
    };
    let (newest, oldest) = match asked.start {
        Start::Newest => (u64::MAX, 0),
        Start::After(point) => (found(point).unwrap_or(point.position), 0),
        // Where it went, the next newer one has its place.
        Start::Before(point) => {
            (u64::MAX, found(point).unwrap_or_else(|| point.position.saturating_sub(1)))
        }
    };
    all.retain(|(_, link)| vendors.contains(&link.vendor.as_str()));
    let newer = all.iter().any(|(at, _)| at.position >= newest);
    let older = all.iter().any(|(at, _)| at.position <= oldest);
    all.retain(|(at, _)| at.position < newest && at.position > oldest);
    all.reverse();
    let beyond = all.len().saturating_sub(asked.limit);
    if let Start::Before(_) = asked.start {
        all.drain(..beyond);
        Page { items: all, newer: beyond > 0, older }
    } else {
        all.truncate(asked.limit);
        Page { items: all, newer, older: beyond > 0 }
    }
}

/// A digest that a cursor has room for. It is never that of a place which is no link's.
fn mark(id: &str) -> u32 {
    let digest = Sha256::digest(id);
    let bits = digest.iter().take(4).fold(0, |bits: u32, byte| (bits << 8) | u32::from(*byte));
    bits % (Point::START.part - 1) + 1
}

pub(super) fn operation() -> Operation {
    let vendors = json!({"type": "array", "items": choice(CustomerLink::VENDORS)});
    Operation::new("listCustomerLinks", TAG, "List a customer's links to integrations")
        .text(
            "Only links to these vendors. Others that a customer was made with are shown by the \
             customer's `integrations`.",
        )
        .path("id", "The customer's id")
        .query_list("vendorIdentifier", vendors, "Only in systems of these vendors")
        .paged()
        .answers(200, "A page of links, newest first", "CustomerLinkList")
        .refuses(&[404])
}
