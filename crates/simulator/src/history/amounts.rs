//! Amounts of histories: from a billionth to the bounds, often such that they meet exactly.

use rand::RngExt as _;
use rand::rngs::StdRng;
use scrip_oracle::Amount;

const ONE: Amount = 1_000_000_000;
/// The largest amount of a request: 10^15 credits.
const MOST: Amount = 1_000_000_000_000_000 * ONE;

/// How large amounts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Amounts {
    /// A few billionths.
    Tiny,
    /// A few round sums, so that balances are met exactly.
    Coins,
    /// Whole credits.
    Whole,
    /// Any digits.
    Fractions,
    /// The bounds and what lies next to them.
    Bounds,
    /// All of these.
    Mixed,
}

impl Amounts {
    pub(super) const ALL: [Self; 6] =
        [Self::Tiny, Self::Coins, Self::Whole, Self::Fractions, Self::Bounds, Self::Mixed];

    /// An amount above 0.
    pub(super) fn pick(self, rng: &mut StdRng) -> Amount {
        match self {
            Self::Tiny => rng.random_range(1..=5),
            Self::Coins => [10, 20, 30, 50, 100][rng.random_range(0..5_usize)] * ONE,
            Self::Whole => rng.random_range(1..=100) * ONE,
            Self::Fractions => rng.random_range(1..=100 * ONE),
            Self::Bounds => {
                let bounds = [MOST, MOST - 1, MOST / 2, MOST - ONE, MOST, 1, ONE];
                bounds[rng.random_range(0..bounds.len())]
            }
            Self::Mixed => {
                let others = &Self::ALL[..5];
                others[rng.random_range(0..others.len())].pick(rng)
            }
        }
    }

    /// What a job took of what was set aside: nothing, all, less, more.
    pub(super) fn pick_taken(self, rng: &mut StdRng, aside: Amount) -> Amount {
        match rng.random_range(0..6) {
            0 => 0,
            1 => aside,
            2 => aside / 2,
            3 => (aside - 1).max(0),
            4 => (aside + self.pick(rng)).min(MOST),
            _ => self.pick(rng),
        }
    }
}
