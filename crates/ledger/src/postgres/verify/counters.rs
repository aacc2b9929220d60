//! What gives out numbers must be ahead of all numbers that are in use.

use super::super::session::Session;
use super::super::tables::count;
use crate::verifying::{Collector, Finding};
use crate::work::StoreError;

/// The highest numbers that were met.
#[derive(Clone, Copy, Default)]
pub struct Counters {
    pub position: u64,
    pub event: u64,
    pub wallet: u64,
    pub record: u64,
    pub grant: u64,
}

impl Counters {
    /// The higher of each.
    pub fn reach(&mut self, other: &Self) {
        self.position = self.position.max(other.position);
        self.event = self.event.max(other.event);
        self.wallet = self.wallet.max(other.wallet);
        self.record = self.record.max(other.record);
        self.grant = self.grant.max(other.grant);
    }

    /// Compares them with the sequences. A sequence that was set back gives a number out twice.
    pub fn check(&self, session: &Session, findings: &Collector) -> Result<(), StoreError> {
        let sql = "
            select case when is_called then last_value else last_value - 1 end as last
            from entry_position
            union all
            select case when is_called then last_value else last_value - 1 end from event_position
            union all
            select case when is_called then last_value else last_value - 1 end from wallet_number
            union all
            select case when is_called then last_value else last_value - 1 end from record_ordinal
            union all
            select case when is_called then last_value else last_value - 1 end from grant_ordinal";
        let rows = session.query(sql, &[])?;
        let met = [
            ("entry_position", self.position),
            ("event_position", self.event),
            ("wallet_number", self.wallet),
            ("record_ordinal", self.record),
            ("grant_ordinal", self.grant),
        ];
        for ((name, met), row) in met.into_iter().zip(&rows) {
            let last = count(row, "last")?;
            if last < met {
                let what = format!("the sequence {name} is at {last}, and {met} is in use");
                findings.add(Finding::Other(what));
            }
        }
        Ok(())
    }
}
