//! `GET /api/v1/customers/{id}/resources`: what a customer's wallets are scoped to.

use scrip_ledger::{CreatedRange, Record, RecordKind, RecordQuery};

use super::TAG;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::Writer;
use crate::lookup::customer_exists;
use crate::openapi::schema::{self, instant, open, required, text};
use crate::openapi::{Component, Operation};
use crate::paging;

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let customer = call.path_customer()?;
    let scope = paging::scope(&call, "resources").filter("customerId", Some(customer.as_str()));
    let page = paging::page(call.query(), &scope)?;
    customer_exists(&call, &customer).await?;
    let query = RecordQuery {
        environment: call.environment(),
        kind: RecordKind::Resource,
        matching: vec![("customerId", customer.as_str().to_owned())],
        created: CreatedRange::default(),
        archived: None,
        page,
    };
    let page = call.ledger().records(query).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, write)))
}

fn write(writer: &mut Writer, record: &Record) {
    writer.object(|members| {
        members.text("id", record.text("resourceId").unwrap_or(&record.id));
        members.plain("createdAt", record.created_at);
        members.plain("updatedAt", record.updated_at);
    });
}

pub(super) fn operation() -> Operation {
    Operation::new("listCustomerResources", TAG, "List a customer's resources")
        .text("A resource exists from the first grant or consumption that names it.")
        .path("id", "The customer's id")
        .paged()
        .answers(200, "A page of resources, newest first", "CustomerResourceList")
        .refuses(&[404])
}

pub(super) fn components() -> Vec<Component> {
    let resource = open([
        required("id", text()),
        required("createdAt", instant()),
        required("updatedAt", instant()),
    ]);
    vec![("CustomerResource", resource), ("CustomerResourceList", schema::page("CustomerResource"))]
}
