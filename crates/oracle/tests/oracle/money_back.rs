//! What money back promises for every history.

use std::collections::BTreeMap;

use scrip_oracle::{
    Amount, Answer, EventKind, GrantName, GrantState, Instant, Money, Oracle, Refund, Request,
    Settings, Undone, WalletName,
};

use crate::conservation;
use crate::history::{Clock, Numbers, Step, history, money_back, wallets};

const SEEDS: u64 = 80;
const STEPS: usize = 80;

/// What was given back of each grant's money, and what was paid.
type Invoices = BTreeMap<String, (Money, Money)>;

fn oracle() -> Oracle {
    Oracle::new(Settings { unfinished_grants: 6, refunds: 1_000, ..Settings::default() })
}

/// A history with money back after every other step.
fn steps(seed: u64, clock: Clock) -> Vec<Step> {
    let mut numbers = Numbers::new(seed);
    let mut steps = Vec::new();
    for step in history(seed, STEPS, clock) {
        let now = step.now;
        steps.push(step);
        if numbers.below(2) == 0 {
            steps.push(Step { now, request: money_back(&mut numbers) });
        }
    }
    steps
}

/// Asks for a step, and keeps what it says of an invoice.
fn ask(oracle: &mut Oracle, step: &Step, invoices: &mut Invoices) -> bool {
    let answer = oracle.ask(&step.request, step.now);
    if let (Request::RefundInvoice(asked), Ok(Answer::Invoice(invoice))) = (&step.request, &answer)
    {
        let known = invoices.entry(asked.grant.clone()).or_default();
        *known = (invoice.refunded.max(known.0), invoice.total);
    }
    answer.is_ok()
}

/// The credits of money that was given back are gone, but for what is held, or has not begun.
fn check_claims(oracle: &Oracle, invoices: &Invoices, now: Instant) {
    for wallet in wallets() {
        for grant in oracle.grants(&wallet, now) {
            let GrantName::Given(id) = &grant.name else { continue };
            let Some((refunded, total)) = invoices.get(id) else { continue };
            let target = grant.amount * refunded / total;
            let left = grant.amount - grant.consumed - grant.held - grant.lost;
            let is_gone = grant.lost >= target || (grant.consumed, left) == (0, 0);
            match grant.state {
                GrantState::Scheduled => assert!(refunded < total, "{grant:?}"),
                GrantState::Active => {
                    assert!(is_gone && grant.lost <= target, "{target} of {grant:?}");
                    assert!(grant.lost < grant.amount, "all is gone: {grant:?}");
                }
                GrantState::Expired | GrantState::Voided => {
                    assert!(is_gone, "{target} of {grant:?}");
                }
            }
        }
    }
}

#[test]
fn credits_of_money_that_was_given_back_are_gone() {
    let mut sources = 0;
    for seed in 0..SEEDS {
        let (mut oracle, mut invoices, mut now) = (oracle(), Invoices::new(), 0);
        for step in steps(seed, Clock::AlsoBack) {
            ask(&mut oracle, &step, &mut invoices);
            now = step.now.max(now);
            check_claims(&oracle, &invoices, now);
        }
        sources += wallets().iter().map(|wallet| moved(&oracle, wallet, now)).sum::<usize>();
    }
    assert!(sources > 50, "consumption was moved to an overdraft {sources} times only");
}

fn moved(oracle: &Oracle, wallet: &WalletName, now: Instant) -> usize {
    let is_moved = |kind, grant: &GrantName| {
        kind == EventKind::TransferTarget && matches!(grant, GrantName::Overdraft(_))
    };
    oracle.rows(wallet, now).iter().filter(|row| is_moved(row.kind, &row.grant)).count()
}

/// Wherever a consumption went, it can be given back, and then nothing is consumed.
#[test]
fn what_was_consumed_can_be_given_back_whole() {
    for seed in 0..SEEDS {
        let (mut oracle, mut invoices) = (oracle(), Invoices::new());
        let mut consumed = Vec::new();
        let mut now = 0;
        for step in steps(seed, Clock::Forward) {
            if ask(&mut oracle, &step, &mut invoices) {
                consumed.extend(consumptions(&step.request));
            }
            now = step.now;
        }
        for (number, (wallet, of)) in consumed.into_iter().enumerate() {
            let key = format!("last {number}");
            let refund = Refund { wallet, key, of, amount: None };
            // What was given back already is not given back again.
            drop(oracle.ask(&Request::Refund(refund), now));
            conservation::check_all(&oracle, now);
            check_claims(&oracle, &invoices, now);
        }
        for wallet in wallets() {
            let grants = oracle.grants(&wallet, now);
            let left: Amount = grants.iter().map(|grant| grant.consumed).sum();
            assert_eq!(left, 0, "seed {seed}: {grants:#?}");
        }
    }
}

fn consumptions(request: &Request) -> Vec<(WalletName, Undone)> {
    match request {
        Request::Consume(one) => vec![(one.wallet.clone(), Undone::Consumption(one.key.clone()))],
        Request::Batch(items) => {
            let of = |key: &String| Undone::Consumption(key.clone());
            items.iter().map(|item| (item.wallet.clone(), of(&item.key))).collect()
        }
        Request::Release(release) => {
            vec![(release.wallet.clone(), Undone::Reservation(release.reservation.clone()))]
        }
        _ => Vec::new(),
    }
}
