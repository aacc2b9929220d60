//! A wallet's usage of one day, UTC, added up by the hour (decision 44).
//!
//! Of every hour the sum is known, and as long as there are no more than so many of them the sum of
//! each set of dimensions; and between which rows it was recorded, so that whoever needs the rows
//! themselves finds them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use scrip_core::{Credits, Overflow};
use serde::{Deserialize, Serialize};

use super::Used;
use super::spans::Spans;
use crate::fast_map::FastMap;
use crate::slot::Position;

/// Sets of dimensions that are kept apart in an hour.
pub const SETS_MAX: usize = 1_000;

/// An amount, and how many events it is of.
type Sum = (Credits, u64);
/// All dimensions of an event: names and values, by name, in one piece. Each text has its length in front,
/// so that no set looks like another.
type Set = Arc<[u8]>;
/// The place of a set in its day's list.
type Place = u32;

/// A day in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Day {
    hours: BTreeMap<u8, Hour>,
    sets: Vec<Set>,
    places: FastMap<Set, Place>,
}

/// An hour of it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Hour {
    sum: Sum,
    rows: Spans,
    /// None once there were too many.
    sets: Option<BTreeMap<Place, Sum>>,
}

impl Default for Hour {
    fn default() -> Self {
        let sum = (Credits::ZERO, 0);
        Self { sum, rows: Spans::default(), sets: Some(BTreeMap::new()) }
    }
}

/// What is known of an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourSum {
    /// Its place in the day, from 0.
    pub hour: u8,
    /// What was used, less what was given back.
    pub amount: Credits,
    /// How many events there were.
    pub count: u64,
    /// Its sets of dimensions are kept apart.
    pub has_sets: bool,
}

/// What is known of a set of dimensions on a day, of the hours that keep sets apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetSum<'a> {
    /// Names and values, by name.
    #[serde(borrow)]
    pub dimensions: Vec<(&'a str, &'a str)>,
    /// What was used, less what was given back.
    pub amount: Credits,
    /// How many events there were.
    pub count: u64,
}

/// Between which rows an hour was recorded.
pub type HourRows = (u8, Spans);

/// The sums of an hour's sets, by their places in the day's list.
pub type SetHour = (u8, Vec<(Place, Credits, u64)>);

/// A day as bytes: in pieces, since most questions need only the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedDay {
    /// [`HourSum`]s.
    pub hours: Vec<u8>,
    /// [`HourRows`].
    pub hour_rows: Vec<u8>,
    /// [`SetSum`]s; none if the only set is the one without dimensions.
    pub sets: Option<Vec<u8>>,
    /// [`SetHour`]s; none likewise.
    pub set_hours: Option<Vec<u8>>,
}

/// Bytes that are no day, or sums that cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the sums cannot be read")]
pub struct UnreadableDay;

impl Day {
    /// Adds what the row at a position is.
    pub fn add(&mut self, hour: u8, position: Position, used: &Used<'_>) -> Result<(), Overflow> {
        let sum = (used.amount, u64::from(used.counts));
        let has_room = self.hours.get(&hour).is_none_or(|hour| hour.sets.is_some());
        let place = has_room.then(|| self.place(used.dimensions()));
        let hour = self.hours.entry(hour).or_default();
        hour.sum = plus(hour.sum, sum)?;
        hour.rows.add(position);
        if let (Some(sets), Some(place)) = (&mut hour.sets, place) {
            let known = sets.entry(place).or_default();
            *known = plus(*known, sum)?;
            if sets.len() > SETS_MAX {
                hour.sets = None;
            }
        }
        Ok(())
    }

    /// Adds another part of the same day.
    pub fn merge(&mut self, other: Self) -> Result<(), Overflow> {
        let places: Vec<Place> = other.sets.iter().map(|set| self.place_of(set)).collect();
        for (number, mut hour) in other.hours {
            let sets = hour.sets.take();
            hour.sets = sets.map(|sets| {
                let renumbered = sets.into_iter().map(|(place, sum)| (places[place as usize], sum));
                renumbered.collect()
            });
            self.join(number, hour)?;
        }
        Ok(())
    }

    /// The same day after the rows that were recorded before others lost their words: all that they used
    /// is of the set without dimensions. `later` is what those others used on the day.
    pub fn with_sets_of(&self, later: &Self) -> Result<Self, Overflow> {
        let mut day = Self::default();
        let nothing = day.place(std::iter::empty());
        for (number, hour) in &self.hours {
            let mut sum = hour.sum;
            let mut sets = Some(BTreeMap::<Place, Sum>::new());
            if let Some(known) = later.hours.get(number) {
                sum = (sum.0.minus(known.sum.0)?, sum.1.saturating_sub(known.sum.1));
                sets = known.sets.as_ref().map(|sets| {
                    let place = |(place, sum): (&Place, &Sum)| {
                        (day.place_of(&later.sets[*place as usize]), *sum)
                    };
                    sets.iter().map(place).collect()
                });
            }
            if let Some(sets) = &mut sets {
                let known = sets.entry(nothing).or_default();
                *known = plus(*known, sum)?;
            }
            day.hours.insert(*number, Hour { sum: hour.sum, rows: hour.rows.clone(), sets });
        }
        Ok(day)
    }

    fn join(&mut self, number: u8, other: Hour) -> Result<(), Overflow> {
        let hour = self.hours.entry(number).or_default();
        hour.sum = plus(hour.sum, other.sum)?;
        hour.rows.join(&other.rows);
        match (&mut hour.sets, other.sets) {
            (Some(sets), Some(others)) => {
                for (place, sum) in others {
                    let known = sets.entry(place).or_default();
                    *known = plus(*known, sum)?;
                }
                if sets.len() > SETS_MAX {
                    hour.sets = None;
                }
            }
            (sets, _) => *sets = None,
        }
        Ok(())
    }

    fn place<'t>(&mut self, set: impl Iterator<Item = (&'t str, &'t str)>) -> Place {
        let mut packed = Vec::with_capacity(128);
        for text in set.flat_map(|(name, text)| [name, text]) {
            packed.extend(text.len().to_le_bytes());
            packed.extend_from_slice(text.as_bytes());
        }
        match self.places.get(packed.as_slice()) {
            Some(place) => *place,
            None => self.new_place(packed.into()),
        }
    }

    fn place_of(&mut self, set: &Set) -> Place {
        match self.places.get(set) {
            Some(place) => *place,
            None => self.new_place(Arc::clone(set)),
        }
    }

    fn new_place(&mut self, set: Set) -> Place {
        // A day has at most as many sets as rows, and no day has so many.
        let place = Place::try_from(self.sets.len()).unwrap_or(Place::MAX);
        self.places.insert(Arc::clone(&set), place);
        self.sets.push(set);
        place
    }

    /// Packs it, without the sets that no hour keeps any more.
    pub fn pack(&self) -> Result<PackedDay, postcard::Error> {
        let hours: Vec<HourSum> = self
            .hours
            .iter()
            .map(|(number, hour)| HourSum {
                hour: *number,
                amount: hour.sum.0,
                count: hour.sum.1,
                has_sets: hour.sets.is_some(),
            })
            .collect();
        let hours_packed = postcard::to_stdvec(&hours)?;
        let rows: Vec<(u8, &Spans)> =
            self.hours.iter().map(|(number, hour)| (*number, &hour.rows)).collect();
        let hour_rows = postcard::to_stdvec(&rows)?;
        if hours.iter().all(|hour| hour.has_sets) && self.sets.iter().all(|set| set.is_empty()) {
            return Ok(PackedDay { hours: hours_packed, hour_rows, sets: None, set_hours: None });
        }
        let mut renumbered = HashMap::<Place, Place>::new();
        let mut sets: Vec<SetSum<'_>> = Vec::new();
        let mut set_hours: Vec<SetHour> = Vec::new();
        for (number, hour) in &self.hours {
            let Some(of_hour) = &hour.sets else { continue };
            let mut sums = Vec::with_capacity(of_hour.len());
            for (place, (amount, count)) in of_hour {
                let new = *renumbered.entry(*place).or_insert_with(|| {
                    sets.push(self.set_sum(*place));
                    Place::try_from(sets.len() - 1).unwrap_or(Place::MAX)
                });
                let set = &mut sets[new as usize];
                let failed = |_| postcard::Error::SerializeSeqLengthUnknown;
                set.amount = set.amount.plus(*amount).map_err(failed)?;
                set.count = set.count.saturating_add(*count);
                sums.push((new, *amount, *count));
            }
            set_hours.push((*number, sums));
        }
        Ok(PackedDay {
            hours: hours_packed,
            hour_rows,
            sets: Some(postcard::to_stdvec(&sets)?),
            set_hours: Some(postcard::to_stdvec(&set_hours)?),
        })
    }

    fn set_sum(&self, place: Place) -> SetSum<'_> {
        let dimensions = texts(&self.sets[place as usize]).collect();
        SetSum { dimensions, amount: Credits::ZERO, count: 0 }
    }
}

/// Names and values of a set.
fn texts(set: &[u8]) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = set;
    let mut text = move || {
        let (length, after) = rest.split_first_chunk()?;
        let (text, after) = after.split_at_checked(usize::from_le_bytes(*length))?;
        rest = after;
        std::str::from_utf8(text).ok()
    };
    std::iter::from_fn(move || Some((text()?, text()?)))
}

impl PackedDay {
    /// Reads it.
    pub fn unpack(&self) -> Result<Day, UnreadableDay> {
        let hours = read_hours(&self.hours)?;
        let rows = read_hour_rows(&self.hour_rows)?;
        let sets = self.sets.as_deref().map(read_sets).transpose()?;
        let set_hours = self.set_hours.as_deref().map(read_set_hours).transpose()?;
        let mut day = Day::default();
        for set in sets.iter().flatten() {
            day.place(set.dimensions.iter().copied());
        }
        if sets.is_none() {
            day.place(std::iter::empty());
        }
        if rows.len() != hours.len() {
            return Err(UnreadableDay);
        }
        for (HourSum { hour, amount, count, has_sets }, (_, rows)) in hours.into_iter().zip(rows) {
            let sets = match (&set_hours, has_sets) {
                (_, false) => None,
                (None, true) => Some(BTreeMap::from([(0, (amount, count))])),
                (Some(set_hours), true) => {
                    let found = set_hours.iter().find(|(number, _)| *number == hour);
                    let (_, sums) = found.ok_or(UnreadableDay)?;
                    let sums =
                        sums.iter().map(|(place, amount, count)| (*place, (*amount, *count)));
                    Some(sums.collect::<BTreeMap<_, _>>())
                }
            };
            let known = day.sets.len();
            let mut places = sets.iter().flat_map(BTreeMap::keys);
            if places.any(|place| usize::try_from(*place).is_ok_and(|place| place >= known)) {
                return Err(UnreadableDay);
            }
            day.hours.insert(hour, Hour { sum: (amount, count), rows, sets });
        }
        Ok(day)
    }
}

/// What is known of the hours of a day.
pub fn read_hours(bytes: &[u8]) -> Result<Vec<HourSum>, UnreadableDay> {
    postcard::from_bytes(bytes).map_err(|_| UnreadableDay)
}

/// Between which rows its hours were recorded.
pub fn read_hour_rows(bytes: &[u8]) -> Result<Vec<HourRows>, UnreadableDay> {
    postcard::from_bytes(bytes).map_err(|_| UnreadableDay)
}

/// What is known of its sets.
pub fn read_sets(bytes: &[u8]) -> Result<Vec<SetSum<'_>>, UnreadableDay> {
    postcard::from_bytes(bytes).map_err(|_| UnreadableDay)
}

/// What is known of its sets by the hour.
pub fn read_set_hours(bytes: &[u8]) -> Result<Vec<SetHour>, UnreadableDay> {
    postcard::from_bytes(bytes).map_err(|_| UnreadableDay)
}

fn plus(one: Sum, other: Sum) -> Result<Sum, Overflow> {
    Ok((one.0.plus(other.0)?, one.1.saturating_add(other.1)))
}
