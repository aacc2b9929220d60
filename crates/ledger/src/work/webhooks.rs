//! What changes of endpoints and deliveries depend on what they are.

use scrip_core::{Entity, Refusal};
use serde_json::Map;

use super::{Failure, Place, State, events, records};
use crate::{
    Answer, EarlierSelection, RecordKind, RecordPatch, RotateWebhookSecret, WebhookDelivery,
    WebhookEndpoint, WebhookSecret, WebhookStatus,
};

/// Merges members into an endpoint's record. Events up to `newest` are judged by what it was told of
/// until now.
pub(super) fn change(
    state: &mut dyn State,
    at: Place<'_>,
    patch: &RecordPatch,
    newest: u64,
) -> Result<Answer, Failure> {
    let (mut record, endpoint) = endpoint(state, at, &patch.id)?;
    if patch.members.is_empty() {
        return Ok(records::answer(record));
    }
    let mut members = patch.members.clone();
    if members.contains_key(WebhookEndpoint::EVENT_TYPES) {
        let mut earlier = endpoint.earlier_selections.clone();
        let event_types = endpoint.event_types.clone();
        earlier.push(EarlierSelection { up_to: newest, event_types });
        let surplus = earlier.len().saturating_sub(EARLIER_SELECTIONS_MAX);
        earlier.drain(..surplus);
        let earlier = serde_json::to_value(earlier).unwrap_or_default();
        members.insert(WebhookEndpoint::EARLIER_SELECTIONS.to_owned(), earlier);
    }
    records::merge(state, at, &mut record, &members)?;
    events::of_endpoint(state, at, &endpoint, &record)?;
    Ok(records::answer(record))
}

/// Selections that are remembered: nobody changes his mind more often between two looks.
const EARLIER_SELECTIONS_MAX: usize = 20;

/// Puts a new secret in front of those that sign still; the newest of them retires.
pub(super) fn rotate_secret(
    state: &mut dyn State,
    at: Place<'_>,
    rotate: &RotateWebhookSecret,
) -> Result<Answer, Failure> {
    let (mut record, endpoint) = endpoint(state, at, &rotate.id)?;
    let now = state.real_now();
    let retires = now.later(rotate.overlap_milliseconds).milliseconds();
    let mut secrets = vec![rotate.secret.clone()];
    secrets.extend(endpoint.secrets.into_iter().filter(|old| old.signs_at(now)).map(|old| {
        let earlier = old.retires_at_milliseconds.map_or(retires, |at| at.min(retires));
        WebhookSecret { retires_at_milliseconds: Some(earlier), ..old }
    }));
    secrets.retain(|secret| secret.signs_at(now));
    secrets.truncate(SECRETS_MAX);
    let secrets = serde_json::to_value(secrets).unwrap_or_default();
    let members = Map::from_iter([(WebhookEndpoint::SECRETS.to_owned(), secrets)]);
    records::merge(state, at, &mut record, &members)?;
    Ok(records::answer(record))
}

/// Secrets that sign at a time: a header with more would be refused by many servers.
const SECRETS_MAX: usize = 5;

/// Makes a delivery that is about nothing, to be sent at once.
pub(super) fn test(
    state: &mut dyn State,
    at: Place<'_>,
    id: &str,
    message_id: &str,
) -> Result<Answer, Failure> {
    told(endpoint(state, at, id)?.1)?;
    let now = state.real_now().milliseconds();
    let mut delivery = WebhookDelivery::new(id, message_id.to_owned(), WebhookDelivery::TEST, now);
    delivery.request(now);
    let new = delivery.record();
    let record = records::insert(state, at, new.kind, &new.id, new.body)?;
    Ok(records::answer(record))
}

/// Has a delivery sent again, at once, whatever became of it.
pub(super) fn redeliver(
    state: &mut dyn State,
    at: Place<'_>,
    id: &str,
    message_id: &str,
) -> Result<Answer, Failure> {
    told(endpoint(state, at, id)?.1)?;
    let record_id = WebhookDelivery::record_id(id, message_id);
    let unknown = || Refusal::not_found(Entity::WebhookDelivery, message_id);
    let found = state.record(at.environment, RecordKind::WebhookDelivery, &record_id)?;
    let mut record = found.ok_or_else(unknown)?;
    let mut delivery = WebhookDelivery::of(&record).ok_or_else(unknown)?;
    delivery.request(state.real_now().milliseconds());
    records::merge(state, at, &mut record, &delivery.body())?;
    Ok(records::answer(record))
}

/// A live endpoint.
fn endpoint(
    state: &mut dyn State,
    at: Place<'_>,
    id: &str,
) -> Result<(crate::Record, WebhookEndpoint), Failure> {
    let found = state.record(at.environment, RecordKind::WebhookEndpoint, id)?;
    let live = found.filter(|record| record.archived_at.is_none());
    let read = live.and_then(|record| WebhookEndpoint::of(&record).map(|it| (record, it)));
    Ok(read.ok_or_else(|| Refusal::not_found(Entity::WebhookEndpoint, id))?)
}

/// Refuses to send anything to an endpoint that is told of nothing.
fn told(endpoint: WebhookEndpoint) -> Result<(), Refusal> {
    match endpoint.status {
        WebhookStatus::Enabled => Ok(()),
        WebhookStatus::Disabled(_) => Err(Refusal::EndpointDisabled),
    }
}
