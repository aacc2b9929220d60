//! `GET /api/v1/credits/custom-currencies/{currencyId}/associated-entities`: plans and add-ons
//! that use a currency. There are none: the catalogue does not exist yet.

use serde_json::{Value, json};

use super::TAG;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::json::document;
use crate::lookup::existing_currency;
use crate::openapi::Operation;
use crate::openapi::schema::{data, open, required, text};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    existing_currency(&call, &call.path_currency()?).await?;
    Ok(Reply::ok(document(call.numbers(), |writer| writer.array([(); 0], |_, ()| {}))))
}

pub(super) fn operation() -> Operation {
    Operation::new("listAssociatedEntities", TAG, "List what uses a custom currency")
        .path("currencyId", "The currency's id")
        .answers(200, "Plans and add-ons", "AssociatedEntitiesResponse")
        .refuses(&[404])
}

pub(super) fn schema() -> Value {
    let entity =
        open([required("id", text()), required("displayName", text()), required("type", text())]);
    data(json!({"type": "array", "items": entity}))
}
