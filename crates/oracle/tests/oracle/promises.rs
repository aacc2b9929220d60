//! What the oracle promises for every history.

use std::collections::BTreeSet;

use scrip_oracle::{
    Amount, Answer, Denied, EventKind, GrantView, Instant, Oracle, Request, RowView, Settings,
    Short, Totals,
};

use crate::conservation;
use crate::history::{Clock, Numbers, history, wallets};

const SEEDS: u64 = 60;
const STEPS: usize = 60;
/// When all is over that histories name; a recharge goes on every month.
const FAR: Instant = 1_800_000_000_000 + 400 * 24 * 60 * 60 * 1_000;

/// All that can be seen of the two wallets.
fn seen(oracle: &Oracle, now: Instant) -> Vec<(Totals, Vec<GrantView>, Vec<RowView>)> {
    let look =
        |wallet| (oracle.totals(wallet, now), oracle.grants(wallet, now), oracle.rows(wallet, now));
    wallets().iter().map(look).collect()
}

/// Small limits, so that histories meet them.
fn oracle() -> Oracle {
    Oracle::new(Settings { unfinished_grants: 4, open_holds: 2, ..Settings::default() })
}

#[test]
fn credits_are_conserved_after_every_step() {
    let mut kinds = BTreeSet::new();
    let mut refusals = BTreeSet::new();
    for seed in 0..SEEDS {
        let mut oracle = oracle();
        for step in history(seed, STEPS, Clock::AlsoBack) {
            let result = oracle.ask(&step.request, step.now);
            refusals.extend(result.err());
            conservation::check_all(&oracle, step.now);
        }
        for wallet in wallets() {
            let far = FAR;
            conservation::check_all(&oracle, far);
            kinds.extend(oracle.rows(&wallet, far).into_iter().map(|row| row.kind));
        }
    }
    // A generator that does not reach them would prove nothing.
    assert_eq!(kinds.len(), 10, "{kinds:?}");
    assert!(kinds.contains(&EventKind::ReservationExpired));
    for denied in [
        Denied::GrantNotFound,
        Denied::ReservationNotFound,
        Denied::ConsumptionNotFound,
        Denied::RefundExceeds,
        Denied::InvoiceNotFound,
        Denied::InvoiceRefundExceeds,
        Denied::CustomerArchived,
        Denied::CurrencyArchived,
        Denied::KeyReused,
        Denied::ExpireNotAfterEffective,
        Denied::ExpireInPast,
        Denied::CreatedAtAhead,
        Denied::HoldEndOutOfRange,
        Denied::GrantVoided,
        Denied::GrantCannotBeVoided,
        Denied::GrantExpired,
        Denied::HoldEnded,
        Denied::Insufficient,
        Denied::TooMany,
    ] {
        assert!(refusals.contains(&denied), "{denied:?} never happened");
    }
}

#[test]
fn a_repeated_request_changes_nothing_and_is_answered_alike() {
    for seed in 0..SEEDS {
        let mut oracle = oracle();
        let mut accepted = Vec::new();
        for step in history(seed, STEPS, Clock::AlsoBack) {
            let answer = oracle.ask(&step.request, step.now);
            let has_a_name = matches!(
                step.request,
                Request::Grant(_)
                    | Request::Consume(_)
                    | Request::Batch(_)
                    | Request::Reserve(_)
                    | Request::Release(_)
                    | Request::Refund(_)
                    | Request::RefundInvoice(_)
            );
            if let (Ok(answer), true) = (answer, has_a_name && !leaves_unsaid(&step.request)) {
                accepted.push((step.request, answer));
            }
            let before = seen(&oracle, step.now);
            for (request, first) in &accepted {
                // A batch may have items that were refused: those are decided anew.
                if matches!(first, Answer::Batch(rejected) if !rejected.is_empty()) {
                    continue;
                }
                match oracle.ask(request, step.now) {
                    Ok(again) => assert_eq!(fixed(&again), fixed(first), "{request:?}"),
                    Err(Denied::CustomerArchived | Denied::CurrencyArchived) => {}
                    Err(denied) => panic!("{denied:?} for a repeated {request:?}"),
                }
            }
            assert_eq!(seen(&oracle, step.now), before, "seed {seed}");
        }
    }
}

/// What it means may change with the currency, and then it is another request.
fn leaves_unsaid(request: &Request) -> bool {
    match request {
        Request::Consume(item) => item.short == Short::Unsaid,
        Request::Batch(items) => items.iter().any(|item| item.short == Short::Unsaid),
        _ => false,
    }
}

/// What a repeat answers like the first time; the end of a hold may be another by then.
fn fixed(answer: &Answer) -> Vec<String> {
    match answer {
        Answer::Done => Vec::new(),
        Answer::Grant(view) => vec![format!("{:?} {}", view.name, view.amount)],
        Answer::Consumed(one) => vec![format!("{} {}", one.amount, one.attributed_at)],
        Answer::Batch(rejected) => vec![format!("{rejected:?}")],
        Answer::Reserved { amount, .. } => vec![format!("{amount}")],
        Answer::Released { amount, consumed, .. } => vec![format!("{amount} {consumed}")],
        Answer::Recurring(one) => vec![format!("{one:?}")],
        Answer::Recharge(one) => vec![format!("{:?}", one.price)],
        Answer::Invoice(one) => vec![format!("{one:?}")],
        Answer::Refunded(one) => vec![format!("{} {} {}", one.amount, one.refunded, one.at)],
    }
}

#[test]
fn a_refused_request_changes_nothing() {
    for seed in 0..SEEDS {
        let mut oracle = oracle();
        for step in history(seed, STEPS, Clock::AlsoBack) {
            let before = seen(&oracle, step.now);
            if oracle.ask(&step.request, step.now).is_err() {
                assert_eq!(seen(&oracle, step.now), before, "seed {seed}");
            }
        }
    }
}

#[test]
fn rows_are_the_same_whether_or_not_anybody_has_read_in_between() {
    for seed in 0..SEEDS {
        let mut numbers = Numbers::new(seed);
        let mut quiet = oracle();
        let mut read = oracle();
        for step in history(seed, STEPS, Clock::Forward) {
            if numbers.below(2) == 0 {
                for wallet in wallets() {
                    read.touch(&wallet, step.now);
                }
            }
            let answers = (quiet.ask(&step.request, step.now), read.ask(&step.request, step.now));
            assert_eq!(answers.0, answers.1, "seed {seed}");
            assert_eq!(seen(&quiet, step.now), seen(&read, step.now), "seed {seed}");
        }
    }
}

#[test]
fn rows_that_were_written_stay_even_when_the_clock_steps_back() {
    for seed in 0..SEEDS {
        let mut oracle = oracle();
        let mut written: Vec<Vec<RowView>> = vec![Vec::new(), Vec::new()];
        for step in history(seed, STEPS, Clock::AlsoBack) {
            drop(oracle.ask(&step.request, step.now));
            for (wallet, before) in wallets().iter().zip(&mut written) {
                oracle.touch(wallet, step.now);
                let rows = oracle.rows(wallet, step.now);
                assert_eq!(rows[..before.len()], before[..], "seed {seed}");
                *before = rows;
            }
        }
    }
}

#[test]
fn the_balance_at_an_instant_is_the_sum_of_the_rows_recorded_by_then() {
    for seed in 0..SEEDS {
        let mut oracle = oracle();
        let mut latest = 0;
        for step in history(seed, STEPS, Clock::AlsoBack) {
            drop(oracle.ask(&step.request, step.now));
            latest = latest.max(step.now);
        }
        for wallet in wallets() {
            let rows = oracle.rows(&wallet, latest);
            for row in &rows {
                for instant in [row.recorded_at - 1, row.recorded_at] {
                    let by_then = rows.iter().filter(|row| row.recorded_at <= instant);
                    let sum: Amount = by_then.map(|row| row.amount).sum();
                    assert_eq!(oracle.at(&wallet, instant).balance(), sum, "seed {seed}");
                }
            }
        }
    }
}

#[test]
fn a_copy_goes_its_own_way() {
    let mut oracle = oracle();
    let mut steps = history(1, 40, Clock::Forward).into_iter();
    for step in steps.by_ref().take(20) {
        drop(oracle.ask(&step.request, step.now));
    }
    let now = FAR;
    let before = seen(&oracle, now);
    let mut copy = oracle.clone();
    for step in steps {
        drop(copy.ask(&step.request, step.now));
    }
    assert_eq!(seen(&oracle, now), before);
    assert_ne!(seen(&copy, now), before);
}
