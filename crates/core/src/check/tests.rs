//! Wallets that somebody tampered with: every rule notices what only it can notice.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::*;
use crate::sorted::SortedList;
use crate::wallet::HoldName;
use crate::{
    Actor, Command, Consume, CurrencyId, CustomerId, Dimensions, DueKind, EnvironmentId,
    Fingerprint, GrantId, GrantRef, Hold, HoldNumber, IdempotencyKey, Leg, Money, NewGrant,
    OnInsufficient, Origin, PaymentState, Priority, ReservationId, Reserve, TraceId, WalletKey,
    Words,
};

type Tampering = fn(&mut Wallet);

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

fn name(number: u32) -> GrantRef {
    GrantRef { number: GrantNumber(number), id: GrantId::mint(0, number.into()) }
}

fn grant(number: u32, grant_type: GrantType, expire_at: Option<Timestamp>) -> Command {
    Command::Grant(NewGrant {
        id: name(number).id,
        grant_type,
        amount: Credits::whole(10),
        priority: Priority::DEFAULT,
        effective_at: None,
        expire_at,
        payment: PaymentState::Settled,
        cost: Money::FREE,
        words: Words::default(),
    })
}

fn consume(amount: i64) -> Command {
    Command::Consume(Consume {
        amount: Credits::whole(amount),
        key: IdempotencyKey::parse("key").unwrap(),
        created_at: None,
        dimensions: Dimensions::default(),
        on_insufficient: OnInsufficient::Overdraft,
    })
}

fn reserve(name: &str, amount: i64) -> Command {
    Command::Reserve(Reserve {
        reservation: ReservationId::parse(name).unwrap(),
        amount: Credits::whole(amount),
        ends: at("2026-01-02").into(),
        fingerprint: Fingerprint::of(&name),
        metadata: BTreeMap::new(),
    })
}

fn wallet_after(commands: &[Command]) -> Wallet {
    let mut wallet = Wallet::new(WalletKey {
        environment: EnvironmentId(1),
        customer: CustomerId::parse("acme").unwrap(),
        currency: CurrencyId::parse("tokens").unwrap(),
        resource: None,
    });
    let origin = Origin { actor: Actor::System, trace_id: TraceId::default(), salt: [0; 16] };
    for command in commands {
        wallet.execute(command, at("2026-01-01"), &origin).unwrap().own.unwrap();
    }
    wallet
}

/// Two recurring grants and a paid one, a hold over the first two, another on a voided grant, and a
/// spent grant that left.
fn rich() -> Wallet {
    wallet_after(&[
        grant(1, GrantType::Paid, None),
        consume(10),
        grant(2, GrantType::Paid, None),
        reserve("lost job", 3),
        Command::Void { id: name(2).id, spent: None },
        grant(3, GrantType::Recurring, Some(at("2026-02-01"))),
        grant(4, GrantType::Recurring, Some(at("2026-03-01"))),
        grant(5, GrantType::Paid, Some(at("2026-01-15"))),
        reserve("job", 14),
    ])
}

/// A deficit of two beside a grant that is held in full.
fn overdrawn() -> Wallet {
    wallet_after(&[grant(1, GrantType::Paid, None), reserve("job", 10), consume(2)])
}

fn change(wallet: &mut Wallet, number: u32, change: impl FnOnce(&mut Grant)) {
    change(wallet.grants.get_mut(&GrantNumber(number)).unwrap());
}

fn more(amount: Credits) -> Credits {
    amount.plus(Credits::SMALLEST).unwrap()
}

/// Adds a leg to the open hold with this number.
fn add_leg(wallet: &mut Wallet, hold: u32, leg: Leg) {
    let mut longer = Hold::clone(wallet.holds.get(&HoldNumber(hold)).unwrap());
    longer.legs.push(leg);
    wallet.holds.insert(Arc::new(longer));
}

fn broken(rule: &'static str) -> Checked {
    Err(Contradiction::Broken { rule })
}

#[test]
fn whoever_tampers_with_a_wallet_is_noticed() {
    const SUMS: &str = "the sums are not those of the grants";
    const BURN: &str = "the burn list is not the usable grants in burn order";
    const DUE: &str = "the due list is not that of what the wallet has";
    const HOLDS: &str = "the holds are not those of the grants";
    const OVERDRAFT: &str = "an overdraft is miscounted";
    const PERIOD: &str = "the period's end is not that of the recurring grants";
    let rows: [(&str, &str, Tampering); 20] = [
        ("granted", SUMS, |it| it.sums.granted = more(it.sums.granted)),
        ("consumed", SUMS, |it| it.sums.consumed = more(it.sums.consumed)),
        ("held", SUMS, |it| it.sums.held = more(it.sums.held)),
        ("held on dead", SUMS, |it| it.sums.held_on_dead = more(it.sums.held_on_dead)),
        ("spent", SUMS, |it| it.sums.spent = more(it.sums.spent)),
        ("a spent grant that is back without a row", "a spent grant stays", |it| {
            let spent = it.departed.remove(0);
            it.sums.spent = it.sums.spent.minus(spent.amount).unwrap();
            it.grants.insert(spent);
        }),
        ("nothing to burn", BURN, |it| it.burn = SortedList::default()),
        ("another place in the order", BURN, |it| {
            change(it, 4, |grant| grant.priority = Priority::LAST);
        }),
        ("a grant that never ends", DUE, |it| {
            it.due.remove(&Due { at: at("2026-02-01"), kind: DueKind::Expiry(GrantNumber(3)) });
        }),
        ("a hold that never ends", DUE, |it| {
            it.due.remove(&Due { at: at("2026-01-02"), kind: DueKind::HoldTimeout(HoldNumber(2)) });
        }),
        ("nothing is due", DUE, |it| it.due = SortedList::default()),
        ("a hold of more than its grant holds", HOLDS, |it| {
            add_leg(it, 2, Leg { grant: name(4), amount: Credits::SMALLEST });
        }),
        ("a hold on a grant that is not there", HOLDS, |it| {
            add_leg(it, 2, Leg { grant: name(9), amount: Credits::SMALLEST });
        }),
        ("a hold on nothing of a grant that is not there", HOLDS, |it| {
            add_leg(it, 2, Leg { grant: name(9), amount: Credits::ZERO });
        }),
        ("a hold without a name", HOLDS, |it| it.hold_names = SortedList::default()),
        ("a hold with another's name", HOLDS, |it| {
            let reservation = ReservationId::parse("job").unwrap();
            it.hold_names.insert(HoldName { reservation, number: HoldNumber(1) });
        }),
        ("an overdraft that is not there", OVERDRAFT, |it| it.overdraft = Some(GrantNumber(5))),
        ("no period", PERIOD, |it| it.period_end = None),
        ("the end of a grant that is not recurring", PERIOD, |it| {
            it.period_end = Some(at("2026-01-15"));
        }),
        ("the end of a later period", PERIOD, |it| it.period_end = Some(at("2026-03-01"))),
    ];
    assert_eq!(rich().check(), Ok(()));
    assert_eq!(rich().check_at_rest(), Ok(()));
    for (what, rule, tamper) in rows {
        let mut wallet = rich();
        tamper(&mut wallet);
        assert_eq!(wallet.check(), broken(rule), "{what}");
    }
}

#[test]
fn whoever_tampers_with_an_overdrawn_wallet_is_noticed() {
    assert_eq!(overdrawn().check(), Ok(()));
    let mut forgotten = overdrawn();
    forgotten.overdraft = None;
    assert_eq!(forgotten.check(), broken("an overdraft is miscounted"));
    // One that lives is remembered, but a second one does not count.
    let mut doubled = overdrawn();
    let mut second = *doubled.grant(doubled.overdraft.unwrap()).unwrap();
    second.name = name(9);
    second.consumed = Credits::ZERO;
    doubled.grants.insert(second);
    assert_eq!(doubled.check(), broken("an overdraft is miscounted"));
}

/// What must hold after every command, at the price of a few comparisons.
#[test]
fn a_wallet_that_is_not_at_rest_is_noticed() {
    const UNSETTLED: &str = "a deficit stands although credits are unheld";
    const REMAINS: &str = "a dead grant keeps credits";
    const BALANCE: &str = "the sum of all rows is not the balance of the grants";
    let rows: [(&str, &str, Tampering); 3] = [
        ("another balance", BALANCE, |it| it.balance = more(it.balance)),
        ("credits that could settle", UNSETTLED, |it| {
            let rank = it.grant(GrantNumber(1)).unwrap().rank();
            it.burn.insert(rank);
        }),
        ("a dead grant", REMAINS, |it| it.remains.push(GrantNumber(1))),
    ];
    assert_eq!(overdrawn().check_at_rest(), Ok(()));
    for (what, rule, tamper) in rows {
        let mut wallet = overdrawn();
        tamper(&mut wallet);
        assert_eq!(wallet.check_at_rest(), broken(rule), "{what}");
    }
}

/// A grant gives what it has, and an overdraft has nothing.
#[test]
fn a_grant_that_does_not_add_up_is_noticed() {
    let paid = *rich().grant(GrantNumber(3)).unwrap();
    let overdraft = *overdrawn().grant(GrantNumber(2)).unwrap();
    let (ten, one) = (Credits::whole(10), Credits::whole(1));
    let below_zero = Credits::whole(-1);
    let (given, has) = ("a grant gives more than it has", "an overdraft grant has credits");
    let rows = [
        ("consumed", Grant { consumed: below_zero, ..paid }, given),
        ("held", Grant { held: below_zero, ..paid }, given),
        ("lost", Grant { lost: below_zero, ..paid }, given),
        ("more than all", Grant { lost: ten, ..paid }, given),
        ("a deficit below zero", Grant { consumed: below_zero, ..overdraft }, given),
        ("an overdraft that was given", Grant { amount: one, ..overdraft }, has),
        ("an overdraft that is held", Grant { held: one, ..overdraft }, has),
        ("an overdraft that is lost", Grant { lost: one, ..overdraft }, has),
    ];
    for (what, grant, rule) in rows {
        assert_eq!(check_grant(&grant), broken(rule), "{what}");
    }
    for grant in [paid, overdraft] {
        assert_eq!(check_grant(&grant), Ok(()));
    }
}
