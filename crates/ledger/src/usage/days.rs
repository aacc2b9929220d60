//! Answers questions about usage: from the days that are added up, from the rows behind them, and
//! from the rows of hours that the days do not tell apart.

use std::collections::BTreeSet;

use scrip_core::{Credits, Overflow};

use super::{
    HourNumber, HourSum, Rows, SetHour, SetSum, Spans, StoredDay, Tally, TooMany, UsageQuery,
    UsageSeries,
};
use crate::history::{Entries, Head};
use crate::slot::Position;
use crate::work::StoreError;

/// The days between the instants of a question, counted from 1970.
pub fn stretch_of(query: &UsageQuery) -> (i64, i64) {
    (HourNumber::of(query.from).day(), HourNumber::of(query.until).day())
}

/// What the days say.
pub struct Days<'q> {
    tally: Tally<'q>,
    /// Up to this row everything is in the days.
    reach: Position,
    /// Hours of which the rows are needed.
    hours: BTreeSet<HourNumber>,
    /// Between which rows they were recorded.
    spans: Vec<(Position, Position)>,
}

impl<'q> Days<'q> {
    /// None yet, of all rows up to one.
    pub fn up_to(reach: Position, query: &'q UsageQuery) -> Self {
        Self { tally: Tally::new(query), reach, hours: BTreeSet::new(), spans: Vec::new() }
    }

    /// Takes in a day. One that has its sets in it, if the question is by dimensions.
    pub fn take(&mut self, row: &impl StoredDay) -> Result<(), StoreError> {
        let key = row.key()?;
        let (day, wrong) = (key.day, |error: Overflow| key.wrong(error));
        let hours = row.hours()?;
        if self.tally.query().group_by.is_empty() {
            for hour in &hours {
                self.take_hour(day, hour, |tally, bucket| {
                    tally.add(bucket, hour.amount, hour.count, |_| "")
                })
                .map_err(wrong)?;
            }
        } else {
            let sets = row.sets()?;
            let sets = sets.unwrap_or_else(|| vec![without_dimensions(&hours)]);
            match self.bucket_of_day(day).filter(|_| hours.iter().all(|hour| hour.has_sets)) {
                Some(bucket) => {
                    for set in &sets {
                        let taken = add(&mut self.tally, bucket, set, set.amount, set.count);
                        taken.map_err(wrong)?;
                    }
                }
                None => {
                    let set_hours = row.set_hours()?;
                    self.take_sets(day, &hours, &sets, set_hours.as_deref()).map_err(wrong)?;
                }
            }
        }
        self.find_rows(day, row)
    }

    /// Adds a day's sets by the hour.
    fn take_sets(
        &mut self,
        day: i64,
        hours: &[HourSum],
        sets: &[SetSum<'_>],
        set_hours: Option<&[SetHour]>,
    ) -> Result<(), Overflow> {
        for hour in hours {
            if !hour.has_sets {
                self.need_rows(HourNumber::in_day(day, hour.hour));
                continue;
            }
            let of_hour = set_hours.map(|set_hours| {
                let found = set_hours.iter().find(|(number, _)| *number == hour.hour);
                found.map_or(&[][..], |(_, sums)| sums)
            });
            let only = [(0, hour.amount, hour.count)];
            let sums = of_hour.unwrap_or(&only);
            self.take_hour(day, hour, |tally, bucket| {
                for (place, amount, count) in sums {
                    let set = usize::try_from(*place).ok().and_then(|place| sets.get(place));
                    if let Some(set) = set {
                        add(tally, bucket, set, *amount, *count)?;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    /// Adds an hour, if a bucket has all of it; the rows of one that is cut are needed.
    fn take_hour(
        &mut self,
        day: i64,
        hour: &HourSum,
        add: impl FnOnce(&mut Tally<'q>, usize) -> Result<(), Overflow>,
    ) -> Result<(), Overflow> {
        let number = HourNumber::in_day(day, hour.hour);
        let Some((first, last)) = number.ends() else { return Ok(()) };
        match self.tally.query().bucket_of_all(first, last) {
            Some(bucket) => add(&mut self.tally, bucket)?,
            None => self.need_rows(number),
        }
        Ok(())
    }

    fn need_rows(&mut self, number: HourNumber) {
        let query = self.tally.query();
        let meets = |(first, last)| first <= query.until && query.from <= last;
        if number.ends().is_some_and(meets) {
            self.hours.insert(number);
        }
    }

    /// Finds the rows of those hours of a day that need them.
    fn find_rows(&mut self, day: i64, row: &impl StoredDay) -> Result<(), StoreError> {
        let (first, last) = (HourNumber::in_day(day, 0), HourNumber::in_day(day, 23));
        if self.hours.range(first..=last).next().is_none() {
            return Ok(());
        }
        for (hour, rows) in row.hour_rows()? {
            if self.hours.contains(&HourNumber::in_day(day, hour)) {
                self.spans.extend(rows.iter());
            }
        }
        Ok(())
    }

    /// The bucket that all of a day lies in.
    fn bucket_of_day(&self, day: i64) -> Option<usize> {
        let (first, _) = HourNumber::in_day(day, 0).ends()?;
        let (_, last) = HourNumber::in_day(day, 23).ends()?;
        self.tally.query().bucket_of_all(first, last)
    }

    /// Adds what only the rows say; none if too many of them would have to be read.
    pub fn finish(
        self,
        entries: &impl Entries,
        head: &Head,
    ) -> Result<Option<Vec<UsageSeries>>, StoreError> {
        let Self { mut tally, reach, hours, spans } = self;
        let mut rows = Rows::new(entries, head);
        // What was recorded before is attributed to no later instant.
        let ahead = scrip_core::limits::ATTRIBUTION_AHEAD_MAX_MILLISECONDS;
        let oldest = tally.query().from.later(-ahead);
        let behind = rows.down(
            head.last,
            |entry| entry.position <= reach || entry.row.recorded_at < oldest,
            |used| tally.add_used(used),
        )?;
        if let Err(TooMany) = behind {
            return Ok(None);
        }
        for (first, last) in Spans::joined(spans) {
            let read = rows.down(
                last,
                |entry| entry.position < first,
                |used| {
                    let is_needed = hours.contains(&HourNumber::of(used.at));
                    if is_needed { tally.add_used(used) } else { Ok(()) }
                },
            )?;
            if let Err(TooMany) = read {
                return Ok(None);
            }
        }
        Ok(Some(tally.finish()))
    }
}

fn add(
    tally: &mut Tally<'_>,
    bucket: usize,
    set: &SetSum<'_>,
    amount: Credits,
    count: u64,
) -> Result<(), Overflow> {
    tally.add(bucket, amount, count, |name| {
        let found = set.dimensions.iter().find(|(known, _)| *known == name);
        found.map_or("", |(_, text)| text)
    })
}

/// The only set of a day that keeps no list of them.
fn without_dimensions(hours: &[HourSum]) -> SetSum<'static> {
    let amounts = hours.iter().map(|hour| hour.amount);
    SetSum {
        dimensions: Vec::new(),
        // Each was part of a sum that fitted.
        amount: Credits::sum(amounts).unwrap_or_default(),
        count: hours.iter().map(|hour| hour.count).sum(),
    }
}
