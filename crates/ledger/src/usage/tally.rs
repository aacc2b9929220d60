//! Adding up what a question asks for.

use std::collections::HashMap;

use scrip_core::{Credits, Overflow};

use super::{UsageQuery, UsageSeries, Used};

/// The answer to a question in the making.
pub struct Tally<'q> {
    query: &'q UsageQuery,
    /// Series by the values of their dimensions, each with its length: no two run into each other.
    places: HashMap<Vec<u8>, usize>,
    series: Vec<UsageSeries>,
    key: Vec<u8>,
}

impl<'q> Tally<'q> {
    /// Nothing yet.
    pub fn new(query: &'q UsageQuery) -> Self {
        let mut tally = Self { query, places: HashMap::new(), series: Vec::new(), key: Vec::new() };
        if query.group_by.is_empty() {
            tally.series_of(|_| "");
        }
        tally
    }

    /// What is asked.
    pub fn query(&self) -> &'q UsageQuery {
        self.query
    }

    /// Adds usage to a bucket, by its place, in the group of these dimensions' texts.
    pub fn add<'t>(
        &mut self,
        bucket: usize,
        amount: Credits,
        count: u64,
        dimension: impl Fn(&str) -> &'t str,
    ) -> Result<(), Overflow> {
        let place = self.series_of(dimension);
        let one = &mut self.series[place];
        one.total = one.total.plus(amount)?;
        one.count = one.count.saturating_add(count);
        let point = one.points.entry(bucket).or_default();
        point.0 = point.0.plus(amount)?;
        point.1 = point.1.saturating_add(count);
        Ok(())
    }

    /// Adds what a row is, if it is asked for.
    pub fn add_used(&mut self, used: &Used<'_>) -> Result<(), Overflow> {
        let Some(bucket) = self.query.bucket(used.at) else { return Ok(()) };
        self.add(bucket, used.amount, used.counts.into(), |name| used.dimension(name))
    }

    /// The series, by their totals, descending.
    pub fn finish(mut self) -> Vec<UsageSeries> {
        self.series.sort_by(|one, other| {
            other.total.cmp(&one.total).then_with(|| one.tags.cmp(&other.tags))
        });
        self.series
    }

    fn series_of<'t>(&mut self, dimension: impl Fn(&str) -> &'t str) -> usize {
        let Self { query, places, series, key } = self;
        key.clear();
        for name in &query.group_by {
            let text = dimension(name);
            key.extend(text.len().to_le_bytes());
            key.extend(text.as_bytes());
        }
        if let Some(place) = places.get(key.as_slice()) {
            return *place;
        }
        let place = series.len();
        places.insert(key.clone(), place);
        let tags = query.group_by.iter().map(|name| dimension(name).to_owned()).collect();
        series.push(UsageSeries {
            tags,
            total: Credits::ZERO,
            count: 0,
            points: Default::default(),
        });
        place
    }
}
