//! What payers, banks and the owner of the account do, and what goes wrong: told by JSON under
//! `/_control`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::books::{Books, text};
use super::events::Delivery;
use super::faults::Plan;
use super::payments;

/// What is to be done beside the answer, when nobody holds the books.
pub enum Then {
    /// Nothing.
    Nothing(Value),
    /// Faults, from the next request on.
    Fail(Plan),
    /// Deliveries, whose answers are the answer.
    Deliver(Delivery),
}

/// Does what it is told; the error says what is wrong with that.
pub fn control(books: &mut Books, path: &str, body: &Value) -> Result<Then, String> {
    let invoice = text(body, "invoice");
    let answer = match path {
        "/_control/faults" => {
            let plan = serde_json::from_value(body.clone()).map_err(|error| error.to_string())?;
            return Ok(Then::Fail(plan));
        }
        "/_control/deliver" => return deliver(books, body).map(Then::Deliver),
        "/_control/charges" => charges(books),
        "/_control/events" => json!(books.events),
        "/_control/requests" => json!(std::mem::take(&mut books.requests)),
        "/_control/a_day_later" => {
            books.a_day_later();
            json!({})
        }
        "/_control/customer" => {
            let customer = text(body, "customer");
            books.get("customer", customer).ok_or("there is no such customer")?;
            books.change(customer, body["members"].clone())
        }
        "/_control/next_payments" => {
            let outcomes = serde_json::from_value(body["outcomes"].clone());
            let outcomes = outcomes.map_err(|error| error.to_string())?;
            books.next_payments.insert(text(body, "customer").to_owned(), outcomes);
            json!({})
        }
        "/_control/pay" => settle(books, invoice, "succeed")?,
        "/_control/finish" => settle(books, invoice, text(body, "outcome"))?,
        "/_control/void" => end(books, invoice, "void", "invoice.voided")?,
        "/_control/uncollectible" => {
            end(books, invoice, "uncollectible", "invoice.marked_uncollectible")?
        }
        "/_control/refund" => {
            let charge = charge_of(books, invoice)?;
            payments::refund(books, &charge, body["amount"].as_i64().unwrap_or_default())?
        }
        "/_control/dispute" => dispute(books, body)?,
        _ => return Err(format!("there is no {path}")),
    };
    Ok(Then::Nothing(answer))
}

/// How many successful charges each grant has, and what they add up to in the minor unit.
fn charges(books: &Books) -> Value {
    let mut grants: BTreeMap<String, (u64, i64)> = BTreeMap::new();
    for charge in books.all("charge") {
        let invoice = books.get("invoice", text(charge, "invoice"));
        let grant = invoice.map(|invoice| text(&invoice["metadata"], "scrip_grant"));
        let sum = grants.entry(grant.unwrap_or_default().to_owned()).or_default();
        *sum = (sum.0 + 1, sum.1 + charge["amount"].as_i64().unwrap_or_default());
    }
    let shown = grants
        .into_iter()
        .map(|(grant, (count, amount))| (grant, json!({"count": count, "amount": amount})));
    Value::Object(shown.collect())
}

/// A payment that somebody makes at the hosted page, or that comes to its end.
fn settle(books: &mut Books, invoice: &str, outcome: &str) -> Result<Value, String> {
    let found = books.get("invoice", invoice).ok_or("there is no such invoice")?;
    if !["open", "uncollectible"].contains(&text(found, "status")) {
        return Err(format!("{invoice} is {}", text(found, "status")));
    }
    match payments::settle(books, invoice, outcome) {
        Ok(invoice) => Ok(invoice),
        Err(refusal) => Ok(refusal.body()),
    }
}

fn end(books: &mut Books, invoice: &str, status: &str, event: &str) -> Result<Value, String> {
    books.get("invoice", invoice).ok_or("there is no such invoice")?;
    let ended = books.change(invoice, json!({"status": status}));
    books.happened(event, invoice);
    Ok(ended)
}

fn charge_of(books: &Books, invoice: &str) -> Result<String, String> {
    let found = books.get("invoice", invoice).ok_or("there is no such invoice")?;
    let charge = found["charge"].as_str().ok_or("nothing was charged")?;
    Ok(charge.to_owned())
}

/// Opens a dispute of an invoice's charge, or moves one on.
fn dispute(books: &mut Books, body: &Value) -> Result<Value, String> {
    let status = text(body, "status");
    if let Some(dispute) = body["dispute"].as_str() {
        let moved = payments::move_dispute(books, dispute, status);
        return moved.ok_or_else(|| "there is no such dispute".to_owned());
    }
    let charge = charge_of(books, text(body, "invoice"))?;
    let amount = body["amount"].as_i64().ok_or("no amount")?;
    let status = if status.is_empty() { "needs_response" } else { status };
    let opened = payments::open_dispute(books, &charge, amount, status);
    opened.ok_or_else(|| "there is no such charge".to_owned())
}

/// The events that were not delivered yet: each `repeat` times, and the last first if `reverse`.
fn deliver(books: &mut Books, body: &Value) -> Result<Delivery, String> {
    let url = body["url"].as_str().ok_or("no url")?.to_owned();
    let secret = body["secret"].as_str().ok_or("no secret")?.to_owned();
    let repeat = usize::try_from(body["repeat"].as_u64().unwrap_or(1)).unwrap_or(1);
    let waiting = books.events.get(books.delivered..).unwrap_or_default().iter();
    let mut events: Vec<_> =
        waiting.flat_map(|event| std::iter::repeat_n(event.clone(), repeat)).collect();
    if body["reverse"] == true {
        events.reverse();
    }
    books.delivered = books.events.len();
    let at_seconds = body["at_seconds"].as_i64().unwrap_or(books.now_seconds);
    Ok(Delivery { url, secret, at_seconds, events })
}
