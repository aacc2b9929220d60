//! Which requests there are, and the parameters that each knows.

use serde_json::Value;

use super::books::Books;
use super::call::Call;
use super::refusal::Refusal;
use super::{customers, invoices, payments};

type Handler = fn(&mut Books, &Call) -> Result<Value, Refusal>;

struct Route {
    method: &'static str,
    /// With `*` where the identifier is.
    path: &'static str,
    /// Parameters; those that end with a bracket have members.
    known: &'static [&'static str],
    /// Members of the answer that can be shown whole.
    expandable: &'static [&'static str],
    handler: Handler,
}

const fn route(
    method: &'static str,
    path: &'static str,
    known: &'static [&'static str],
    handler: Handler,
) -> Route {
    Route { method, path, known, expandable: &[], handler }
}

const fn of_invoice(
    method: &'static str,
    path: &'static str,
    known: &'static [&'static str],
    handler: Handler,
) -> Route {
    Route { method, path, known, expandable: &["charge", "payment_intent"], handler }
}

const DETAILS: &[&str] = &["address[", "email", "metadata[", "name"];
const CHANGES: &[&str] =
    &["address[", "email", "invoice_settings[default_payment_method]", "metadata[", "name"];
const INVOICE: &[&str] = &[
    "auto_advance",
    "collection_method",
    "currency",
    "customer",
    "days_until_due",
    "description",
    "metadata[",
    "pending_invoice_items_behavior",
];
const ITEM: &[&str] = &["amount", "currency", "customer", "description", "discountable", "invoice"];

/// The first that fits is it.
const ROUTES: &[Route] = &[
    route("POST", "/v1/customers", DETAILS, customers::create),
    route("GET", "/v1/customers/search", &["limit", "query"], customers::search),
    route("GET", "/v1/customers/*", &[], customers::get),
    route("POST", "/v1/customers/*", CHANGES, customers::update),
    route("GET", "/v1/payment_methods/*", &[], customers::method),
    route("POST", "/v1/payment_methods/*/attach", &["customer"], customers::attach),
    route("POST", "/v1/payment_methods/*/detach", &[], customers::detach),
    route("POST", "/v1/invoiceitems", ITEM, invoices::create_item),
    of_invoice("POST", "/v1/invoices", INVOICE, invoices::create),
    route("GET", "/v1/invoices", &["customer", "limit", "starting_after"], invoices::list),
    of_invoice("GET", "/v1/invoices/*", &[], invoices::get),
    route("DELETE", "/v1/invoices/*", &[], invoices::delete),
    of_invoice("POST", "/v1/invoices/*/finalize", &["auto_advance"], invoices::finalize),
    of_invoice("POST", "/v1/invoices/*/pay", &["off_session"], payments::pay),
    of_invoice("POST", "/v1/invoices/*/send", &[], invoices::send),
    of_invoice("POST", "/v1/invoices/*/void", &[], invoices::void),
    route("GET", "/v1/charges/*", &[], payments::charge),
    route("GET", "/v1/disputes", &["charge", "limit", "starting_after"], payments::disputes),
];

/// Carries a request out. The form is its body, or what is behind the question mark.
pub fn answer(books: &mut Books, method: &str, path: &str, form: &[u8]) -> Result<Value, Refusal> {
    let found = ROUTES
        .iter()
        .filter(|route| route.method == method)
        .find_map(|route| Some((route, identifier(route.path, path)?)));
    let Some((route, id)) = found else {
        let message = format!("Unrecognized request URL ({method}: {path}).");
        return Err(Refusal::other(404, "invalid_request_error", None, &message));
    };
    let call = Call::read(id, form, route.known)?;
    for member in call.expanded() {
        if !route.expandable.contains(&member) {
            let message = format!("This property cannot be expanded ({member}).");
            return Err(Refusal::invalid("expand", "parameter_invalid", &message));
        }
    }
    let mut answer = (route.handler)(books, &call)?;
    for member in call.expanded() {
        let whole = answer[member].as_str().and_then(|id| books.get(member, id));
        if let Some(whole) = whole {
            answer[member] = whole.clone();
        }
    }
    Ok(answer)
}

/// What stands where the pattern has its star; empty if it has none. None if the path does not fit.
fn identifier<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, after)) = pattern.split_once('*') else {
        return (pattern == path).then_some("");
    };
    let id = path.strip_prefix(before)?.strip_suffix(after)?;
    (!id.is_empty() && !id.contains('/')).then_some(id)
}
