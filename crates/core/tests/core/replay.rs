//! The rows are the truth: a wallet folded from their bytes is the wallet, whatever was changed in
//! them is noticed, and a person can be erased from them.

use proptest::prelude::*;
use proptest::sample::Index;
use scrip_core::{
    Command, Contradiction, Digest, Event, GrantId, GrantNumber, GrantRef, HoldNumber, Leg,
    PaymentState, Row, SkimmedRow, Texts, UnreadableRow, Wallet, genesis,
};

use crate::histories::{Life, histories};
use crate::world::{
    World, credits, instant, key, new_consumption, new_grant, new_hold, reservation,
};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn rows_replay_to_the_same_wallet(history in histories(40)) {
        let life = Life::through(&history);
        let replayed = life.world.replayed();
        let packed = |wallet: &Wallet| postcard::to_stdvec(wallet).unwrap();
        prop_assert_eq!(packed(&replayed), packed(&life.world.wallet));
        prop_assert_eq!(replayed, life.world.wallet);
    }

    /// A stored wallet goes on exactly where it stood.
    #[test]
    fn a_stored_wallet_is_the_wallet(history in histories(20), later in histories(10)) {
        let mut life = Life::through(&history);
        let stored = postcard::to_stdvec(&life.world.wallet).unwrap();
        let mut restored: Wallet = postcard::from_bytes(&stored).unwrap();
        prop_assert_eq!(&restored, &life.world.wallet);
        let known = life.world.rows.len();
        for moment in &later {
            let command = life.command(moment);
            life.world.execute(&command, life.now);
        }
        for decided in &life.world.rows[known..] {
            restored.apply(&decided.row, decided.packed.hash).unwrap();
        }
        restored.take_departed();
        prop_assert_eq!(restored, life.world.wallet);
    }

    #[test]
    fn a_changed_byte_is_noticed(
        history in histories(12),
        row in any::<Index>(),
        flip in 1..=255_u8,
    ) {
        let life = Life::through(&history);
        if life.world.rows.is_empty() {
            return Ok(());
        }
        let row = row.index(life.world.rows.len());
        let previous = previous_hash(&life.world, row);
        let mut bytes = life.world.rows[row].packed.bytes.clone();
        for place in 0..bytes.len() {
            bytes[place] ^= flip;
            prop_assert!(Row::unpack_linked(&bytes, previous).is_err(), "byte {} of row", place);
            prop_assert!(Row::unpack_to_fold(&bytes, previous).is_err(), "byte {} folded", place);
            bytes[place] ^= flip;
        }
        let (mut row, hash) = Row::unpack_linked(&bytes, previous).unwrap();
        if !row.event.is_notable() {
            row.texts = Texts::None;
        }
        prop_assert_eq!(Row::unpack_to_fold(&bytes, previous), Ok((row, hash)));
    }

    #[test]
    fn a_row_cut_or_lengthened_is_noticed(history in histories(6), row in any::<Index>()) {
        let life = Life::through(&history);
        if life.world.rows.is_empty() {
            return Ok(());
        }
        let row = row.index(life.world.rows.len());
        let previous = previous_hash(&life.world, row);
        let bytes = &life.world.rows[row].packed.bytes;
        for length in 0..bytes.len() {
            prop_assert!(Row::unpack_linked(&bytes[..length], previous).is_err());
            prop_assert!(Row::unpack_to_fold(&bytes[..length], previous).is_err());
        }
        let lengthened = [bytes.as_slice(), &[0]].concat();
        prop_assert!(Row::unpack_linked(&lengthened, previous).is_err());
        prop_assert!(Row::unpack_to_fold(&lengthened, previous).is_err());
        // Between the words and the hash no hash would tell.
        let (content, hash) = bytes.split_at(bytes.len() - 32);
        let stuffed = [content, &[0], hash].concat();
        prop_assert_eq!(Row::unpack_linked(&stuffed, previous), Err(UnreadableRow::Content));
        prop_assert!(Row::unpack_to_fold(&stuffed, previous).is_err());
    }

    #[test]
    fn a_row_left_out_repeated_or_moved_is_noticed(
        history in histories(20),
        row in any::<Index>(),
    ) {
        let life = Life::through(&history);
        let rows = &life.world.rows;
        if rows.len() < 2 {
            return Ok(());
        }
        let left_out = row.index(rows.len() - 1);
        let next = &rows[left_out + 1].packed.bytes;
        let before = previous_hash(&life.world, left_out);
        prop_assert_eq!(Row::unpack_linked(next, before), Err(UnreadableRow::Hash));
        prop_assert_eq!(Row::unpack_to_fold(next, before), Err(UnreadableRow::Hash));

        let mut wallet = life.world.replayed();
        let again = &rows[left_out];
        let found = again.row.sequence;
        let expected = wallet.sequence() + 1;
        let refused = wallet.apply(&again.row, again.packed.hash);
        prop_assert_eq!(refused, Err(Contradiction::Sequence { expected, found }));

        let mut other = key();
        other.environment.0 += 1;
        let moved = Row::unpack_linked(&rows[0].packed.bytes, genesis(&other));
        prop_assert_eq!(moved, Err(UnreadableRow::Hash));
    }

    #[test]
    fn erasing_words_keeps_the_chain(history in histories(20)) {
        let life = Life::through(&history);
        for (index, decided) in life.world.rows.iter().enumerate() {
            let previous = previous_hash(&life.world, index);
            let mut row = decided.row.clone();
            row.texts = row.texts.erased().unwrap();
            prop_assert!(row.texts.words().is_none());
            prop_assert_eq!(row.texts.erased().unwrap(), row.texts.clone(), "erasing again");
            let packed = row.pack(previous).unwrap();
            prop_assert_eq!(packed.hash, decided.packed.hash);
            let erased = Row::erase_texts(&decided.packed.bytes).unwrap();
            prop_assert_eq!(erased.is_some(), decided.row.texts.words().is_some());
            prop_assert_eq!(erased.as_ref().unwrap_or(&decided.packed.bytes), &packed.bytes);
            prop_assert_eq!(Row::erase_texts(&packed.bytes), Ok(None), "erasing again");
            let read = Row::unpack_linked(&packed.bytes, previous);
            prop_assert_eq!(read, Ok((row, packed.hash)));
            let folded = Row::unpack_to_fold(&packed.bytes, previous);
            prop_assert_eq!(folded.map(|(_, hash)| hash), Ok(packed.hash));
            let skimmed = SkimmedRow::read(&packed.bytes).unwrap();
            prop_assert!(skimmed.dimensions.is_empty());
        }
    }
}

/// The hash before the row of this index.
fn previous_hash(world: &World, index: usize) -> Digest {
    match index.checked_sub(1) {
        Some(before) => world.rows[before].packed.hash,
        None => genesis(&key()),
    }
}

/// Rows that cannot follow: time that goes back, a wrong balance, what happens only once happening
/// twice, and a name that is another's.
#[test]
fn rows_that_cannot_have_happened() {
    let (now, later) = (instant("2026-01-02"), instant("2026-01-03"));
    let mut world = World::new();
    world.execute(&Command::Grant(new_grant(1, credits("10"))), now);
    world.execute(&Command::Reserve(new_hold("job", credits("4"), later)), now);
    let rows: Vec<Row> = world.rows.iter().map(|decided| decided.row.clone()).collect();
    let [created, granted, reserved] = rows.as_slice() else { panic!("three rows") };
    let next = |row: &Row| Row { sequence: 4, balance_after: credits("6"), ..row.clone() };
    let refused = |row: Row| world.wallet.clone().apply(&row, world.wallet.hash()).unwrap_err();

    let early = Row { recorded_at: instant("2026-01-01"), ..next(granted) };
    assert_eq!(refused(early), Contradiction::TimeWentBack);

    let grant = world.wallet.grants().next().unwrap().name;
    let voided = |grant| Event::Voided(Leg { grant, amount: credits("6") });
    let wrong = Row { event: voided(grant), ..next(granted) };
    let (stated, actual) = (credits("6"), credits("0"));
    assert_eq!(refused(wrong), Contradiction::Balance { stated, actual });

    for twice in [created, granted, reserved] {
        assert!(matches!(refused(next(twice)), Contradiction::Broken { .. }), "{twice:?}");
    }
    let other = GrantRef { id: GrantId::mint(0, 99), ..grant };
    let renamed = Row { event: voided(other), balance_after: credits("0"), ..next(granted) };
    assert_eq!(refused(renamed), Contradiction::Unknown { what: other.id.to_string() });
}

#[test]
fn words_that_never_were_need_no_erasing() {
    assert_eq!(Texts::None.erased().unwrap(), Texts::None);
}

/// A second overdraft, and a hold on a grant that is not usable.
#[test]
fn events_that_no_rule_allows() {
    let now = instant("2026-01-02");
    let mut world = World::new();
    world.execute(&Command::Consume(new_consumption("key", credits("5"))), now);
    let mut unpaid = new_grant(1, credits("10"));
    unpaid.payment = PaymentState::Pending;
    world.execute(&Command::Grant(unpaid), now);
    let opened = &world.rows[0].row;
    let Event::GrantCreated { grant: overdraft, .. } = opened.event else { panic!() };
    let refused = |event| {
        let row = Row { sequence: 4, balance_after: credits("-5"), event, ..opened.clone() };
        world.wallet.clone().apply(&row, world.wallet.hash()).unwrap_err()
    };

    let mut second = opened.event.clone();
    if let Event::GrantCreated { grant, .. } = &mut second {
        *grant = GrantRef { number: GrantNumber(3), ..overdraft };
    }
    assert_eq!(refused(second), Contradiction::Broken { rule: "two overdraft grants live" });

    let unpaid = world.wallet.grants().nth(1).unwrap().name;
    let held = Event::Reserved {
        number: HoldNumber(1),
        reservation: reservation("job"),
        expires_at: now.later(1),
        legs: vec![Leg { grant: unpaid, amount: credits("1") }],
    };
    let rule = "a grant is in another state than its row supposes";
    assert_eq!(refused(held), Contradiction::Broken { rule });
}
