//! Histories that found something, each under the name of what it found.

use scrip_simulator::check::play;
use scrip_simulator::driver::{InDirectory, InMemory, Target};
use scrip_simulator::history::History;

/// Plays a history on every ledger.
fn agrees(history: &str) {
    let history: History = history.parse().unwrap();
    for target in [&InMemory as &dyn Target, &InDirectory] {
        if let Err(disagreement) = play(&history, target, &mut |_, _| {}) {
            panic!("{}: {disagreement}", target.name());
        }
    }
}

/// Seed 35: a batch was judged by the environment's clock where a single consumption was judged
/// by its wallet's time, which stays when the clock goes back.
#[test]
fn a_batch_is_judged_by_the_time_of_its_wallet() {
    agrees(
        "
        customer ann create
        currency gold create
        grant g2 in ann/gold promotional 1 priority 50
        clock t+97200002
        edit g2 name another
        clock t+97199993
        batch
        - ann/gold k130 1 at t+97499994
        ",
    );
}

/// Seed 420: the other end of the same.
#[test]
fn a_batch_is_too_old_by_the_time_of_its_wallet() {
    agrees(
        "
        customer ann create
        currency gold create
        grant g1 in ann/gold/app promotional 1 priority 50
        clock t-72000000
        batch
        - ann/gold/app k0 1 at t-34632000000
        ",
    );
}

/// Seed 101: a grant that is yet to begin shows in no row of the API, but its wallet's time does
/// not go back behind it.
#[test]
fn a_grant_that_is_yet_to_begin_keeps_the_time_of_its_wallet() {
    agrees(
        "
        customer cleo create
        currency gold create
        clock t+2000
        grant g4 in cleo/gold promotional 1 priority 50 from t+3000
        clock t+1000
        grant g6 in cleo/gold promotional 1 priority 50
        consume cleo/gold k1 1
        ",
    );
}

/// Seed 5: a wallet that was dropped from memory while an order looked at it was never written to
/// its record again, and had an old balance after the next start. Which of the many times it is
/// dropped is a matter of luck.
#[test]
fn a_wallet_that_was_dropped_while_it_was_looked_at_is_written() {
    let mut history = String::from(
        "
        budgets wallets 0 snapshots 1 lag 20 names 8222
        customer ann create
        currency gold create
        grant g1 in ann/gold promotional 1000
        ",
    );
    for number in 0..40 {
        history.push_str(&format!("edit g1\nedit g1\nedit g1\nconsume ann/gold k{number} 1\n"));
    }
    history.push_str("restart\nread totals ann/gold");
    agrees(&history);
}

/// Seed 3452546729017250730: a move over a leap day, which is no more than a year by the calendar.
#[test]
fn a_year_with_a_leap_day_is_not_asked_for() {
    agrees(
        "
        sandbox
        move t+313376400022
        move t+344998800022
        ",
    );
}

/// Seed 400: an instant that is out of range was told after the state of the reservation.
#[test]
fn an_extension_is_judged_by_its_instant_before_its_reservation() {
    agrees(
        "
        customer ann create
        currency gold create
        grant g1 in ann/gold promotional 1 priority 50
        reserve ann/gold r0 1 until t+1000
        release ann/gold r0 0
        extend ann/gold r0 until t+0
        ",
    );
}

/// Seed 3077: grants of periods that had begun before a recurring grant was removed had no name, if
/// they were written together with that.
#[test]
fn a_period_that_began_before_a_removal_has_its_name() {
    agrees(
        "
        customer ann create
        currency silver create
        recurring ann/silver p2 1 month priority 50
        clock t+5000000000
        remove ann/silver p2
        ",
    );
}

/// And if another one was put then, they were called like that.
#[test]
fn a_period_that_began_before_another_recurring_grant_has_its_name() {
    agrees(
        "
        customer ann create
        currency silver create
        recurring ann/silver p2 1 month priority 50
        clock t+5000000000
        recurring ann/silver p3 1 month priority 50
        ",
    );
}

/// Seed 25: the oracle let a wallet's time go back behind the announcement of a grant's end.
#[test]
fn an_announced_end_keeps_the_time_of_its_wallet() {
    agrees(
        "
        customer cleo create
        currency gold create
        consume cleo/gold/app k1 1
        clock t+18496800004
        recharge cleo/gold/app on below 0 to 1 price 2 jpy
        clock t+20995199999
        clock t+11231999999
        refund cleo/gold/app f1 of consumption k1
        ",
    );
}

/// A period that was due while its customer was archived was made up when the customer came back.
#[test]
fn a_missed_period_stays_missed() {
    agrees(
        "
        customer ann create
        currency gold create
        recurring ann/gold p1 1 month priority 50
        customer ann archive
        clock t+2700000000
        customer ann unarchive
        read totals ann/gold
        ",
    );
}

/// A period that had begun before its customer was archived was lost, if it was not written yet.
#[test]
fn a_period_that_began_before_archiving_is_kept() {
    agrees(
        "
        customer ann create
        currency gold create
        recurring ann/gold p1 1 month priority 50
        clock t+2700000000
        customer ann archive
        read totals ann/gold
        ",
    );
}

/// And so was a recharge that was due before its currency was archived.
#[test]
fn a_recharge_that_was_due_before_archiving_is_kept() {
    agrees(
        "
        customer ann create
        currency gold create
        grant g1 in ann/gold paid 30 until t+1000
        recharge ann/gold on below 20 to 50 price 1 usd
        clock t+2000
        currency gold archive
        read totals ann/gold
        ",
    );
}

/// Seed 1003: a read let no more than a year pass in a wallet that makes grants by itself.
#[test]
fn a_leap_of_more_than_a_year_is_read_whole() {
    agrees(
        "
        customer ann create
        currency gold create
        recharge ann/gold on below 20 to 50 price 1 usd
        clock t+44585999999
        read totals ann/gold
        ",
    );
}

/// Seed 964: consumption that passes an overdraft twice on its way to where it is could not be given
/// back.
#[test]
fn money_back_passes_an_overdraft_twice() {
    agrees(
        "
        customer ann create
        currency gold create
        consume ann/gold k1 5
        grant g1 in ann/gold promotional 1 priority 50
        grant g2 in ann/gold paid 1 priority 50 cost 2 invoiced
        money-back m1 of g2 1
        grant g3 in ann/gold promotional 5 priority 50
        refund ann/gold f1 of consumption k1
        ",
    );
}

/// What went from a grant to an overdraft and back to it led a refund round as often as its amount fits
/// into that: a small one ended the process, others were refused.
#[test]
fn money_back_in_a_circle() {
    for part in ["0.000000001", "1", "2"] {
        agrees(&format!(
            "
            customer ann create
            currency gold create
            grant g1 in ann/gold paid 10 priority 50 cost 10 invoiced
            consume ann/gold k1 10
            money-back m1 of g1 5
            grant g2 in ann/gold promotional 2 priority 50
            refund ann/gold f1 of consumption k1 3
            money-back m2 of g1 5
            refund ann/gold f2 of consumption k1 5
            refund ann/gold f3 of consumption k1 {part}
            read rows ann pages 100
            "
        ));
    }
}

/// Where several parts of a consumption came to one grant, each alone stood on it still, but not all.
#[test]
fn money_back_of_a_grant_that_also_took_over() {
    agrees(
        "
        customer ann create
        currency gold create
        grant g1 in ann/gold paid 20 priority 50 cost 20 invoiced
        consume ann/gold k1 10
        consume ann/gold k2 15
        refund ann/gold f1 of consumption k1 5
        money-back m1 of g1 8
        refund ann/gold f2 of consumption k2
        ",
    );
}

/// Seed 5245: the oracle let a wallet's time go back behind a recharge that found no room when its
/// customer came back.
#[test]
fn a_recharge_without_room_keeps_the_time_of_its_wallet() {
    agrees(
        "
        customer ann create
        currency gold create
        consume ann/gold k1 1
        customer ann archive
        recharge ann/gold on below 1 to 999999999999999.000000001 price 1 jpy
        clock t+2000
        customer ann unarchive
        clock t+1000
        consume ann/gold k2 1
        ",
    );
}
