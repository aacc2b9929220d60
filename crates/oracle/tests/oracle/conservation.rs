//! What must hold of every wallet at every instant, told from what is shown of it.

use std::collections::{BTreeMap, BTreeSet};

use scrip_oracle::{
    Amount, EventKind, GrantName, GrantState, GrantView, Instant, Oracle, RowView, WalletName,
};

/// Asserts it of every wallet.
pub fn check_all(oracle: &Oracle, now: Instant) {
    for wallet in oracle.wallets() {
        check(oracle, &wallet, now);
    }
}

fn check(oracle: &Oracle, wallet: &WalletName, now: Instant) {
    let rows = oracle.rows(wallet, now);
    let grants = oracle.grants(wallet, now);
    let totals = oracle.totals(wallet, now);

    check_chain(&rows);
    let sum: Amount = rows.iter().map(|row| row.amount).sum();
    assert_eq!(sum, totals.balance(), "the rows add up to the balance");

    let active: Vec<_> = grants.iter().filter(|grant| grant.state == GrantState::Active).collect();
    let granted: Amount = active.iter().map(|grant| grant.amount - grant.lost).sum();
    let used: Amount = active.iter().map(|grant| grant.consumed + grant.held).sum();
    let reserved: Amount = active.iter().map(|grant| grant.held).sum();
    let held: Amount = grants.iter().map(|grant| grant.held).sum();
    assert_eq!((totals.granted, totals.used), (granted, used), "granted and used");
    assert_eq!((totals.reserved, totals.reserved_on_dead), (reserved, held - reserved), "holds");

    let held_by_grant = held_by_rows(&rows);
    for grant in &grants {
        check_grant(grant, &rows, &held_by_grant);
    }
    check_overdraft(&active);
}

fn check_chain(rows: &[RowView]) {
    let mut balance = 0;
    let mut last = Instant::MIN;
    for row in rows {
        balance += row.amount;
        assert_eq!(row.balance_after, balance, "balance after {row:?}");
        assert!(row.recorded_at >= last, "time goes back at {row:?}");
        last = row.recorded_at;
        let parts: Amount = row.breakdown.iter().map(|part| part.amount).sum();
        let kinds = match row.kind {
            EventKind::ReservationReleased => EventKind::Consumed,
            kind => kind,
        };
        assert!(row.breakdown.iter().all(|part| part.kind == kinds && part.amount != 0));
        let named: BTreeSet<_> = row.breakdown.iter().map(|part| &part.grant).collect();
        assert_eq!(named.len(), row.breakdown.len(), "one element for each grant: {row:?}");
        match row.kind {
            EventKind::ReservationReleased => {
                assert_eq!(row.amount, row.hold_returned.unwrap() + parts, "{row:?}");
            }
            EventKind::Reserved | EventKind::ReservationExpired => {
                assert_eq!(row.amount, parts, "{row:?}");
            }
            EventKind::Updated => assert_eq!(row.amount, 0, "{row:?}"),
            // What is given back of a reservation.
            EventKind::Consumed if row.amount > 0 => assert!(row.breakdown.is_empty(), "{row:?}"),
            _ => assert!(row.breakdown.is_empty() && row.reservation.is_none(), "{row:?}"),
        }
    }
}

/// What reservations that no row closes hold of each grant.
fn held_by_rows(rows: &[RowView]) -> BTreeMap<GrantName, Amount> {
    let mut held = BTreeMap::new();
    for opened in rows.iter().filter(|row| row.kind == EventKind::Reserved) {
        let is_closed = rows.iter().any(|row| {
            let closes =
                matches!(row.kind, EventKind::ReservationReleased | EventKind::ReservationExpired);
            closes && row.reservation == opened.reservation
        });
        for part in opened.breakdown.iter().filter(|_| !is_closed) {
            *held.entry(part.grant.clone()).or_default() -= part.amount;
        }
    }
    held
}

fn check_grant(grant: &GrantView, rows: &[RowView], held: &BTreeMap<GrantName, Amount>) {
    let mut consumed = 0;
    let mut lost = 0;
    let mut was_granted = false;
    for row in rows {
        if row.kind == EventKind::ReservationReleased {
            let parts = row.breakdown.iter().filter(|part| part.grant == grant.name);
            consumed -= parts.map(|part| part.amount).sum::<Amount>();
        }
        if row.grant != grant.name {
            continue;
        }
        match row.kind {
            EventKind::Granted => {
                assert_eq!((row.amount, was_granted), (grant.amount, false), "{row:?}");
                was_granted = true;
            }
            EventKind::Consumed | EventKind::TransferSource | EventKind::TransferTarget => {
                consumed -= row.amount;
            }
            EventKind::Expired | EventKind::Voided => lost -= row.amount,
            _ => {}
        }
    }
    assert_eq!(grant.consumed, consumed, "consumed by the rows: {grant:?}");
    assert_eq!(grant.held, held.get(&grant.name).copied().unwrap_or(0), "held: {grant:?}");
    let rest = grant.amount - grant.consumed - grant.held - grant.lost;
    if matches!(grant.name, GrantName::Overdraft(_)) {
        assert_eq!((grant.amount, grant.held, was_granted), (0, 0, false), "{grant:?}");
        assert_eq!((grant.lost, lost), (0, 0), "{grant:?}");
        assert_eq!(grant.state == GrantState::Active, grant.consumed > 0, "{grant:?}");
        return;
    }
    let parts = [rest, grant.consumed, grant.held, grant.lost];
    assert!(parts.iter().all(|part| *part >= 0), "{grant:?}");
    let is_dead = matches!(grant.state, GrantState::Expired | GrantState::Voided);
    assert!(rest == 0 || !is_dead, "a dead grant has nothing left: {grant:?}");
    assert_eq!(lost, if was_granted { grant.lost } else { 0 }, "lost by the rows: {grant:?}");
}

/// One live overdraft at most, and a deficit only when nothing usable is unheld.
fn check_overdraft(active: &[&GrantView]) {
    let overdrafts = active.iter().filter(|one| matches!(one.name, GrantName::Overdraft(_)));
    let count = overdrafts.count();
    assert!(count <= 1, "one overdraft");
    for grant in active {
        if count == 1 && !matches!(grant.name, GrantName::Overdraft(_)) {
            let parts = grant.consumed + grant.held + grant.lost;
            assert_eq!(grant.amount, parts, "unheld credits: {grant:?}");
        }
    }
}
