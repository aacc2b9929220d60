//! `POST /api/v1/customers/import`: makes or changes many customers, all or none.

use scrip_core::limits::BATCH_MAX;
use scrip_ledger::{Answer, NewRecord, RecordKind, Work};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::TAG;
use crate::error::ApiError;
use crate::fields;
use crate::http::{Numbers, Reply, Write};
use crate::json::{Metadata, Object, Text, TextOrNull, document, read_body, required_or_null};
use crate::openapi::Operation;
use crate::openapi::schema::{
    self, closed, data, id, instant, nullable, open, optional, required, text,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    customers: Vec<Object<Item<'a>>>,
    integration_id: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Item<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow, deserialize_with = "required_or_null")]
    email: TextOrNull<'a>,
    #[serde(borrow, deserialize_with = "required_or_null")]
    name: TextOrNull<'a>,
    billing_id: Option<Text<'a>>,
    metadata: Option<Metadata>,
    payment_method_id: Option<Text<'a>>,
    salesforce_id: Option<Text<'a>>,
    updated_at: Option<Text<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let numbers = write.call().numbers();
    let customers = parse(write.body())?;
    let render = move |answer: &Answer| match answer {
        Answer::Imported(new) => Ok(Reply::ok(body(numbers, new))),
        _ => Err(ApiError::internal("the ledger answered an import with something else")),
    };
    write.execute_list("customers", Work::ImportCustomers(customers), render).await
}

fn body(numbers: Numbers, new: &[String]) -> Vec<u8> {
    document(numbers, |writer| {
        writer.object(|members| {
            members.array("newCustomers", new, |writer, id| writer.text(id));
        });
    })
}

fn parse(body: &[u8]) -> Result<Vec<NewRecord>, ApiError> {
    let request: Request<'_> = read_body(body)?;
    if let Some(integration) = &request.integration_id {
        fields::text("integrationId", integration)?;
    }
    if request.customers.is_empty() || request.customers.len() > BATCH_MAX {
        let message = format!("customers must have 1 to {BATCH_MAX} items");
        return Err(ApiError::bad_input(message));
    }
    request
        .customers
        .into_iter()
        .enumerate()
        .map(|(index, Object(item))| {
            parse_item(item).map_err(|error| error.within(&format!("customers[{index}]")))
        })
        .collect()
}

/// The members to make or to merge: null clears, as it is a customer's whole name and address.
fn parse_item(item: Item<'_>) -> Result<NewRecord, ApiError> {
    let id = fields::customer("id", &item.id.0)?.as_str().to_owned();
    let mut body = Map::new();
    for (name, text) in [("email", item.email), ("name", item.name)] {
        let text = text.map(|text| fields::text(name, &text)).transpose()?;
        body.insert(name.to_owned(), text.into());
    }
    let texts = [
        ("billingId", item.billing_id),
        ("paymentMethodId", item.payment_method_id),
        ("salesforceId", item.salesforce_id),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            body.insert(name.to_owned(), fields::text(name, &value)?.into());
        }
    }
    if let Some(metadata) = item.metadata {
        body.insert("metadata".to_owned(), json!(fields::metadata("metadata", metadata)?));
    }
    if let Some(Text(at)) = &item.updated_at {
        fields::instant("updatedAt", at)?;
    }
    Ok(NewRecord { kind: RecordKind::Customer, id, body })
}

pub(super) fn operation() -> Operation {
    Operation::new("importCustomers", TAG, "Import customers")
        .text("Customers that exist are changed. One bad item refuses all, and is named.")
        .body("ImportCustomersRequest")
        .answers(200, "The ids that were new", "ImportCustomersResponse")
}

pub(super) fn schema() -> Value {
    let item = closed([
        required("id", id(schema::CUSTOMER_ID)),
        required("email", nullable(text())),
        required("name", nullable(text())),
        optional("billingId", nullable(text())),
        optional("metadata", nullable(schema::metadata())),
        optional("paymentMethodId", nullable(text())),
        optional("salesforceId", nullable(text())),
        optional("updatedAt", nullable(instant())),
    ]);
    let items = json!({"type": "array", "minItems": 1, "maxItems": BATCH_MAX, "items": item});
    closed([required("customers", items), optional("integrationId", nullable(text()))])
}

pub(super) fn response_schema() -> Value {
    data(open([required("newCustomers", json!({"type": "array", "items": text()}))]))
}
