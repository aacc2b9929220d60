//! Rows that nobody decided, folded into wallets: each is folded whole or contradicts.

use scrip_core::{
    Command, Consume, GrantId, GrantType, IdempotencyKey, Money, NewGrant, OnInsufficient,
    PaymentState, Priority, Release, ReservationId, Reserve, Row, Timestamp, Wallet, Words,
    genesis,
};
use scrip_fuzz::{Examples, target};

use crate::golden::{events, row};
use crate::world::{credits, instant, key, origin};

#[test]
fn folds() {
    let (wallets, rows) = lived();
    let previous = genesis(&key());
    let of_events = events().into_iter().map(row);
    let packed = rows.into_iter().chain(of_events).map(|row| row.pack(previous).unwrap().bytes);
    let pieces = [&[0xff, 0xff, 3][..], &[0xfe; 8], &[0xff; 9], &[0], &[1], &[2, 3]];
    target!(Examples::new(packed).with_pieces(pieces), |bytes: &[u8]| {
        let Ok((mut row, hash)) = Row::unpack(bytes) else { return };
        for wallet in &wallets {
            // Whatever it says, as the next row of this wallet.
            row.sequence = wallet.sequence() + 1;
            let mut folded = wallet.clone();
            let mut applied = folded.apply(&row, hash);
            if let Err(scrip_core::Contradiction::Balance { actual, .. }) = applied {
                row.balance_after = actual;
                folded = wallet.clone();
                applied = folded.apply(&row, hash);
            }
            let _ = (row.event.parts(), folded.heap_bytes());
            if applied.is_ok() {
                assert_eq!((folded.sequence(), folded.hash()), (row.sequence, hash));
                let _ = (folded.check(), folded.balance());
                // What is due of it comes, or contradicts.
                let _ = folded.advanced(instant("2030-01-01"));
                // Recurring grants have thousands of years before them.
                if folded.renewals().is_empty() {
                    let _ = folded.advanced(Timestamp::NEVER);
                }
            }
        }
    });
}

/// A wallet after each of some commands, and their rows.
fn lived() -> (Vec<Wallet>, Vec<Row>) {
    let mut wallet = Wallet::new(key());
    let (mut wallets, mut rows) = (vec![wallet.clone()], Vec::new());
    for command in commands() {
        let now = instant("2026-01-02");
        let outcome = wallet.execute(&command, now, &origin()).unwrap();
        rows.extend(outcome.rows.into_iter().map(|decided| decided.row));
        wallet.take_departed();
        wallets.push(wallet.clone());
    }
    assert!(rows.len() >= wallets.len(), "the commands are carried out");
    // The rows before the last wallet's are no next rows; those of the first are tried with all.
    (wallets, rows)
}

fn commands() -> Vec<Command> {
    vec![
        grant(1, "100", Some(instant("2027-01-01")), PaymentState::Settled),
        grant(2, "50", None, PaymentState::Settled),
        grant(3, "10", None, PaymentState::Pending),
        consume("a", "30"),
        reserve("job", "60"),
        consume("b", "500"),
        release("job", "20"),
        reserve("other", "1"),
    ]
}

fn grant(id: u64, amount: &str, expire_at: Option<Timestamp>, payment: PaymentState) -> Command {
    Command::Grant(NewGrant {
        id: GrantId::mint(1, id),
        grant_type: GrantType::Paid,
        amount: credits(amount),
        priority: Priority::DEFAULT,
        effective_at: None,
        expire_at,
        payment,
        cost: Money::FREE,
        words: Words::default(),
    })
}

fn consume(key: &str, amount: &str) -> Command {
    Command::Consume(Consume {
        amount: credits(amount),
        key: IdempotencyKey::parse(key).unwrap(),
        created_at: None,
        dimensions: Default::default(),
        on_insufficient: OnInsufficient::Overdraft,
    })
}

fn reserve(name: &str, amount: &str) -> Command {
    Command::Reserve(Reserve {
        reservation: ReservationId::parse(name).unwrap(),
        amount: credits(amount),
        ends: instant("2026-01-02T12:00:00Z").into(),
        fingerprint: scrip_core::Fingerprint::of(&name),
        metadata: Default::default(),
    })
}

fn release(name: &str, consumed: &str) -> Command {
    let reservation = ReservationId::parse(name).unwrap();
    Command::Release(Release { reservation, consumed: credits(consumed) })
}
