//! What a history is about. Each seed draws its own mix, so that a rare thing is met often in some
//! histories instead of seldom in all.

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::amounts::Amounts;
use super::times::Spread;
use super::{Budgets, Environment, Setup};

/// What a step can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Grant,
    Consume,
    Batch,
    Void,
    Edit,
    Reserve,
    Extend,
    Release,
    Refund,
    MoneyBack,
    Recharge,
    Recurring,
    Time,
    Back,
    Standing,
    Repeat,
    Restart,
    WriteBehind,
    Read,
}

impl Deed {
    /// Each deed with its usual weight.
    const USUAL: [(Self, u32); 19] = [
        (Self::Grant, 14),
        (Self::Consume, 16),
        (Self::Batch, 4),
        (Self::Void, 4),
        (Self::Edit, 4),
        (Self::Reserve, 8),
        (Self::Extend, 3),
        (Self::Release, 7),
        (Self::Refund, 6),
        (Self::MoneyBack, 5),
        (Self::Recharge, 3),
        (Self::Recurring, 2),
        (Self::Time, 12),
        (Self::Back, 1),
        (Self::Standing, 2),
        (Self::Repeat, 6),
        (Self::Restart, 1),
        (Self::WriteBehind, 1),
        (Self::Read, 8),
    ];
}

/// What a history favours.
pub(super) struct Profile {
    pub(super) setup: Setup,
    pub(super) customers: usize,
    pub(super) currencies: usize,
    pub(super) resources: usize,
    pub(super) amounts: Amounts,
    pub(super) spread: Spread,
    /// How many keys, and how many names of reservations, are in use.
    pub(super) keys: u32,
    /// What prices are in.
    pub(super) money: &'static str,
    pub(super) priorities: &'static [u8],
    /// Of a hundred consumptions, how many want to be refused when the balance is short.
    pub(super) reject_percent: u32,
    /// Of a hundred others, how many do not say.
    pub(super) unsaid_percent: u32,
    /// Of a hundred grants, how many have an end.
    pub(super) ending_percent: u32,
    /// Of a hundred paid grants, how many have a cost.
    pub(super) invoiced_percent: u32,
    weights: Vec<(Deed, u32)>,
}

impl Profile {
    pub(super) fn draw(rng: &mut StdRng) -> Self {
        let mut profile = Self {
            setup: setup(rng),
            customers: rng.random_range(1..=3),
            currencies: rng.random_range(1..=2),
            resources: rng.random_range(0..=2),
            amounts: Amounts::ALL[rng.random_range(0..Amounts::ALL.len())],
            spread: Spread::ALL[rng.random_range(0..Spread::ALL.len())],
            keys: [5, 20, 200, 100_000][rng.random_range(0..4_usize)],
            priorities: [&[50][..], &[49, 50], &[0, 1, 50, 99, 100]][rng.random_range(0..3_usize)],
            money: ["usd", "usd", "jpy"][rng.random_range(0..3_usize)],
            reject_percent: [0, 20, 60][rng.random_range(0..3_usize)],
            unsaid_percent: [0, 30, 80][rng.random_range(0..3_usize)],
            ending_percent: [10, 60, 95][rng.random_range(0..3_usize)],
            invoiced_percent: [10, 60, 100][rng.random_range(0..3_usize)],
            weights: Deed::USUAL.to_vec(),
        };
        // A third of the deeds is left out or favoured.
        for (_, weight) in &mut profile.weights {
            *weight = match rng.random_range(0..6) {
                0 => 0,
                1 => *weight * 4,
                _ => *weight,
            };
        }
        match rng.random_range(0..11) {
            6 => profile.favour(&[
                Deed::MoneyBack,
                Deed::Grant,
                Deed::Consume,
                Deed::Reserve,
                Deed::Release,
                Deed::Refund,
            ]),
            0 => profile.favour(&[Deed::Consume, Deed::Grant, Deed::Time]),
            1 => profile.favour(&[
                Deed::Reserve,
                Deed::Extend,
                Deed::Release,
                Deed::Grant,
                Deed::Time,
            ]),
            2 => profile.favour(&[Deed::Batch, Deed::Grant]),
            5 => profile.favour(&[
                Deed::Recharge,
                Deed::Recurring,
                Deed::Consume,
                Deed::Time,
                Deed::Standing,
            ]),
            4 => profile.favour(&[Deed::Refund, Deed::Consume, Deed::Grant, Deed::Release]),
            3 => profile.favour(&[Deed::Void, Deed::Edit, Deed::Grant, Deed::Reserve]),
            _ => {}
        }
        profile
    }

    fn favour(&mut self, deeds: &[Deed]) {
        for (deed, weight) in &mut self.weights {
            if deeds.contains(deed) {
                *weight = *weight * 3 + 5;
            }
        }
    }

    pub(super) fn deed(&self, rng: &mut StdRng) -> Deed {
        let sum = self.weights.iter().map(|(_, weight)| weight).sum::<u32>();
        let mut place = rng.random_range(0..sum.max(1));
        for (deed, weight) in &self.weights {
            if place < *weight {
                return *deed;
            }
            place -= weight;
        }
        Deed::Grant
    }
}

fn setup(rng: &mut StdRng) -> Setup {
    let environment =
        if rng.random_ratio(2, 5) { Environment::Sandbox } else { Environment::Production };
    let usual = Budgets::default();
    let mut budgets = Budgets {
        wallets_bytes_max: [0, 3_000, usual.wallets_bytes_max][rng.random_range(0..3_usize)],
        snapshots_every_milliseconds: [1, 5, 50][rng.random_range(0..3_usize)],
        lag_rows_max: [1, 20, usual.lag_rows_max][rng.random_range(0..3_usize)],
        // A table of names keeps room for the 8,192 of a batch; the rest is what a slice gets.
        names_max: 8_192 + [3, 30, 8_192][rng.random_range(0..3_usize)],
    };
    if rng.random_ratio(1, 5) {
        budgets = usual;
    }
    Setup { environment, budgets }
}
