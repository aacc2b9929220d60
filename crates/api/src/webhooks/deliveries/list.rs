//! `GET /api/v1/webhooks/{webhookId}/deliveries`: what was sent, newest first.

use scrip_ledger::{CreatedRange, DeliveryState, RecordKind, RecordQuery, WebhookDelivery};

use super::super::{TAG, existing};
use super::view;
use crate::error::ApiError;
use crate::http::{Call, Reply};
use crate::openapi::Operation;
use crate::openapi::schema::choice;
use crate::{fields, paging};

pub(super) async fn handler(call: Call) -> Result<Reply, ApiError> {
    let states = view::STATES.map(|state| (state.as_str(), state));
    let state = call.query().one("status")?;
    let state = state.map(|word| fields::choice("status", word, &states)).transpose()?;
    let state = state.map(DeliveryState::as_str);
    let id = call.path("webhookId");
    let scope = paging::scope(&call, "webhook-deliveries")
        .filter("webhookId", Some(id))
        .filter("status", state);
    let page = paging::page(call.query(), &scope)?;
    let (record, _) = existing(&call).await?;
    let mut matching = vec![(WebhookDelivery::ENDPOINT, record.id)];
    matching.extend(state.map(|state| (WebhookDelivery::STATE, state.to_owned())));
    let query = RecordQuery {
        environment: call.environment(),
        kind: RecordKind::WebhookDelivery,
        matching,
        created: CreatedRange::default(),
        archived: None,
        page,
    };
    let page = call.ledger().records(query).await?;
    Ok(Reply::ok(paging::answer(call.numbers(), &page, &scope, |writer, record| {
        match WebhookDelivery::of(record) {
            Some(delivery) => view::write(writer, &delivery, None),
            None => writer.null(),
        }
    })))
}

pub(super) fn operation() -> Operation {
    Operation::new("listWebhookDeliveries", TAG, "List a webhook endpoint's deliveries")
        .path("webhookId", "The endpoint's id")
        .query("status", choice(view::STATES.map(DeliveryState::as_str)), "Only those")
        .paged()
        .answers(200, "A page of deliveries, newest first", "WebhookDeliveryList")
        .refuses(&[404])
}
