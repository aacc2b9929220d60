//! Domain events: written with what brings them, read upward.

use scrip_core::{Fact, GrantFact};

use super::world::{Factory, World, body, instant, item, wallet};
use crate::{
    Answer, EventKind, EventQuery, EventView, PRODUCTION, PageRequest, RecordKind, RecordPatch,
    SANDBOX, SYSTEM, Start, Subject, Work,
};

/// They are there when the answer is, each with what it names.
pub async fn are_there_with_the_answer(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    world.grant(&ann, "A", "100").await;
    world.consume(&ann, "k1", "85").await;
    world.consume(&ann, "k1", "85").await;
    world.consume(&ann, "k2", "15").await;
    let (kind, id) = (RecordKind::CustomCurrency, "gold".to_owned());
    let members = body(&[("symbol", "g")]);
    world.done(Work::PatchRecord(RecordPatch { kind, id, members })).await;
    let told =
        world.events(EventQuery { environment: SANDBOX, kinds: Vec::new(), page: all() }).await;
    assert_eq!(
        names(&told),
        [
            "credit_type.created",
            "credit_type.created",
            "credit_grant.created",
            "credit_grant.balance.low",
            "credit_balance.low",
            "credit_grant.depleted",
            "credit_balance.depleted",
            "credit_type.updated",
        ]
    );
    let low = &told[3];
    assert_eq!(low.customer.as_ref().unwrap().id, "ann");
    assert_eq!(low.currency.as_ref().unwrap().id, "gold");
    assert_eq!(low.grant.as_ref().unwrap().words.display_name.as_deref(), Some("A"));
    assert!(told.windows(2).all(|pair| pair[0].event.position < pair[1].event.position));
    let other = EventQuery { environment: PRODUCTION, kinds: Vec::new(), page: all() };
    assert!(world.events(other).await.is_empty());
}

/// What is refused brings none.
pub async fn of_what_is_refused_are_none(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    let before = world.told().await.len();
    world.refused(Work::Consume(Box::new(item(&wallet("nobody/gold"), "k", "1")))).await;
    world.refused(Work::VoidGrant(world.mint(&ann))).await;
    let bad = vec![item(&ann, "k", "1"), item(&wallet("nobody/gold"), "k", "1")];
    world.refusal(Work::ConsumeBatch(bad)).await;
    assert_eq!(world.told().await.len(), before);
}

/// A grant's end is announced seven days ahead and told at its instant, in one move of the clock or in
/// many.
pub async fn of_time_carry_their_instants(make: &Factory<'_>) {
    for steps in [
        &["2030-02-10"][..],
        &["2030-01-23", "2030-01-24T00:00:00.001Z", "2030-01-30", "2030-01-31", "2030-02-10"],
    ] {
        let world = World::new(make).await;
        let ann = wallet("ann/gold");
        let ends = |new: &mut scrip_core::NewGrant| new.expire_at = Some(instant("2030-01-31"));
        let made = world.grant_as(&ann, "A", "100", ends).await;
        for step in steps {
            world.move_clock(step).await;
        }
        let told = world.told().await;
        let of_grants = told.iter().filter_map(|view| match &view.event.subject {
            Subject::Wallet { fact: Fact::Grant(what, _), .. } => {
                Some((*what, view.event.at, view.event.trace_id.is_some()))
            }
            _ => None,
        });
        assert_eq!(
            of_grants.collect::<Vec<_>>(),
            [
                (GrantFact::Created, instant("2030-01-01"), true),
                (GrantFact::Expiring, instant("2030-01-24"), false),
                (GrantFact::Expired, instant("2030-01-31"), false),
            ],
            "{steps:?}"
        );
        assert!(world.grant_now(made.grant.name.id).await.grant.is_dead());
    }
}

/// Page by page in both directions, by kind or all; whoever resumes behind the last one misses none.
pub async fn are_paged_upward(make: &Factory<'_>) {
    let world = World::new(make).await;
    let ann = wallet("ann/gold");
    let query = |kinds: &[EventKind], start, limit| EventQuery {
        environment: SANDBOX,
        kinds: kinds.to_vec(),
        page: PageRequest { start, limit },
    };
    let (mut seen, mut start) = (Vec::new(), Start::Newest);
    for round in 0..6 {
        for number in 0..4 {
            world.grant(&ann, &format!("{round}-{number}"), "1").await;
        }
        loop {
            let page = world.ledger.events(query(&[], start, 3)).await.unwrap();
            let Some((_, last)) = page.items.last() else { break };
            start = Start::After(last.event.point());
            seen.extend(page.items.iter().map(|(_, view)| view.event.position));
        }
    }
    let all: Vec<u64> = world.told().await.iter().map(|view| view.event.position).collect();
    assert_eq!(seen, all);
    let created = [EventKind::GrantCreated];
    let page = world.ledger.events(query(&created, Start::Newest, 5)).await.unwrap();
    assert_eq!((page.newer_cursor().is_none(), page.older_cursor().is_some()), (true, true));
    let next = Start::After(page.older_cursor().unwrap());
    let second = world.ledger.events(query(&created, next, 5)).await.unwrap();
    let back = Start::Before(second.newer_cursor().unwrap());
    let first = world.ledger.events(query(&created, back, 5)).await.unwrap();
    let places = |page: &crate::Page<EventView>| {
        page.items.iter().map(|(_, view)| view.event.position).collect::<Vec<_>>()
    };
    assert_eq!(places(&first), places(&page));
    assert!(places(&page).last() < places(&second).first());
}

fn names(views: &[EventView]) -> Vec<&'static str> {
    views.iter().map(|view| view.event.subject.kind().as_str()).collect()
}

const fn all() -> PageRequest {
    super::world::everything()
}

/// Old ones go, the oldest first; the newest stays, so that no number is given out again.
pub async fn are_forgotten_but_for_the_newest(make: &Factory<'_>) {
    let world = World::new(make).await;
    for number in 0..5 {
        world.grant(&wallet("ann/gold"), &format!("G{number}"), "1").await;
    }
    let before: Vec<_> = world.told().await.iter().map(|view| view.event.position).collect();
    assert_eq!(world.forget(before[1]).await, 2);
    assert_eq!(world.forget(before[1]).await, 0, "again");
    let after: Vec<_> = world.told().await.iter().map(|view| view.event.position).collect();
    assert_eq!(after, before[2..]);
    assert_eq!(world.forget(before[6] + 1_000).await, 4);
    world.grant(&wallet("ann/gold"), "G5", "1").await;
    let last: Vec<_> = world.told().await.iter().map(|view| view.event.position).collect();
    assert_eq!((last.len(), last[0]), (2, before[6]));
    assert!(last[1] > before[6]);
}

impl World {
    async fn events(&self, query: EventQuery) -> Vec<EventView> {
        let page = self.ledger.events(query).await.unwrap();
        page.items.into_iter().map(|(_, view)| view).collect()
    }

    /// Forgets events up to a position; how many went.
    async fn forget(&self, until: u64) -> usize {
        match self.execute(SYSTEM, Work::ForgetEvents(until)).await.unwrap() {
            Answer::Forgotten(count) => count,
            other => panic!("nothing forgotten: {other:?}"),
        }
    }

    /// All events of the sandbox, oldest first.
    pub(super) async fn told(&self) -> Vec<EventView> {
        self.events(EventQuery { environment: SANDBOX, kinds: Vec::new(), page: all() }).await
    }
}
