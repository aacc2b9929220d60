//! What histories meet: a generator that never gets somewhere proves nothing about it.

use std::collections::BTreeSet;

use scrip_simulator::check::play;
use scrip_simulator::driver::InMemory;
use scrip_simulator::history::{BEGINNING, Environment, History, Read, RowsRead, Step, generate};

/// Every refusal but those that take ten thousand grants, holds or currencies, or a thousand of the
/// largest amounts; see `bounds`.
const REFUSALS: [&str; 28] = [
    "CustomerNotFound",
    "CurrencyNotFound",
    "GrantNotFound",
    "ReservationNotFound",
    "ConsumptionNotFound",
    "RefundExceeds",
    "InvoiceNotFound",
    "InvoiceRefundExceeds",
    "CustomerArchived",
    "CurrencyArchived",
    "KeyReused",
    "Duplicate",
    "ExpireNotAfterEffective",
    "ExpireInPast",
    "CreatedAtAhead",
    "CreatedAtTooOld",
    "HoldEndOutOfRange",
    "ClockBackward",
    "ClockTooFar",
    "GrantVoided",
    "GrantCannotBeVoided",
    "GrantExpired",
    "HoldEnded",
    "RecurringNotFound",
    "RecurringMoved",
    "RechargeWithoutPrice",
    "TargetNotAboveThreshold",
    "Insufficient",
];

const ANSWERS: [&str; 19] = [
    "Done",
    "Grant(",
    "state: Scheduled",
    "state: Active",
    "state: Voided",
    "Consumed(",
    "Batch([])",
    "Batch([(",
    "is_open: true",
    "is_open: false",
    "reserved_on_dead: 1",
    "Released {",
    "Refunded(",
    "Invoice(Invoice",
    "Recurring(Recurs",
    "name: Recharge(",
    "name: Recurring(",
    "is_on: true",
    "is_on: false",
];

/// The seeds that are looked at; few enough for a second or two.
const SEEDS: u64 = 150;

#[test]
fn every_answer_and_every_refusal() {
    let mut told_all = String::new();
    for seed in 0..SEEDS {
        let history = generate(seed, 150);
        let played = play(&history, &InMemory, &mut |_, told| {
            told_all.push_str(told);
            told_all.push('\n');
        });
        if let Err(disagreement) = played {
            panic!("seed {seed}: {disagreement}");
        }
    }
    let is_refused = |refusal: &str| told_all.lines().any(|told| told == refusal);
    let refusals = REFUSALS.iter().filter(|refusal| !is_refused(refusal));
    let missing = refusals.chain(ANSWERS.iter().filter(|told| !told_all.contains(**told)));
    assert_eq!(missing.collect::<Vec<_>>(), [&""; 0]);
}

#[test]
fn every_kind_of_row() {
    let mut missing: BTreeSet<_> = [
        "granted",
        "expired",
        "consumed",
        "voided",
        "updated",
        "source",
        "target",
        "reserved",
        "released",
        "timed-out",
    ]
    .into_iter()
    .collect();
    for seed in 0..SEEDS {
        if missing.is_empty() {
            return;
        }
        let mut history = generate(seed, 150);
        let begin = history.steps.len();
        // A list of one kind that is not empty shows that there is such a row.
        for kind in &missing {
            for customer in ["ann", "bob", "cleo"] {
                let text = format!("read rows {customer} pages 100 {kind}");
                history.steps.extend(text.parse::<History>().unwrap().steps);
            }
        }
        let mut met = Vec::new();
        let mut place = 0;
        play(&history, &InMemory, &mut |step, told| {
            place += 1;
            if place > begin && told != "0 rows" {
                met.push(step.to_string());
            }
        })
        .unwrap();
        missing.retain(|kind| !met.iter().any(|step| step.ends_with(kind)));
    }
    assert_eq!(missing, BTreeSet::new());
}

/// Instants at which something happens are met exactly, one before and one after.
#[test]
fn instants_and_what_lies_next_to_them() {
    let mut met = [0; 3];
    let (mut restarts, mut back, mut sandboxes) = (0, 0, 0);
    for seed in 0..SEEDS {
        let history = generate(seed, 150);
        sandboxes += usize::from(history.setup.environment == Environment::Sandbox);
        let mut ends = BTreeSet::new();
        let mut now = BEGINNING;
        for step in &history.steps {
            match step {
                Step::Ask(scrip_oracle::Request::Grant(grant)) => ends.extend(grant.expire_at),
                Step::Clock(at) => {
                    back += usize::from(*at < now);
                    now = *at;
                    for (count, distance) in met.iter_mut().zip([-1, 0, 1]) {
                        *count += usize::from(ends.contains(&(now - distance)));
                    }
                }
                Step::Restart => restarts += 1,
                Step::Read(Read::Rows(RowsRead { page, .. })) => assert!(*page > 0),
                _ => {}
            }
        }
    }
    assert!(met.iter().all(|count| *count > 50), "{met:?}");
    assert!(restarts > 50 && back > 20 && sandboxes > 30, "{restarts} {back} {sandboxes}");
}
