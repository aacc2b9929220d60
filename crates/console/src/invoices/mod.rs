//! What customers pay for credits: the list, one invoice, and what is known of its payment.

mod list;
pub mod model;
mod refund;
mod retry;
mod settle;
mod show;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub fn routes() -> Router<Console> {
    const INVOICES: &str = "/console/{environment}/invoices";
    Router::new()
        .route(INVOICES, get(list::page))
        .route("/console/{environment}/customers/{id}/invoices", get(list::of_customer))
        .route(&format!("{INVOICES}/{{invoice}}"), get(show::page))
        .route(&format!("{INVOICES}/{{invoice}}/mark-paid"), pages_of::<settle::MarkPaid>())
        .route(&format!("{INVOICES}/{{invoice}}/cancel"), pages_of::<settle::Cancel>())
        .route(&format!("{INVOICES}/{{invoice}}/refund"), pages_of::<refund::Refund>())
        .route(&format!("{INVOICES}/{{invoice}}/retry"), pages_of::<retry::Retry>())
}
