//! `/api/v1/invoices`: invoices that pay for grants, an extension of the official API.

mod cancel;
mod get;
mod list;
mod mark_paid;
mod refund;
mod retry;
mod view;

use scrip_core::Entity;
use scrip_ledger::InvoiceId;

use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint};
use crate::lookup::not_found;
use crate::openapi::Component;

pub(crate) use list::{Wanted, page_of};

const TAG: &str = "Invoices";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    let once = Accepts::ONCE;
    vec![
        Endpoint::get("/api/v1/invoices", list::operation(), list::handler),
        Endpoint::get("/api/v1/invoices/{id}", get::operation(), get::handler),
        Endpoint::post(
            "/api/v1/invoices/{id}/mark-paid",
            once,
            mark_paid::operation(),
            mark_paid::handler,
        ),
        Endpoint::post("/api/v1/invoices/{id}/cancel", once, cancel::operation(), cancel::handler),
        Endpoint::post("/api/v1/invoices/{id}/refund", once, refund::operation(), refund::handler),
        Endpoint::post("/api/v1/invoices/{id}/retry", once, retry::operation(), retry::handler),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let request = ("RefundInvoiceRequest", refund::schema());
    view::components().into_iter().chain([request]).collect()
}

/// The invoice in the path. What no invoice is called, none is.
fn path_invoice(call: &Call) -> Result<InvoiceId, ApiError> {
    let id = call.path("id");
    InvoiceId::parse(id).ok_or_else(|| not_found(Entity::Invoice, id))
}
