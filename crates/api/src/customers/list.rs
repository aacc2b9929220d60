//! `GET /api/v1/customers`: the customers of the environment, newest first, archived ones too.

use scrip_ledger::{RecordKind, RecordQuery};
use serde_json::json;

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let query = call.query();
    let mut scope = paging::scope(&call, "customers");
    let mut matching = Vec::new();
    for name in ["email", "name"] {
        if let Some(value) = query.one(name)? {
            scope = scope.filter(name, Some(value));
            matching.push((name, value.to_owned()));
        }
    }
    let (created, created_text) = paging::created_range(query)?;
    let scope = scope.filter("createdAt", created_text.as_deref());
    let query = RecordQuery {
        environment: call.environment(),
        kind: RecordKind::Customer,
        matching,
        created,
        archived: None,
        page: paging::page(query, &scope)?,
    };
    let page = call.ledger().records(query).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, view::write)))
}

pub(super) fn operation() -> Operation {
    Operation::new("listCustomers", TAG, "List customers")
        .query("email", json!({"type": "string"}), "Only customers with exactly this email")
        .query("name", json!({"type": "string"}), "Only customers with exactly this name")
        .created_at()
        .paged()
        .answers(200, "A page of customers, newest first", "CustomerList")
}
