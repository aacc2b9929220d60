//! Invoices, from their draft to their end, but for their payment.

use serde_json::{Value, json};

use super::books::{Books, text};
use super::call::Call;
use super::customers::{limit, object_of};
use super::payments;
use super::refusal::Refusal;

const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Makes a draft.
pub fn create(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let customer = call.needed("customer")?;
    let customer_email = books.named("customer", customer, "customer")?["email"].clone();
    let currency = currency(call)?;
    let method = call.text("collection_method").unwrap_or("charge_automatically");
    let days = call.integer("days_until_due")?;
    let due_date = match (method, days) {
        ("charge_automatically", None) => Value::Null,
        ("send_invoice", Some(days @ 0..)) => json!(books.now_seconds + days * DAY_SECONDS),
        _ => {
            let message = "If invoices are sent, and only then, they are due after some days.";
            return Err(Refusal::invalid("days_until_due", "parameter_invalid", message));
        }
    };
    let behavior = call.text("pending_invoice_items_behavior");
    if !matches!(behavior, None | Some("exclude")) {
        let message = "Pending items are only excluded here.";
        return Err(Refusal::invalid("pending_invoice_items_behavior", "unsupported", message));
    }
    let auto_advance = call.flag("auto_advance", false)?;
    let id = books.mint("in");
    let url = format!("/v1/invoices/{id}/lines");
    let invoice = json!({
        "id": id, "object": "invoice", "amount_due": 0, "amount_paid": 0, "amount_remaining": 0,
        "attempt_count": 0, "attempted": false, "auto_advance": auto_advance,
        "billing_reason": "manual", "charge": null, "collection_method": method,
        "created": books.now_seconds, "currency": currency, "customer": customer,
        "customer_address": null, "customer_email": customer_email,
        "description": call.text("description"), "due_date": due_date,
        "hosted_invoice_url": null, "invoice_pdf": null, "livemode": false,
        "lines": {"object": "list", "data": [], "has_more": false, "url": url},
        "metadata": object_of(call.within("metadata")), "number": null, "paid": false,
        "payment_intent": null, "status": "draft", "subtotal": 0, "total": 0,
    });
    books.put(invoice);
    books.happened("invoice.created", &id);
    books.at("invoice", &id)
}

fn currency(call: &Call) -> Result<&str, Refusal> {
    let currency = call.needed("currency")?;
    let is_one = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_lowercase());
    let message = format!("Invalid currency: {currency}");
    let invalid = || Refusal::invalid("currency", "parameter_invalid", &message);
    is_one.then_some(currency).ok_or_else(invalid)
}

/// Adds an item to a draft.
pub fn create_item(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let (customer, invoice) = (call.needed("customer")?, call.needed("invoice")?);
    let currency = currency(call)?;
    let amount = call.integer("amount")?.ok_or_else(|| Refusal::missing("amount"))?;
    let discountable = call.flag("discountable", true)?;
    let found = books.named("invoice", invoice, "invoice")?;
    if text(&found, "customer") != customer || text(&found, "currency") != currency {
        return Err(Refusal::state("The invoice is of another customer or currency."));
    }
    if text(&found, "status") != "draft" {
        return Err(Refusal::state("The invoice is not a draft, so it has what it has."));
    }
    let id = books.mint("ii");
    let item = json!({
        "id": id, "object": "invoiceitem", "amount": amount, "currency": currency,
        "customer": customer, "date": books.now_seconds, "description": call.text("description"),
        "discountable": discountable, "invoice": invoice, "livemode": false, "metadata": {},
    });
    books.put(item.clone());
    let line = json!({
        "id": books.mint("il"), "object": "line_item", "amount": amount, "currency": currency,
        "description": call.text("description"), "invoice_item": id, "type": "invoiceitem",
    });
    let mut lines = found["lines"].clone();
    if let Some(data) = lines["data"].as_array_mut() {
        data.push(line);
    }
    let total = found["total"].as_i64().unwrap_or_default() + amount;
    let sums = json!({
        "lines": lines, "total": total, "subtotal": total, "amount_due": total,
        "amount_remaining": total,
    });
    books.change(invoice, sums);
    Ok(item)
}

/// An invoice.
pub fn get(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    books.at("invoice", &call.id)
}

/// The invoices of a customer, the newest first.
pub fn list(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let customer = call.needed("customer")?;
    books.named("customer", customer, "customer")?;
    page(books, call, "invoice", |it| text(it, "customer") == customer)
}

/// A page of the objects of a kind that fit.
pub fn page(
    books: &Books,
    call: &Call,
    kind: &str,
    fits: impl Fn(&Value) -> bool,
) -> Result<Value, Refusal> {
    let limit = limit(call)?;
    let mut all: Vec<_> = books.all(kind).into_iter().filter(|it| fits(it)).collect();
    if let Some(last) = call.text("starting_after") {
        books.named(kind, last, "starting_after")?;
        let place = all.iter().position(|it| text(it, "id") == last);
        all.drain(..=place.unwrap_or_default());
    }
    let has_more = all.len() > limit;
    all.truncate(limit);
    let url = format!("/v1/{kind}s");
    Ok(json!({"object": "list", "url": url, "has_more": has_more, "data": all}))
}

/// Makes an invoice of a draft.
pub fn finalize(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let invoice = books.at("invoice", &call.id)?;
    if text(&invoice, "status") != "draft" {
        return Err(Refusal::state("This invoice is already finalized, you can't re-finalize it."));
    }
    if call.flag("auto_advance", false)? {
        return Err(Refusal::state("Nothing advances by itself here."));
    }
    let customer = books.at("customer", text(&invoice, "customer"))?;
    let id = &call.id;
    books.change(
        id,
        json!({
            "status": "open", "number": format!("STANDIN-{id}"),
            "hosted_invoice_url": format!("https://invoice.stripe.example/i/{id}"),
            "invoice_pdf": format!("https://invoice.stripe.example/i/{id}/pdf"),
            "customer_address": customer["address"], "customer_email": customer["email"],
        }),
    );
    if invoice["total"] == 0 {
        books.change(id, json!({"status": "paid", "paid": true, "attempted": true}));
    } else {
        let intent = payments::new_intent(books, &invoice);
        books.change(id, json!({"payment_intent": intent}));
    }
    books.happened("invoice.finalized", id);
    if invoice["total"] == 0 {
        books.happened("invoice.paid", id);
    }
    books.at("invoice", id)
}

/// Sends an invoice to its customer.
pub fn send(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let invoice = books.at("invoice", &call.id)?;
    if text(&invoice, "collection_method") != "send_invoice" {
        return Err(Refusal::state("Only invoices that are collected by sending are sent here."));
    }
    if text(&invoice, "status") != "open" {
        return Err(Refusal::state("Only open invoices are sent."));
    }
    let customer = books.at("customer", text(&invoice, "customer"))?;
    if customer["email"].is_null() {
        return Err(Refusal::state("The customer has no email address to send the invoice to."));
    }
    books.happened("invoice.sent", &call.id);
    Ok(invoice)
}

/// Voids an invoice.
pub fn void(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let invoice = books.at("invoice", &call.id)?;
    let is_processing = payments::intent_status(books, &invoice) == "processing";
    if !["open", "uncollectible"].contains(&text(&invoice, "status")) || is_processing {
        let status = text(&invoice, "status");
        return Err(Refusal::state(&format!("You can't void this invoice; it is {status}.")));
    }
    let intent = text(&invoice, "payment_intent").to_owned();
    books.change(&intent, json!({"status": "canceled"}));
    let voided = books.change(&call.id, json!({"status": "void"}));
    books.happened("invoice.voided", &call.id);
    Ok(voided)
}

/// Removes a draft.
pub fn delete(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let invoice = books.at("invoice", &call.id)?;
    if text(&invoice, "status") != "draft" {
        return Err(Refusal::state("You can only delete draft invoices."));
    }
    books.happened("invoice.deleted", &call.id);
    books.remove(&call.id);
    Ok(json!({"id": call.id, "object": "invoice", "deleted": true}))
}
