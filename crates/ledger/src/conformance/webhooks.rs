//! Webhooks: endpoints, deliveries and how far each was told, as records.

use scrip_core::{Entity, Refusal};
use serde_json::{Map, Value};

use super::world::{Factory, World, everything, wallet};
use crate::{
    Answer, Attempt, CreatedRange, DeliveryState, EventKind, EventQuery, NewRecord, Record,
    RecordKind, RecordPatch, RecordQuery, RotateWebhookSecret, SANDBOX, Subject, WebhookDelivery,
    WebhookEndpoint, WebhookProgress, WebhookSecret, WebhookStatus, WebhookStop, Work,
};

const HOOK: &str = "webhook-1";

/// What is put replaces what was there, whole, and is found by what it says now.
pub async fn are_put_whole(make: &Factory<'_>) {
    let world = World::new(make).await;
    let mut delivery = WebhookDelivery::new(HOOK, "m1".to_owned(), "credit_grant.created", 5);
    let progress = WebhookProgress { position: 7, failing_since_milliseconds: Some(5) };
    let other = WebhookDelivery::new("webhook-2", "m1".to_owned(), "credit_grant.created", 5);
    let records = vec![delivery.record(), progress.record(HOOK), other.record()];
    world.done(Work::PutRecords(records)).await;
    assert_eq!(world.deliveries(&[(WebhookDelivery::PENDING_FOR, HOOK)]).await, [delivery.clone()]);
    let state = [(WebhookDelivery::ENDPOINT, HOOK), (WebhookDelivery::STATE, "DELIVERED")];
    assert_eq!(world.deliveries(&state).await, []);

    delivery.tried(attempt(None), None);
    let progress = WebhookProgress { position: 8, failing_since_milliseconds: None };
    world.done(Work::PutRecords(vec![delivery.record(), progress.record(HOOK)])).await;
    assert_eq!(world.deliveries(&[(WebhookDelivery::PENDING_FOR, HOOK)]).await, []);
    assert_eq!(world.deliveries(&state).await, [delivery]);
    let forget = |id: &str| vec![WebhookDelivery::record_id(id, "m1"), "nobody/m1".to_owned()];
    world.done(Work::ForgetRecords(RecordKind::WebhookDelivery, forget(HOOK))).await;
    assert_eq!(world.deliveries(&state).await, []);
    assert_eq!(world.deliveries(&[(WebhookDelivery::ENDPOINT, HOOK)]).await, []);
    let kept = world.record(RecordKind::WebhookProgress, HOOK).await.unwrap();
    assert_eq!(WebhookProgress::of(&kept), Some(progress));
    assert_eq!(world.deliveries(&[(WebhookDelivery::ENDPOINT, "webhook-2")]).await, [other]);
}

/// A new secret signs at once, and the one before until its overlap is over.
pub async fn change_their_secrets(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.hook(HOOK).await;
    let rotated = world.rotate("whsec_b", 60_000).await;
    assert_eq!(names_of(&rotated), ["whsec_b", "whsec_a"]);
    let retires = rotated.secrets[1].retires_at_milliseconds.unwrap();
    assert_eq!(rotated.secrets[0].retires_at_milliseconds, None);
    // A longer overlap of a later change keeps nothing longer that was to retire.
    let rotated = world.rotate("whsec_c", 3_600_000).await;
    assert_eq!(names_of(&rotated), ["whsec_c", "whsec_b", "whsec_a"]);
    assert_eq!(rotated.secrets[2].retires_at_milliseconds, Some(retires));
    if world.time_can_pass {
        world.pass(60_000);
        assert_eq!(names_of(&world.rotate("whsec_d", 60_000).await).len(), 3);
    }
    assert_eq!(names_of(&world.rotate("whsec_e", 0).await), ["whsec_e"]);
    let unknown = RotateWebhookSecret {
        id: "webhook-2".to_owned(),
        secret: secret("whsec_x"),
        overlap_milliseconds: 0,
    };
    let refused = world.refused(Work::RotateWebhookSecret(Box::new(unknown))).await;
    assert_eq!(refused, Refusal::not_found(Entity::WebhookEndpoint, "webhook-2"));
}

/// What an endpoint is told of holds for what happens from then on.
pub async fn change_what_they_are_told_of(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.hook(HOOK).await;
    let (low, made) = ("credit_balance.low", "credit_grant.created");
    for (types, newest) in [(vec![low], 5), (vec![made], 8), (vec![], 9)] {
        let types = Value::from(types);
        let members = Map::from_iter([(WebhookEndpoint::EVENT_TYPES.to_owned(), types)]);
        let (kind, id) = (RecordKind::WebhookEndpoint, HOOK.to_owned());
        let patch = RecordPatch { kind, id, members };
        world.done(Work::ChangeWebhook(patch, newest)).await;
    }
    let record = world.record(RecordKind::WebhookEndpoint, HOOK).await.unwrap();
    let endpoint = WebhookEndpoint::of(&record).unwrap();
    let told = |name| (1..12).filter(|at| endpoint.is_told_of(name, *at)).collect::<Vec<_>>();
    assert_eq!(told(low), [1, 2, 3, 4, 5, 6, 7, 8, 10, 11]);
    assert_eq!(told(made), [1, 2, 3, 4, 5, 9, 10, 11]);
}

/// Somebody may ask for a test, and for a delivery again, of an endpoint that is told of events.
pub async fn are_asked_for(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.hook(HOOK).await;
    let again = || Work::Redeliver(HOOK.to_owned(), "m1".to_owned());
    let unknown = Refusal::not_found(Entity::WebhookDelivery, "m1");
    assert_eq!(world.refused(again()).await, unknown);
    let wanted = [(WebhookDelivery::REQUESTED, WebhookDelivery::WANTED)];

    world.done(Work::TestWebhook(HOOK.to_owned(), "m1".to_owned())).await;
    let [mut delivery] = world.deliveries(&wanted).await.try_into().unwrap();
    assert!(delivery.is_requested() && delivery.next_attempt_at_milliseconds.is_some());
    assert_eq!((delivery.position, delivery.event_type.as_str()), (None, WebhookDelivery::TEST));
    delivery.tried(attempt(Some("no")), None);
    assert_eq!(delivery.state, DeliveryState::Failed);
    world.done(Work::PutRecords(vec![delivery.record()])).await;
    assert_eq!(world.deliveries(&wanted).await, []);

    world.done(again()).await;
    let [delivery] = world.deliveries(&wanted).await.try_into().unwrap();
    assert_eq!((delivery.state, delivery.tries), (DeliveryState::Pending, 0));
    assert_eq!(delivery.attempts.len(), 1, "what became of it stays");

    world.disable(HOOK).await;
    assert_eq!(world.refused(again()).await, Refusal::EndpointDisabled);
    let test = |id: &str| Work::TestWebhook(id.to_owned(), "m2".to_owned());
    assert_eq!(world.refused(test(HOOK)).await, Refusal::EndpointDisabled);
    world.done(Work::ArchiveRecord(RecordKind::WebhookEndpoint, HOOK.to_owned())).await;
    let gone = Refusal::not_found(Entity::WebhookEndpoint, HOOK);
    assert_eq!(world.refused(again()).await, gone);
    assert_eq!(world.refused(test(HOOK)).await, gone);
}

/// That an endpoint is told of nothing any more is an event, once.
pub async fn tell_that_they_are_disabled(make: &Factory<'_>) {
    let world = World::new(make).await;
    world.hook(HOOK).await;
    world.disable(HOOK).await;
    world.disable(HOOK).await;
    world.patch_hook(HOOK, Value::Null).await;
    world.patch_hook(HOOK, WebhookStop::Failing.as_str().into()).await;
    world.grant(&wallet("ann/gold"), "A", "1").await;
    let kinds = vec![EventKind::EndpointDisabled];
    let query = EventQuery { environment: SANDBOX, kinds, page: everything() };
    let told = world.ledger.events(query).await.unwrap().items;
    let told: Vec<_> = told.into_iter().map(|(_, view)| view.event.subject).collect();
    let disabled = |stop| Subject::EndpointDisabled { id: HOOK.into(), stop };
    assert_eq!(told, [disabled(WebhookStop::Asked), disabled(WebhookStop::Failing)]);
}

/// Each endpoint costs a task and a connection.
pub async fn are_limited_in_number(make: &Factory<'_>) {
    let world = World::new(make).await;
    for number in 0..50 {
        world.hook(&format!("webhook-{number}")).await;
    }
    let refused = world.refused(Work::CreateRecord(endpoint("webhook-50"))).await;
    let what = "webhook endpoints of an environment";
    assert_eq!(refused, Refusal::TooMany { what, limit: 50 });
    world.done(Work::ArchiveRecord(RecordKind::WebhookEndpoint, "webhook-0".to_owned())).await;
    world.hook("webhook-50").await;
}

impl World {
    async fn hook(&self, id: &str) {
        self.done(Work::CreateRecord(endpoint(id))).await;
    }

    async fn disable(&self, id: &str) {
        self.patch_hook(id, WebhookStop::Asked.as_str().into()).await;
    }

    async fn patch_hook(&self, id: &str, disabled: Value) {
        let members = Map::from_iter([(WebhookEndpoint::DISABLED.to_owned(), disabled)]);
        let (kind, id) = (RecordKind::WebhookEndpoint, id.to_owned());
        self.done(Work::ChangeWebhook(RecordPatch { kind, id, members }, 0)).await;
    }

    async fn rotate(&self, text: &str, overlap_milliseconds: i64) -> WebhookEndpoint {
        let rotate =
            RotateWebhookSecret { id: HOOK.to_owned(), secret: secret(text), overlap_milliseconds };
        match self.done(Work::RotateWebhookSecret(Box::new(rotate))).await {
            Answer::Record(record) => WebhookEndpoint::of(&record).unwrap(),
            other => panic!("no record: {other:?}"),
        }
    }

    async fn deliveries(&self, matching: &[(&'static str, &str)]) -> Vec<WebhookDelivery> {
        let query = RecordQuery {
            environment: SANDBOX,
            kind: RecordKind::WebhookDelivery,
            matching: matching.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            created: CreatedRange::default(),
            archived: None,
            page: everything(),
        };
        let found = self.ledger.records(query).await.unwrap().items;
        found.iter().map(|(_, record): &(_, Record)| WebhookDelivery::of(record).unwrap()).collect()
    }
}

fn endpoint(id: &str) -> NewRecord {
    let endpoint = WebhookEndpoint {
        url: "https://example.com/hook".to_owned(),
        description: None,
        event_types: Vec::new(),
        earlier_selections: Vec::new(),
        status: WebhookStatus::Enabled,
        secrets: vec![secret("whsec_a")],
        plain_secret: None,
        starts_after: 0,
    };
    NewRecord { kind: RecordKind::WebhookEndpoint, id: id.to_owned(), body: endpoint.body() }
}

fn secret(text: &str) -> WebhookSecret {
    WebhookSecret { secret: text.to_owned(), retires_at_milliseconds: None }
}

fn names_of(endpoint: &WebhookEndpoint) -> Vec<&str> {
    endpoint.secrets.iter().map(|secret| secret.secret.as_str()).collect()
}

fn attempt(error: Option<&str>) -> Attempt {
    Attempt {
        at_milliseconds: 5,
        duration_milliseconds: 1,
        status_code: Some(200),
        response: None,
        error: error.map(str::to_owned),
    }
}
