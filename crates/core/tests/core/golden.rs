//! Format version 1 to the byte. These bytes are on disks and under signatures: a snapshot here is
//! never accepted anew. Another form of a row is another version.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use scrip_core::{
    Actor, Cadence, Cause, Digest, Dimension, Dimensions, Event, Fingerprint, Grant, GrantId,
    GrantNumber, GrantPeriod, GrantRef, GrantState, GrantType, HoldNumber, IdempotencyKey, Leg,
    Mark, Money, MoneyAmount, MoneyCurrency, NameHash, NameKind, PackedRow, PaymentState, Priority,
    RechargeSetting, RechargeStop, RecurringGrantId, RenewalNumber, RenewalTerms, ReservationId,
    Row, SkimmedRow, Texts, Threshold, TraceId, Undone, Words, bucket, genesis,
};

use crate::world::{credits, instant, key};

fn grant(number: u32) -> GrantRef {
    GrantRef { number: GrantNumber(number), id: GrantId::mint(1, number.into()) }
}

fn leg(number: u32, amount: &str) -> Leg {
    Leg { grant: grant(number), amount: credits(amount) }
}

fn job() -> ReservationId {
    ReservationId::parse("job").unwrap()
}

/// A row of this event: recorded at noon, attributed to the midnight before.
pub fn row(event: Event) -> Row {
    Row {
        sequence: 300,
        recorded_at: instant("2026-01-01T12:00:00Z"),
        attributed_at: instant("2026-01-01T00:00:00Z"),
        event,
        balance_after: credits("-12.5"),
        cause: Cause::Request,
        actor: Actor::ApiKey("server-1".into()),
        trace_id: TraceId(*b"trace-id-16-byte"),
        mark: None,
        texts: Texts::None,
    }
}

fn created() -> Event {
    let currency = MoneyCurrency::parse("eur").unwrap();
    Event::GrantCreated {
        grant: grant(1),
        grant_type: GrantType::Paid,
        amount: credits("100"),
        priority: Priority::DEFAULT,
        effective_at: instant("2026-01-01"),
        expire_at: Some(instant("2027-01-01")),
        payment: PaymentState::Pending,
        cost: Money { amount: MoneyAmount::parse("49.9").unwrap(), currency },
    }
}

fn spent() -> Grant {
    Grant {
        name: grant(1),
        grant_type: GrantType::Promotional,
        priority: Priority::DEFAULT,
        amount: credits("100"),
        consumed: credits("100"),
        held: credits("0"),
        lost: credits("0"),
        effective_at: instant("2025-12-01"),
        expire_at: None,
        created_at: instant("2025-12-02"),
        updated_at: instant("2025-12-03"),
        state: GrantState::Usable,
    }
}

/// One event of each kind.
pub fn events() -> Vec<Event> {
    let expire_at = Some(Some(instant("2027-01-01")));
    let (priority, expires_at) = (Priority::new(7), instant("2026-01-02"));
    vec![
        created(),
        Event::PaymentConfirmed { grant: grant(1) },
        Event::Granted(leg(1, "100")),
        Event::Consumed { legs: vec![leg(1, "0.000000001"), leg(2, "20")] },
        Event::Expired(leg(1, "5")),
        Event::Voided(leg(1, "0")),
        Event::Updated { grant: grant(1), priority, expire_at },
        Event::Transferred { source: grant(2), target: grant(1), amount: credits("15") },
        Event::Reserved {
            number: HoldNumber(4),
            reservation: job(),
            expires_at,
            legs: vec![leg(1, "30")],
        },
        Event::Released {
            reservation: job(),
            first: grant(1),
            returned: credits("30"),
            consumed: vec![leg(1, "20")],
        },
        Event::HoldExpired { reservation: job(), legs: vec![leg(1, "30")] },
        Event::GrantReopened { grant: Box::new(spent()) },
        Event::HoldExtended { reservation: job(), expires_at },
        Event::RechargeSet { setting: Box::new(setting()) },
        Event::Recharged {
            grant: grant(3),
            amount: credits("50"),
            cost: Money { amount: MoneyAmount::parse("0.5").unwrap(), ..Money::FREE },
            payment: PaymentState::Settled,
        },
        Event::RechargeStopped { reason: RechargeStop::SpendLimit },
        Event::RechargeResumed,
        Event::RenewalSet {
            number: RenewalNumber(1),
            terms: Box::new(terms()),
            next: instant("2026-01-31"),
        },
        Event::Renewed { number: RenewalNumber(1), grant: grant(4), next: instant("2026-02-28") },
        Event::RenewalRested { number: RenewalNumber(1), next: instant("2026-03-31") },
        Event::RenewalRemoved { number: RenewalNumber(1) },
        Event::RefundNamed {
            of: Undone::Consumption(IdempotencyKey::parse("order-1").unwrap()),
            amount: credits("5"),
            refunded: credits("7"),
        },
        Event::Refunded {
            of: Undone::Reservation(job()),
            attributed_at: instant("2026-01-01"),
            legs: vec![leg(2, "1"), leg(1, "4")],
            taken_over: Some(leg(2, "4")),
        },
        Event::RefundTakenOver(leg(2, "15")),
        Event::ExpiryAnnounced { grant: grant(1) },
        Event::MoneyReturned {
            grant: grant(1),
            money: Money { amount: MoneyAmount::parse("0.5").unwrap(), ..Money::FREE },
            returned: MoneyAmount::parse("12.5").unwrap(),
            target: credits("25"),
            key: IdempotencyKey::parse("event-1").unwrap(),
        },
        Event::Reclaimed(leg(1, "5")),
        Event::ReclaimedConsumed { grant: grant(1), overdraft: grant(2), amount: credits("20") },
        Event::RechargeFailed {
            grant: grant(3),
            cost: Money { amount: MoneyAmount::parse("0.5").unwrap(), ..Money::FREE },
            charged_at: instant("2026-01-01"),
        },
    ]
}

/// A new kind of event does not compile here until it has its golden bytes below.
fn setting() -> RechargeSetting {
    RechargeSetting {
        is_enabled: true,
        threshold: Threshold::Credits(credits("20")),
        target: credits("50"),
        spend_limit: Some(MoneyAmount::parse("5").unwrap()),
        grant_period: GrantPeriod::OneMonth,
        unit_cost: Some(Money { amount: MoneyAmount::parse("0.01").unwrap(), ..Money::FREE }),
    }
}

fn terms() -> RenewalTerms {
    RenewalTerms {
        id: RecurringGrantId::parse("basic").unwrap(),
        amount: credits("100"),
        cadence: Cadence::Month,
        anchor: instant("2026-01-31"),
        priority: Priority::DEFAULT,
    }
}

const fn kind(event: &Event) -> &'static str {
    match event {
        Event::GrantCreated { .. } => "grant created",
        Event::PaymentConfirmed { .. } => "payment confirmed",
        Event::Granted(_) => "granted",
        Event::Consumed { .. } => "consumed",
        Event::Expired(_) => "expired",
        Event::Voided(_) => "voided",
        Event::Updated { .. } => "updated",
        Event::Transferred { .. } => "transferred",
        Event::Reserved { .. } => "reserved",
        Event::Released { .. } => "released",
        Event::HoldExpired { .. } => "hold expired",
        Event::GrantReopened { .. } => "grant reopened",
        Event::HoldExtended { .. } => "hold extended",
        Event::RechargeSet { .. } => "recharge set",
        Event::Recharged { .. } => "recharged",
        Event::RechargeStopped { .. } => "recharge stopped",
        Event::RechargeResumed => "recharge resumed",
        Event::RenewalSet { .. } => "renewal set",
        Event::Renewed { .. } => "renewed",
        Event::RenewalRested { .. } => "renewal rested",
        Event::RenewalRemoved { .. } => "renewal removed",
        Event::RefundNamed { .. } => "refund named",
        Event::RefundTakenOver(_) => "refund taken over",
        Event::Refunded { .. } => "refunded",
        Event::ExpiryAnnounced { .. } => "expiry announced",
        Event::MoneyReturned { .. } => "money returned",
        Event::Reclaimed(_) => "reclaimed",
        Event::ReclaimedConsumed { .. } => "reclaimed consumed",
        Event::RechargeFailed { .. } => "recharge failed",
    }
}

/// The bytes in hexadecimal, after checking that they read back, in lines that fit.
fn packed(row: &Row) -> String {
    let bytes = packed_bytes(row);
    let lines: Vec<String> = bytes.chunks(40).map(|line| format!("\n  {}", hex(line))).collect();
    lines.concat()
}

fn packed_bytes(row: &Row) -> Vec<u8> {
    let previous = genesis(&key());
    let packed = row.pack(previous).unwrap();
    let read = Row::unpack_linked(&packed.bytes, previous);
    assert_eq!(read, Ok((row.clone(), packed.hash)));
    check_skimmed(row, &packed);
    packed.bytes
}

/// Whoever only skims a row reads the same.
fn check_skimmed(row: &Row, packed: &PackedRow) {
    let skimmed = SkimmedRow::read(&packed.bytes).unwrap();
    let dimensions = row.texts.words().map(|words| Dimensions::clone(&words.dimensions));
    let dimensions = dimensions.unwrap_or_default();
    let texts = dimensions.iter().map(|(name, value)| (name, value.as_text()));
    let (attributed_at, event, hash) = (row.attributed_at, row.event.clone(), packed.hash);
    let expected = SkimmedRow { attributed_at, event, dimensions: texts.collect(), hash };
    assert_eq!(skimmed, expected);
    for length in 0..packed.bytes.len() - size_of::<Digest>() {
        let _ = SkimmedRow::read(&packed.bytes[..length]);
    }
}

fn hash(row: &Row) -> [u8; 32] {
    *row.pack(genesis(&key())).unwrap().hash.as_bytes()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_row_of_each_event() {
    let rows = events().into_iter().map(|event| (kind(&event), packed(&row(event))));
    let lines: Vec<String> = rows.map(|(kind, bytes)| format!("{kind}{bytes}")).collect();
    assert_snapshot!(lines.join("\n"), @r"
    grant created
      015d000000ac0280d8ee96ef6680a0d5edee6600013031303030303030303030310280a0b787e905
      3280a0d5edee660180d0dee8d9680180ccace4f30203657572fff3f6905d0001087365727665722d
      3174726163652d69642d31362d6279746500005a3b861d1c399a0795b46e1f88b9b7061b8ceaa445
      d5b0923d092f416fe2c971
    payment confirmed
      013d000000ac0280d8ee96ef6680a0d5edee660101303130303030303030303031fff3f6905d0001
      087365727665722d3174726163652d69642d31362d627974650000e70abde0c6117b5ef7b8fd0240
      9e1b5adcf69771bd8268479fe7966b31e4dfc5
    granted
      0143000000ac0280d8ee96ef6680a0d5edee66020130313030303030303030303180a0b787e905ff
      f3f6905d0001087365727665722d3174726163652d69642d31362d62797465000009a3396db8f096
      4b4c7f414a3e399c1999992a784581789bface24ead0864644
    consumed
      0152000000ac0280d8ee96ef6680a0d5edee66030201303130303030303030303031020230313030
      303030303030303280a0be819501fff3f6905d0001087365727665722d3174726163652d69642d31
      362d627974650000a77cb2c59ad7dfd628012a28d7c51c86dc421ebecf06c11cc806f433ccc7a916
    expired
      0142000000ac0280d8ee96ef6680a0d5edee66040130313030303030303030303180c8afa025fff3
      f6905d0001087365727665722d3174726163652d69642d31362d627974650000452d4b70ee4d96fa
      69c29085563f2e50f499941985a60ba71bbfcc983183723f
    voided
      013e000000ac0280d8ee96ef6680a0d5edee66050130313030303030303030303100fff3f6905d00
      01087365727665722d3174726163652d69642d31362d6279746500008a8f8fb5b5fa529c6f3a017d
      6adbe86ccb806acd105ce6707252baf6e3d155ba
    updated
      0147000000ac0280d8ee96ef6680a0d5edee6606013031303030303030303030310107010180d0de
      e8d968fff3f6905d0001087365727665722d3174726163652d69642d31362d6279746500005a8a2a
      b846737b953246bf2f8ad79401e6b4fcc8fdec75ba27550fb2648ed22d
    transferred
      014f000000ac0280d8ee96ef6680a0d5edee66070230313030303030303030303201303130303030
      30303030303180d88ee16ffff3f6905d0001087365727665722d3174726163652d69642d31362d62
      79746500005d4c364236b35598a79bb005d80c5a42350bed21d72db4952ba4d4d6a9584431
    reserved
      014f000000ac0280d8ee96ef6680a0d5edee660804036a6f62809088c0ef66010130313030303030
      303030303180b09dc2df01fff3f6905d0001087365727665722d3174726163652d69642d31362d62
      7974650000c88b1c56dd0f2a1678519a22baaf82e45c2ad746e22611912033c3feb45426e5
    released
      015b000000ac0280d8ee96ef6680a0d5edee6609036a6f620130313030303030303030303180b09d
      c2df01010130313030303030303030303180a0be819501fff3f6905d0001087365727665722d3174
      726163652d69642d31362d6279746500009357586a14cc5d72c21b01b3eb6a3f7cda82cf13d9bfcd
      2e7416bc6e3635dded
    hold expired
      0148000000ac0280d8ee96ef6680a0d5edee660a036a6f62010130313030303030303030303180b0
      9dc2df01fff3f6905d0001087365727665722d3174726163652d69642d31362d6279746500009f86
      988da3295e2a16c5b545f618fe0526af092bf536815605966c8bf3aeade4
    grant reopened
      0161000000ac0280d8ee96ef6680a0d5edee660b01303130303030303030303031003280a0b787e9
      0580a0b787e90500008090acf3da66008080dfc5db6680f09198dc6602fff3f6905d000108736572
      7665722d3174726163652d69642d31362d6279746500003ea3bc0fea53c83ca350b6ae43f4e3a994
      d7b99b10e865f76c0d2bf5d051ae62
    hold extended
      013a000000ac0280d8ee96ef6680a0d5edee660c036a6f62809088c0ef66fff3f6905d0001087365
      727665722d3174726163652d69642d31362d6279746500002f120886eedf73f68cf9bc36c9cd7bd7
      49845369adc14855f7a783abe12befc3
    recharge set
      014e000000ac0280d8ee96ef6680a0d5edee660d010080a0be81950180d0dbc3f4020180c8afa025
      000180dac40903757364fff3f6905d0001087365727665722d3174726163652d69642d31362d6279
      74650000a8859cbad41a4937598aef34f01ccc2cb8ff97dd5b97e30d08a052fe07f30281
    recharged
      014d000000ac0280d8ee96ef6680a0d5edee660e0330313030303030303030303380d0dbc3f40280
      94ebdc030375736400fff3f6905d0001087365727665722d3174726163652d69642d31362d627974
      650000e827712bbe4d1c62aff35bda7616dd6337d488e754f5a0ba698eb703dbeaad6d
    recharge stopped
      0131000000ac0280d8ee96ef6680a0d5edee660f00fff3f6905d0001087365727665722d31747261
      63652d69642d31362d627974650000a33761d098f76e9cea624f67050974df7b5aff710b5712f3b0
      13ab77bb1bdf7f
    recharge resumed
      0130000000ac0280d8ee96ef6680a0d5edee6610fff3f6905d0001087365727665722d3174726163
      652d69642d31362d62797465000045b8245fb9b2a2c0808ecc293552a4f5025417caf38e7574c340
      6d81e6c1b745
    renewal set
      014b000000ac0280d8ee96ef6680a0d5edee66110105626173696380a0b787e9050080c0cb958267
      3280c0cb958267fff3f6905d0001087365727665722d3174726163652d69642d31362d6279746500
      008e67559e0b9841503d70621eee089900d32caf456ac0fa444f614683fd499b7b
    renewed
      0144000000ac0280d8ee96ef6680a0d5edee661201043031303030303030303030348080dc989467
      fff3f6905d0001087365727665722d3174726163652d69642d31362d627974650000a79f6a6102d2
      9d7374344b36a315b9a9049ca6e19e834ceb10e66b855557a48e
    renewal rested
      0137000000ac0280d8ee96ef6680a0d5edee66130180908593a867fff3f6905d0001087365727665
      722d3174726163652d69642d31362d627974650000061a23c9222f9ba0a1b30ddf99a3518202051e
      b7f3291d7fa73daf5c298416f8
    renewal removed
      0131000000ac0280d8ee96ef6680a0d5edee661401fff3f6905d0001087365727665722d31747261
      63652d69642d31362d627974650000b12396417687b5f6c1257ba358b512845de1e3d46e298c6bd5
      9a6613de2f883f
    refund named
      0143000000ac0280d8ee96ef6680a0d5edee661500076f726465722d3180c8afa0258098dc9334ff
      f3f6905d0001087365727665722d3174726163652d69642d31362d6279746500009de922f5d7466d
      019e3c5e68800acdc62a6167b07a8182e47d112cf28be193d0
    refunded
      0173000000ac0280d8ee96ef6680a0d5edee661601036a6f6280a0d5edee66020230313030303030
      303030303280a8d6b9070130313030303030303030303180a0d9e61d010230313030303030303030
      303280a0d9e61dfff3f6905d0001087365727665722d3174726163652d69642d31362d6279746500
      00f5daac5e63ba77ba5a3acc89b30c0aa5f8a228d281a49a5d4683298b9cb49633
    refund taken over
      0142000000ac0280d8ee96ef6680a0d5edee66170230313030303030303030303280d88ee16ffff3
      f6905d0001087365727665722d3174726163652d69642d31362d627974650000b3c358955036c51f
      c0bcbe31cdad1333270242d1d16c463383730d5d1af97d41
    expiry announced
      013d000000ac0280d8ee96ef6680a0d5edee661801303130303030303030303031fff3f6905d0001
      087365727665722d3174726163652d69642d31362d6279746500003d23297087ee7ecf3a16dfe6e1
      0d50d13def7008bf270bc3314e058099baa5a9
    money returned
      0159000000ac0280d8ee96ef6680a0d5edee6619013031303030303030303030318094ebdc030375
      736480f4f6905d80e8eda1ba01076576656e742d31fff3f6905d0001087365727665722d31747261
      63652d69642d31362d627974650000b55d74b6ecb7da21cf423e2f6818585e2efbddeae0d6b4926b
      f4e676f61b6eff
    reclaimed
      0142000000ac0280d8ee96ef6680a0d5edee661a0130313030303030303030303180c8afa025fff3
      f6905d0001087365727665722d3174726163652d69642d31362d627974650000c466baad48dc2042
      30b6c91e54561227eb3f24d5562c8dbd7e6cfe9d5522c8c8
    reclaimed consumed
      0150000000ac0280d8ee96ef6680a0d5edee661b0130313030303030303030303102303130303030
      30303030303280a0be819501fff3f6905d0001087365727665722d3174726163652d69642d31362d
      6279746500001ff31f8f3cf6cfc5ac9fc818154841152e7d32bfe426ed7cc35bc6458e49a805
    recharge failed
      014c000000ac0280d8ee96ef6680a0d5edee661c033031303030303030303030338094ebdc030375
      736480a0d5edee66fff3f6905d0001087365727665722d3174726163652d69642d31362d62797465
      0000913f79c847660bef26f8fb858010268b38b4369cbbc9d2f220c517d5b700c611
    ");
}

#[test]
fn a_row_of_each_cause_and_actor() {
    let person = Actor::Person("ann".into());
    let rows = [
        (Cause::Time, Actor::System),
        (Cause::Follows { sequence: 299 }, Actor::System),
        (Cause::Request, person),
    ];
    let lines = rows.map(|(cause, actor)| {
        let named = format!("{cause:?} {actor}");
        let event = Event::Granted(leg(1, "100"));
        format!("{named}{}", packed(&Row { cause, actor, ..row(event) }))
    });
    assert_snapshot!(lines.join("\n"), @r"
    Time system
      013a000000ac0280d8ee96ef6680a0d5edee66020130313030303030303030303180a0b787e905ff
      f3f6905d010074726163652d69642d31362d6279746500000702013ad7f3ba843db85524911089e5
      393e8a74a8f0598fd923e4db963cffe5
    Follows { sequence: 299 } system
      013c000000ac0280d8ee96ef6680a0d5edee66020130313030303030303030303180a0b787e905ff
      f3f6905d02ab020074726163652d69642d31362d627974650000347164a14a2fac12b4e5efb47965
      eac3363ed4577b18f130a20eaa6d06de0160
    Request person:ann
      013e000000ac0280d8ee96ef6680a0d5edee66020130313030303030303030303180a0b787e905ff
      f3f6905d000203616e6e74726163652d69642d31362d6279746500009ad8f11c4a47730389f6865d
      22dd3cc0266e656c2111f378d09e1c40345215bb
    ");
}

/// Words of every sort, kept and erased: the hash, the last 32 bytes, stays.
#[test]
fn a_row_with_a_mark_and_words() {
    let dimensions = [
        ("cached", Dimension::Flag(true)),
        ("model", Dimension::Text("gpt".into())),
        ("size", Dimension::Number("1.5".into())),
    ];
    let words = Words {
        display_name: Some("Welcome".to_owned()),
        comment: Some(None),
        metadata: Some(BTreeMap::from([("plan".to_owned(), "pro".to_owned())])),
        dimensions: dimensions.into(),
        billing_address: Some(scrip_core::Address {
            city: Some("Berlin".to_owned()),
            ..scrip_core::Address::default()
        }),
    };
    let key = Some(IdempotencyKey::parse("order-1").unwrap());
    let mark = Some(Mark { key, fingerprint: Fingerprint::of(&1_u8) });
    let texts = Texts::keep(words, *b"0123456789abcdef");
    let event = Event::Consumed { legs: vec![leg(1, "20")] };
    let kept = Row { mark, texts, ..row(event) };
    let erased = Row { texts: kept.texts.erased().unwrap(), ..kept.clone() };
    assert!(packed_bytes(&kept)[..].ends_with(&hash(&erased)));
    let (kept, erased) = (packed(&kept), packed(&erased));
    assert_snapshot!(format!("kept{kept}\nerased{erased}"), @r"
    kept
      015d000000ac0280d8ee96ef6680a0d5edee6603010130313030303030303030303180a0be819501
      fff3f6905d0001087365727665722d3174726163652d69642d31362d627974650101076f72646572
      2d314bf5122f344554c53bde2ebb8cd2b7e30130313233343536373839616263646566010757656c
      636f6d650100010104706c616e0370726f03066361636865640201056d6f64656c00036770740473
      697a650103312e350101064265726c696e0000000000f798cc35732e1ccf3f4fdd69399f142b649e
      de65c5ccf122ceb1c4653254bb26
    erased
      015d000000ac0280d8ee96ef6680a0d5edee6603010130313030303030303030303180a0be819501
      fff3f6905d0001087365727665722d3174726163652d69642d31362d627974650101076f72646572
      2d314bf5122f344554c53bde2ebb8cd2b7e302211c608c50bf581f22160b67d6584ded55a736f1c3
      d88203bba1523bb93cb27af798cc35732e1ccf3f4fdd69399f142b649ede65c5ccf122ceb1c46532
      54bb26
    ");
}

/// What else is written down for ever: where chains begin, how names are found, which identifier an
/// overdraft has, and where a customer is sharded to.
#[test]
fn derived_names() {
    let mut scoped = key();
    scoped.resource = Some(scrip_core::ResourceId::parse("site").unwrap());
    let name = |kind| hex(&NameHash::of(&key(), kind, "order-1").0);
    let lines = [
        format!("genesis: {}", genesis(&key())),
        format!("genesis of a resource: {}", genesis(&scoped)),
        format!("consumption: {}", name(NameKind::Consumption)),
        format!("refund: {}", name(NameKind::Refund)),
        format!("reservation: {}", name(NameKind::Reservation)),
        format!("overdraft: {}", GrantId::derived(&key(), GrantNumber(2))),
        format!("bucket: {}", bucket(key().environment, &key().customer)),
    ];
    assert_snapshot!(lines.join("\n"), @r"
    genesis: e4862f161ec7b61e026deb10ce10bc8bb5b911d2702c8a186606ce1f475dffc8
    genesis of a resource: 14f3bab2f464a974799835a979f6ff9b023585caa0fc2972fd80fba070d82d03
    consumption: 5e82da71d322c284026727461cbe8183
    refund: 655603814b521a294c967017e9d5b20d
    reservation: 84d247c70e70681ac4768ed9a76fcfa7
    overdraft: cred-grant-h7k5chs30sbp
    bucket: 551
    ");
}

/// Rows that are no plain consumption are linked to each other by the stores.
#[test]
fn only_consumptions_are_not_notable() {
    let plain: Vec<&str> = events().iter().filter(|event| !event.is_notable()).map(kind).collect();
    assert_eq!(plain, ["consumed"]);
}

#[test]
fn other_versions_are_refused() {
    let previous = genesis(&key());
    let mut bytes = row(Event::Granted(leg(1, "1"))).pack(previous).unwrap().bytes;
    for version in [0, 2, 255] {
        bytes[0] = version;
        let refused = Row::unpack_linked(&bytes, previous);
        assert_eq!(refused, Err(scrip_core::UnreadableRow::Version(version)));
    }
}
