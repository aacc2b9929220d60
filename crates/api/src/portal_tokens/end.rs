//! `DELETE /api/v1/customers/{id}/portal-tokens`: ends all tokens of a customer.

use scrip_ledger::{RecordKind, RecordPatch, Work};

use super::{GENERATION, TAG, view};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::lookup::existing_customer;
use crate::openapi::Operation;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let customer = call.path_customer()?;
    let record = existing_customer(call, &customer).await?;
    // Drawn, and not counted: of two requests at once each ends what was given before it.
    let mut drawn = [0; 8];
    call.app().ids().fill(&mut drawn);
    let generation = u64::from_be_bytes(drawn);
    let mut members = serde_json::Map::new();
    members.insert(GENERATION.to_owned(), generation.into());
    let patch = RecordPatch { kind: RecordKind::Customer, id: record.id, members };
    write.execute(Work::PatchRecord(patch), |answer| view::ended(answer).map(Reply::ok)).await
}

pub(super) fn operation() -> Operation {
    Operation::new("endPortalTokens", TAG, "End all portal tokens of a customer")
        .text("Every token that was made for the customer so far opens nothing from the answer on.")
        .path("id", "The customer's id")
        .answers(200, "Whose tokens ended", "EndedPortalTokensResponse")
        .refuses(&[404])
}
