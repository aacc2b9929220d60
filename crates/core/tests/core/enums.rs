//! What the core says of itself, where the compiler does not see to it.

use std::collections::BTreeSet;

use insta::assert_snapshot;
use scrip_core::{
    Actor, Command, Digest, Dimension, EditGrant, Event, EventType, Grant, GrantChange, GrantId,
    GrantNumber, GrantRef, GrantState, GrantStatus, GrantType, Leg, MoneyAmount, MoneyCurrency,
    Priority, Refusal, TraceId,
};

use crate::world::{World, credits, instant, new_grant, refusal};

/// Every type is listed: a new one does not compile here until it is added below.
const fn position(event_type: EventType) -> usize {
    match event_type {
        EventType::CreditsGranted => 0,
        EventType::CreditsExpired => 1,
        EventType::CreditsConsumed => 2,
        EventType::CreditsVoided => 3,
        EventType::CreditsUpdated => 4,
        EventType::CreditsConsumptionTransferSource => 5,
        EventType::CreditsConsumptionTransferTarget => 6,
        EventType::CreditsReserved => 7,
        EventType::CreditsReservationReleased => 8,
        EventType::CreditsReservationExpired => 9,
    }
}

#[test]
fn event_types_read_back() {
    let positions: Vec<usize> = EventType::ALL.into_iter().map(position).collect();
    assert_eq!(positions, (0..10).collect::<Vec<_>>());
    for event_type in EventType::ALL {
        assert_eq!(EventType::parse(event_type.as_str()), Some(event_type));
    }
    for unknown in ["", "credits_granted", "CREDITS_GRANTED ", "CREDITS_REFUNDED"] {
        assert_eq!(EventType::parse(unknown), None);
    }
}

#[test]
fn money_currencies_read_back() {
    let codes: BTreeSet<&str> = MoneyCurrency::ALL.into_iter().collect();
    assert_eq!(codes.len(), MoneyCurrency::ALL.len());
    for code in codes {
        let currency = MoneyCurrency::parse(code).unwrap();
        assert_eq!((currency.as_str(), String::from(currency)), (code, code.to_owned()));
    }
    for unknown in ["", "USD", "usdt", "xxx"] {
        assert_eq!(MoneyCurrency::parse(unknown), None);
    }
    assert!(MoneyAmount::parse("-0.01").is_err());
    assert_eq!(MoneyAmount::parse("49.90").unwrap().to_string(), "49.9");
    for (text, is_zero) in [("0", true), ("-0", true), ("0.000000001", false), ("49.9", false)] {
        assert_eq!(MoneyAmount::parse(text).unwrap().is_zero(), is_zero, "{text}");
    }
}

/// What a report of a fault shows names things as they are named elsewhere.
#[test]
fn names_are_readable_in_reports() {
    let digest = Digest::from_bytes([0xab; 32]);
    assert_eq!(format!("{digest:?}"), "ab".repeat(32));
    assert_eq!(format!("{digest}"), "ab".repeat(32));
    assert_eq!(format!("{:?}", GrantId::mint(33, 1)), "cred-grant-110000000001");
    assert_eq!(format!("{:?}", MoneyCurrency::parse("eur").unwrap()), "eur");
    let actors = [Actor::System, Actor::ApiKey("a".into()), Actor::Person("b".into())];
    assert_eq!(actors.map(|actor| actor.to_string()), ["system", "key:a", "person:b"]);
    assert_eq!(TraceId([0x0f; 16]).to_string(), "0f".repeat(16));
}

#[test]
fn dimensions_are_grouped_by_their_text() {
    let rows = [
        (Dimension::Text("gpt".into()), "gpt"),
        (Dimension::Number("1.5".into()), "1.5"),
        (Dimension::Flag(true), "true"),
        (Dimension::Flag(false), "false"),
    ];
    for (dimension, text) in rows {
        assert_eq!(dimension.as_text(), text);
    }
}

#[test]
fn consumptions_are_the_only_plain_rows() {
    let leg =
        Leg { grant: departed(GrantType::Paid, GrantState::Usable).name, amount: credits("1") };
    assert!(!Event::Consumed { legs: vec![leg] }.is_notable());
    for notable in [Event::Granted(leg), Event::Expired(leg), Event::Voided(leg)] {
        assert!(notable.is_notable(), "{notable:?}");
    }
}

#[test]
fn priorities_are_from_0_to_100() {
    let allowed: Vec<u8> = (0..=u8::MAX).filter_map(Priority::new).map(Priority::get).collect();
    assert_eq!(allowed, (0..=100).collect::<Vec<_>>());
    assert_eq!((Priority::DEFAULT.get(), Priority::LAST.get()), (50, 100));
}

#[test]
fn a_state_has_one_status() {
    let at = instant("2026-01-01");
    let rows = [
        (GrantState::PaymentPending, GrantStatus::PaymentPending, false, false),
        (GrantState::Scheduled, GrantStatus::Scheduled, false, false),
        (GrantState::Usable, GrantStatus::Active, true, false),
        (GrantState::Expired { at }, GrantStatus::Expired, false, true),
        (GrantState::Voided { at }, GrantStatus::Voided, false, true),
    ];
    for (state, status, usable, dead) in rows {
        let grant = departed(GrantType::Paid, state);
        assert_eq!((grant.status(), grant.is_usable(), grant.is_dead()), (status, usable, dead));
    }
}

fn departed(grant_type: GrantType, state: GrantState) -> Grant {
    let at = instant("2026-01-01");
    Grant {
        name: GrantRef { number: GrantNumber(1), id: GrantId::mint(0, 1) },
        grant_type,
        priority: Priority::DEFAULT,
        amount: credits("0"),
        consumed: credits("0"),
        held: credits("0"),
        lost: credits("0"),
        effective_at: at,
        expire_at: None,
        created_at: at,
        updated_at: at,
        state,
    }
}

/// A grant is refused the same way after it left its wallet as while a hold still kept it there.
#[test]
fn departed_grants_are_refused_as_before() {
    let now = instant("2026-01-02");
    let (expired, voided) = (GrantState::Expired { at: now }, GrantState::Voided { at: now });
    let edit = |expire_at| EditGrant {
        id: GrantId::mint(0, 1),
        change: GrantChange { expire_at, ..GrantChange::default() },
    };
    let cannot = |what| Refusal::GrantCannotBeVoided { what };
    let rows = [
        (GrantType::Paid, voided, Refusal::GrantAlreadyVoided, Refusal::GrantAlreadyVoided),
        (GrantType::Paid, expired, cannot("expired"), Refusal::GrantExpired),
        (GrantType::Overdraft, voided, cannot("an overdraft"), cannot("an overdraft")),
    ];
    for (grant_type, state, void, change) in rows {
        let grant = departed(grant_type, state);
        assert_eq!(grant.refuse_void(), void);
        assert_eq!(grant.refuse_edit(&edit(None), now), change);
        assert_eq!(grant.refuse_edit(&edit(Some(None)), now), change);
        let past = grant.refuse_edit(&edit(Some(Some(instant("2026-01-02")))), now);
        assert_eq!(past, Refusal::ExpireInPast);
        let before = grant.refuse_edit(&edit(Some(Some(instant("2026-01-01")))), now);
        assert_eq!(before, Refusal::ExpireNotAfterEffective);
    }
}

/// The wallet answers as the departed grant does, while a hold keeps it.
#[test]
fn a_wallet_and_a_departed_grant_agree() {
    let now = instant("2026-01-02");
    let mut world = World::new();
    let new = new_grant(1, credits("10"));
    let id = new.id;
    world.execute(&Command::Grant(new), now);
    let hold = crate::world::new_hold("job", credits("1"), now.later(1));
    world.execute(&Command::Reserve(hold), now);
    world.execute(&Command::Void { id, spent: None }, now);
    let kept = *world.wallet.grant_by_id(id).unwrap();
    let edit = EditGrant { id, change: GrantChange::default() };
    let void = refusal(world.execute(&Command::Void { id, spent: None }, now));
    assert_eq!(void, kept.refuse_void());
    let change = refusal(world.execute(&Command::Edit { edit: edit.clone(), spent: None }, now));
    assert_eq!(change, kept.refuse_edit(&edit, now));
}

#[test]
fn refusals_say_what_to_do() {
    let refusals = [
        Refusal::not_found(scrip_core::Entity::Customer, "acme"),
        Refusal::archived(scrip_core::Entity::CustomCurrency, "tokens"),
        Refusal::KeyReused { key: "k".to_owned() },
        Refusal::InsufficientCredits { needed: credits("2.5"), available: credits("-1") },
        Refusal::from(scrip_core::Overflow),
    ];
    assert_snapshot!(refusals.map(|refusal| refusal.to_string()).join("\n"), @r#"
    customer "acme" was not found
    custom currency "tokens" is archived
    idempotencyKey "k" was used before with a different request
    2.5 credits are needed and -1 are available
    amount is too large: the sums of a wallet are bounded by 10^18
    "#);
}
