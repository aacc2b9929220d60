//! Usage that is added up, compared with the rows without adding it up again.
//!
//! Each sum is multiplied by a number that belongs to its wallet, hour and set of dimensions, and
//! the products of a wallet are added, wrapping. The same is done with every row. What is added up
//! right gives the same for both; what is not gives something else, but for one case in 2^64 or so.

use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use scrip_core::{Credits, Row};

use super::{Finding, RawEntry};
use crate::slot::WalletNumber;
use crate::usage::{AddedUpTo, HourNumber, StoredDay, Used, used};
use crate::work::StoreError;

/// What a wallet's usage comes to: by the hour, and by the hour and set of dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    hours: i128,
    sets: i128,
}

/// Hours of a wallet that do not keep sets apart.
pub type Overfull = HashSet<(WalletNumber, HourNumber)>;

/// What the days say.
#[derive(Default)]
pub struct AddedUp {
    pub weights: HashMap<WalletNumber, Weight>,
    pub overfull: Overfull,
    /// Days that were read.
    pub days: usize,
}

impl AddedUp {
    /// Takes in a day.
    pub fn take(&mut self, row: &impl StoredDay) -> Result<(), StoreError> {
        let key = row.key()?;
        let (hours, sets, set_hours) = (row.hours()?, row.sets()?, row.set_hours()?);
        let rows = row.hour_rows()?;
        self.days += 1;
        let weight = self.weights.entry(key.wallet).or_default();
        let told_of = rows.iter().map(|(hour, _)| *hour);
        if !told_of.eq(hours.iter().map(|hour| hour.hour)) {
            return Err(key.wrong("an hour has no rows"));
        }
        let mut kept_apart = 0_i128;
        for hour in &hours {
            let number = HourNumber::in_day(key.day, hour.hour);
            weight.add_hour(number, hour.amount, hour.count);
            if !hour.has_sets {
                self.overfull.insert((key.wallet, number));
            } else if sets.is_none() {
                weight.add_set(number, digest([].into_iter()), hour.amount, hour.count);
            }
            kept_apart += i128::from(hour.has_sets);
        }
        let digests: Vec<u64> =
            sets.iter().flatten().map(|set| digest(set.dimensions.iter().copied())).collect();
        // What the day says of a set is what its hours say.
        let mut of_day = vec![(Credits::ZERO, 0_u64); digests.len()];
        for (hour, sums) in set_hours.iter().flatten() {
            kept_apart -= 1;
            for (place, amount, count) in sums {
                let place = usize::try_from(*place).unwrap_or(usize::MAX);
                let (Some(digest), Some(sum)) = (digests.get(place), of_day.get_mut(place)) else {
                    return Err(key.wrong("an hour has a set that the day has not"));
                };
                weight.add_set(HourNumber::in_day(key.day, *hour), *digest, *amount, *count);
                sum.0 = sum.0.plus(*amount).map_err(|_| key.wrong("sums"))?;
                sum.1 = sum.1.saturating_add(*count);
            }
        }
        let told = sets.iter().flatten().map(|set| (set.amount, set.count));
        if !told.eq(of_day) || (sets.is_some() && kept_apart != 0) {
            return Err(key.wrong("its sets are not what its hours add up to"));
        }
        Ok(())
    }
}

/// The usage of some wallets, as their rows are followed.
pub struct Usage<'a> {
    pub told: HashMap<WalletNumber, Weight>,
    found: HashMap<WalletNumber, Weight>,
    overfull: &'a Overfull,
    until: AddedUpTo,
}

impl<'a> Usage<'a> {
    pub fn new(overfull: &'a Overfull, until: impl Into<AddedUpTo>) -> Self {
        let until = until.into();
        Self { told: HashMap::default(), found: HashMap::default(), overfull, until }
    }

    /// Takes in what a row is that was read to be folded: a consumption's words are read now.
    pub fn follow(
        &mut self,
        entry: &RawEntry<impl AsRef<[u8]>>,
        row: &mut Row,
    ) -> Result<(), Finding> {
        if entry.position > self.until.of(entry.wallet) {
            return Ok(());
        }
        let wrong = |error: &dyn Display| Finding::row(entry.position, error);
        if !row.event.is_notable() {
            row.read_texts(entry.row.as_ref()).map_err(|error| wrong(&error))?;
        }
        if let Some(used) = used(row).map_err(|error| wrong(&error))? {
            self.add(entry.wallet, &used);
        }
        Ok(())
    }

    fn add(&mut self, wallet: WalletNumber, used: &Used<'_>) {
        let hour = HourNumber::of(used.at);
        let (amount, count) = (used.amount, u64::from(used.counts));
        let weight = self.found.entry(wallet).or_default();
        weight.add_hour(hour, amount, count);
        if self.overfull.is_empty() || !self.overfull.contains(&(wallet, hour)) {
            weight.add_set(hour, digest(used.dimensions()), amount, count);
        }
    }

    /// Whether what is told of a wallet is what all of its rows add up to; but for their dimensions, if
    /// these are being erased.
    pub fn fits(&mut self, wallet: WalletNumber, is_being_erased: impl FnOnce() -> bool) -> bool {
        let found = self.found.remove(&wallet).unwrap_or_default();
        let told = self.told.remove(&wallet).unwrap_or_default();
        told == found || (told.hours == found.hours && is_being_erased())
    }

    /// Wallets that are not in the ledger.
    pub fn left(&self) -> impl Iterator<Item = WalletNumber> {
        self.told.keys().copied()
    }
}

impl Weight {
    fn add_hour(&mut self, hour: HourNumber, amount: Credits, count: u64) {
        self.hours = self.hours.wrapping_add(weighed(hour, 0, amount, count));
    }

    fn add_set(&mut self, hour: HourNumber, set: u64, amount: Credits, count: u64) {
        self.sets = self.sets.wrapping_add(weighed(hour, set, amount, count));
    }
}

fn weighed(hour: HourNumber, set: u64, amount: Credits, count: u64) -> i128 {
    let of_amount = number_of(hour, set, "amount").wrapping_mul(amount.billionths());
    of_amount.wrapping_add(number_of(hour, set, "count").wrapping_mul(count.into()))
}

/// An odd number that belongs to an hour and set: odd, so that no difference is lost by it.
fn number_of(hour: HourNumber, set: u64, what: &str) -> i128 {
    let mut hasher = DefaultHasher::new();
    (hour, set, what).hash(&mut hasher);
    i128::from(hasher.finish() | 1)
}

fn digest<'t>(dimensions: impl Iterator<Item = (&'t str, &'t str)>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for pair in dimensions {
        pair.hash(&mut hasher);
    }
    hasher.finish()
}
