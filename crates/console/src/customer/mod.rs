//! A customer's pages: what it has, what it used, and everything that happened.

mod balance;
pub mod recharge;
mod tabs;
pub mod usage;
mod wallets;

use axum::Router;
use axum::routing::get;

use crate::Console;
use crate::action::pages_of;

pub use tabs::{CustomerPage, Tab};

pub fn routes() -> Router<Console> {
    const CUSTOMER: &str = "/console/{environment}/customers/{id}";
    let of = |path: &str| format!("{CUSTOMER}{path}");
    Router::new()
        .route(CUSTOMER, get(wallets::page))
        .route(&of("/usage"), get(usage::page))
        .route(&of("/balance"), get(balance::page))
        .route(&of("/auto-recharge"), get(recharge::page))
        .route(&of("/auto-recharge/edit"), pages_of::<recharge::EditRecharge>())
}
