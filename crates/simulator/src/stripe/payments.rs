//! Payments of invoices, and money that goes back.

use serde_json::{Value, json};

use super::books::{Books, text};
use super::call::Call;
use super::invoices::page;
use super::refusal::Refusal;

/// What will pay an invoice; answers its identifier.
pub fn new_intent(books: &mut Books, invoice: &Value) -> String {
    let id = books.mint("pi");
    books.put(json!({
        "id": id, "object": "payment_intent", "amount": invoice["total"],
        "created": books.now_seconds, "currency": invoice["currency"],
        "customer": invoice["customer"], "invoice": invoice["id"], "last_payment_error": null,
        "latest_charge": null, "livemode": false, "metadata": {},
        "status": "requires_payment_method",
    }));
    id
}

/// Where the payment of an invoice stands.
pub fn intent_status(books: &Books, invoice: &Value) -> String {
    let intent = books.get("payment_intent", text(invoice, "payment_intent"));
    intent.map(|intent| text(intent, "status").to_owned()).unwrap_or_default()
}

/// Charges an invoice's customer.
pub fn pay(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let invoice = books.at("invoice", &call.id)?;
    match text(&invoice, "status") {
        "open" | "uncollectible" => {}
        "paid" => return Err(Refusal::state("Invoice is already paid")),
        status => return Err(Refusal::state(&format!("The invoice is {status}."))),
    }
    if intent_status(books, &invoice) == "processing" {
        return Err(Refusal::state("A payment of the invoice is being processed."));
    }
    let is_off_session = call.flag("off_session", true)?;
    let customer = books.at("customer", text(&invoice, "customer"))?;
    let Some(method) = customer["invoice_settings"]["default_payment_method"].as_str() else {
        return Err(Refusal::state(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set \
             either an `invoice_settings.default_payment_method` on the Customer or a \
             `default_payment_method` on the Invoice.",
        ));
    };
    let method = books.at("payment_method", method)?;
    let planned = books.next_payments.get_mut(text(&customer, "id"));
    let outcome = planned.and_then(|planned| planned.pop_front());
    let outcome = outcome.unwrap_or_else(|| match text(&method["metadata"], "stand_in_token") {
        "pm_card_chargeCustomerFail" => "card_declined".to_owned(),
        "pm_card_authenticationRequired" if is_off_session => "authentication_required".to_owned(),
        _ => "succeed".to_owned(),
    });
    settle(books, &call.id, &outcome)
}

/// What a payment comes to: `succeed`, `processing`, `card_declined`, `authentication_required`
/// (declined for want of it) or `requires_action` (waiting for it).
pub fn settle(books: &mut Books, id: &str, outcome: &str) -> Result<Value, Refusal> {
    let invoice = books.at("invoice", id)?;
    let intent = text(&invoice, "payment_intent").to_owned();
    let attempts = invoice["attempt_count"].as_i64().unwrap_or_default() + 1;
    books.change(id, json!({"attempted": true, "attempt_count": attempts}));
    if outcome == "succeed" {
        return Ok(succeed(books, id));
    }
    if outcome == "processing" {
        books.change(&intent, json!({"status": "processing", "last_payment_error": null}));
        return books.at("invoice", id);
    }
    let (status, event) = match outcome {
        "requires_action" => ("requires_action", "invoice.payment_action_required"),
        "authentication_required" => ("requires_payment_method", "invoice.payment_action_required"),
        _ => ("requires_payment_method", "invoice.payment_failed"),
    };
    let error = error_of(outcome);
    let noted = if outcome == "requires_action" { Value::Null } else { error.clone() };
    books.change(&intent, json!({"status": status, "last_payment_error": noted}));
    books.happened(event, id);
    Err(Refusal::declined(error))
}

fn error_of(outcome: &str) -> Value {
    match outcome {
        "authentication_required" => json!({
            "type": "card_error", "code": "authentication_required",
            "decline_code": "authentication_required",
            "message": "Your card was declined. This transaction requires authentication.",
        }),
        "requires_action" => json!({
            "type": "card_error", "code": "invoice_payment_intent_requires_action",
            "message": "This payment requires additional user action before it can be completed \
                        successfully.",
        }),
        _ => json!({
            "type": "card_error", "code": "card_declined", "decline_code": "generic_decline",
            "message": "Your card was declined.",
        }),
    }
}

fn succeed(books: &mut Books, id: &str) -> Value {
    let invoice = books.get("invoice", id).cloned().unwrap_or_default();
    let intent = text(&invoice, "payment_intent").to_owned();
    let charge = books.mint("ch");
    books.put(json!({
        "id": charge, "object": "charge", "amount": invoice["total"], "amount_refunded": 0,
        "captured": true, "created": books.now_seconds, "currency": invoice["currency"],
        "customer": invoice["customer"], "disputed": false, "invoice": id, "livemode": false,
        "metadata": {}, "paid": true, "payment_intent": intent, "refunded": false,
        "status": "succeeded",
    }));
    let done = json!({
        "status": "succeeded", "latest_charge": charge, "last_payment_error": null,
    });
    books.change(&intent, done);
    let paid = books.change(
        id,
        json!({
            "status": "paid", "paid": true, "charge": charge, "amount_paid": invoice["total"],
            "amount_remaining": 0,
        }),
    );
    books.happened("charge.succeeded", &charge);
    books.happened("invoice.paid", id);
    books.happened("invoice.payment_succeeded", id);
    paid
}

/// A charge.
pub fn charge(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    books.at("charge", &call.id)
}

/// The disputes of a charge.
pub fn disputes(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let charge = call.needed("charge")?;
    books.named("charge", charge, "charge")?;
    page(books, call, "dispute", |it| text(it, "charge") == charge)
}

/// Gives some of a charge back, in its minor unit.
pub fn refund(books: &mut Books, charge: &str, amount: i64) -> Result<Value, String> {
    let found = books.get("charge", charge).cloned().ok_or("there is no such charge")?;
    let whole = found["amount"].as_i64().unwrap_or_default();
    let refunded = found["amount_refunded"].as_i64().unwrap_or_default() + amount;
    if amount <= 0 || refunded > whole {
        return Err(format!("{refunded} of {whole} cannot be given back"));
    }
    let id = books.mint("re");
    books.put(json!({
        "id": id, "object": "refund", "amount": amount, "charge": charge,
        "created": books.now_seconds, "currency": found["currency"], "metadata": {},
        "payment_intent": found["payment_intent"], "status": "succeeded",
    }));
    let is_all = refunded == whole;
    books.change(charge, json!({"amount_refunded": refunded, "refunded": is_all}));
    books.happened("charge.refunded", charge);
    books.happened("refund.created", &id);
    books.at("refund", &id).map_err(|refusal| refusal.body().to_string())
}

/// Opens a dispute of a charge, or an inquiry.
pub fn open_dispute(books: &mut Books, charge: &str, amount: i64, status: &str) -> Option<Value> {
    let found = books.get("charge", charge).cloned()?;
    let id = books.mint("dp");
    books.put(json!({
        "id": id, "object": "dispute", "amount": amount, "balance_transactions": [],
        "charge": charge, "created": books.now_seconds, "currency": found["currency"],
        "livemode": false, "metadata": {}, "payment_intent": found["payment_intent"],
        "reason": "fraudulent", "status": status,
    }));
    books.change(charge, json!({"disputed": true}));
    books.happened("charge.dispute.created", &id);
    books.get("dispute", &id).cloned()
}

/// Moves a dispute on.
pub fn move_dispute(books: &mut Books, dispute: &str, status: &str) -> Option<Value> {
    books.get("dispute", dispute)?;
    books.change(dispute, json!({"status": status}));
    let is_over = ["won", "lost", "warning_closed"].contains(&status);
    let event = if is_over { "charge.dispute.closed" } else { "charge.dispute.updated" };
    books.happened(event, dispute);
    books.get("dispute", dispute).cloned()
}
