//! Customers, and what they pay with.

use serde_json::{Map, Value, json};

use super::books::{Books, text};
use super::call::Call;
use super::refusal::Refusal;

/// The payment methods that can be attached, as Stripe's test mode has them: one that works, one
/// that is declined when it is charged, one that wants authentication when it is charged off
/// session.
const TOKENS: [&str; 3] =
    ["pm_card_visa", "pm_card_chargeCustomerFail", "pm_card_authenticationRequired"];

/// Makes a customer.
pub fn create(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let id = books.mint("cus");
    books.put(json!({
        "id": id, "object": "customer", "address": null, "balance": 0,
        "created": books.now_seconds, "currency": null, "default_source": null, "email": null,
        "invoice_settings": {"default_payment_method": null}, "livemode": false, "metadata": {},
        "name": null,
    }));
    write(books, &id, call)?;
    books.happened("customer.created", &id);
    books.at("customer", &id)
}

/// Changes a customer.
pub fn update(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    books.at("customer", &call.id)?;
    write(books, &call.id, call)?;
    books.at("customer", &call.id)
}

/// A customer.
pub fn get(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    books.at("customer", &call.id)
}

fn write(books: &mut Books, id: &str, call: &Call) -> Result<(), Refusal> {
    let method_param = "invoice_settings[default_payment_method]";
    if let Some(method) = call.text(method_param) {
        let found = books.named("payment_method", method, method_param)?;
        if text(&found, "customer") != id {
            let message = "The customer does not have a payment method with that ID.";
            return Err(Refusal::invalid(method_param, "resource_missing", message));
        }
        books.change(id, json!({"invoice_settings": {"default_payment_method": method}}));
    }
    for name in ["name", "email"] {
        if let Some(value) = call.text(name) {
            books.change(id, json!({name: value}));
        }
    }
    let address = object_of(call.within("address"));
    if !address.is_empty() {
        books.change(id, json!({"address": address}));
    }
    let metadata = object_of(call.within("metadata"));
    if !metadata.is_empty() {
        books.change(id, json!({"metadata": metadata}));
    }
    Ok(())
}

/// Members as an object.
pub fn object_of(members: Vec<(&str, &str)>) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

/// Searches customers by their metadata: `metadata['a']:'b' AND metadata['c']:'d'`.
pub fn search(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let query = call.needed("query")?;
    let mut wanted = Vec::new();
    for part in query.split(" AND ") {
        let inner = part.strip_prefix("metadata['").and_then(|rest| rest.strip_suffix('\''));
        let pair = inner.and_then(|rest| rest.split_once("']:'"));
        let pair = pair.filter(|(name, value)| !name.contains('\'') && !value.contains('\''));
        let malformed = || Refusal::invalid("query", "query_invalid", "The query is invalid.");
        wanted.push(pair.ok_or_else(malformed)?);
    }
    let found: Vec<_> = books
        .searchable("customer")
        .into_iter()
        .filter(|it| wanted.iter().all(|(name, value)| it["metadata"][*name] == **value))
        .take(limit(call)?)
        .cloned()
        .collect();
    Ok(json!({
        "object": "search_result", "url": "/v1/customers/search", "has_more": false,
        "next_page": null, "data": found,
    }))
}

/// How many objects of a list are asked for.
pub fn limit(call: &Call) -> Result<usize, Refusal> {
    let limit = call.integer("limit")?.unwrap_or(10);
    let known = usize::try_from(limit).ok().filter(|limit| (1..=100).contains(limit));
    let message = "This value must be between 1 and 100.";
    known.ok_or_else(|| Refusal::invalid("limit", "parameter_invalid_integer", message))
}

/// A payment method; a token of the test mode is a new one.
pub fn method(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    if TOKENS.contains(&call.id.as_str()) {
        return Ok(new_method(books, &call.id));
    }
    books.at("payment_method", &call.id)
}

fn new_method(books: &mut Books, token: &str) -> Value {
    let id = books.mint("pm");
    let method = json!({
        "id": id, "object": "payment_method", "created": books.now_seconds, "customer": null,
        "livemode": false, "metadata": {"stand_in_token": token}, "type": "card",
        "card": {"brand": "visa", "last4": "4242", "exp_month": 8, "exp_year": 2040},
    });
    books.put(method.clone());
    method
}

/// Gives a payment method to a customer.
pub fn attach(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let customer = call.needed("customer")?;
    books.named("customer", customer, "customer")?;
    let method = method(books, call)?;
    if !method["customer"].is_null() {
        return Err(Refusal::state("The payment method is attached to a customer already."));
    }
    let id = text(&method, "id").to_owned();
    let attached = books.change(&id, json!({"customer": customer}));
    books.happened("payment_method.attached", &id);
    Ok(attached)
}

/// Takes a payment method from its customer.
pub fn detach(books: &mut Books, call: &Call) -> Result<Value, Refusal> {
    let method = books.at("payment_method", &call.id)?;
    let Some(customer) = method["customer"].as_str() else {
        return Err(Refusal::state("The payment method is not attached to a customer."));
    };
    let settings = &books.at("customer", customer)?["invoice_settings"];
    if text(settings, "default_payment_method") == call.id {
        books.change(customer, json!({"invoice_settings": {"default_payment_method": null}}));
    }
    let detached = books.change(&call.id, json!({"customer": null}));
    books.happened("payment_method.detached", &call.id);
    Ok(detached)
}
