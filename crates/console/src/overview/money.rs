//! What is deferred and recognised, month by month.

use scrip_core::Timestamp;

use super::gathered::Progress;
use crate::api::Api;
use crate::component::Instant;
use crate::failure::Failure;
use crate::revenue::model::{Report, months_up_to};
use crate::settings::Clock;

/// What the last months brought.
pub struct Money {
    /// A report of each, the current one last.
    pub months: Vec<Report>,
    /// When it was asked for them.
    pub from: Instant,
}

impl Money {
    /// Asks for the reports, one after the other: each reads all rows, but that of a closed month.
    pub async fn of(api: Api, progress: Progress) -> Result<Self, Failure> {
        let from = Clock::get(&api).await?.now;
        let now = Timestamp::parse(&from).map_err(|error| Failure::Internal(error.to_string()))?;
        let mut months = Vec::new();
        for (begin, end) in months_up_to(now) {
            // In its first instant a month has no stretch to report of.
            if begin < end {
                months.push(Report::get(&api, &begin, &end).await?);
            }
            progress.add(1);
        }
        Ok(Self { months, from })
    }
}
