//! Months, and how they are closed.

use std::fmt;

use scrip_core::{CurrencyId, MoneyCurrency, MoneySum, Revenue, Timestamp};
use serde::{Deserialize, Serialize};

use super::{RevenueBetween, RevenueTotal};
use crate::record::body_of;
use crate::{Ledger, LedgerError, NewRecord, Record, RecordKind, RecordQuery, every_record};

/// A calendar month, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(Timestamp);

impl Month {
    /// Reads `YYYY-MM`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_formed = text.len() == 7
            && text.bytes().enumerate().all(|(place, byte)| match place {
                4 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let begin = Timestamp::parse(&format!("{text}-01T00:00:00Z")).ok();
        begin.filter(|_| is_formed).map(Self)
    }

    /// Its first instant.
    #[must_use]
    pub const fn begin(self) -> Timestamp {
        self.0
    }

    /// The first instant behind it.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.0.next_month()
    }

    /// The one behind it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.end())
    }
}

/// `YYYY-MM`.
impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string();
        f.write_str(text.get(..7).unwrap_or(&text))
    }
}

/// A month whose figures stand for ever.
///
/// It is a record that is called by its place among the closed months, from 1: of two that are closed at
/// once only one gets the place, and the other one looks again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosedMonth {
    /// Which.
    pub month: Month,
    /// The last row that may count in it: what was recorded later belongs to a later month.
    pub until: u64,
    /// When it was closed.
    pub closed_at: Timestamp,
    /// Who closed it.
    pub closed_by: String,
    /// Its figures.
    pub totals: Vec<RevenueTotal>,
}

/// The form in which it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    month: String,
    until: u64,
    closed_by: String,
    totals: Vec<KeptTotal>,
}

/// Sums in billionths, as text: no reader of JSON may round them.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeptTotal {
    currency_id: String,
    money: String,
    begin: [String; 5],
    end: [String; 5],
    grants: u64,
}

impl ClosedMonth {
    /// The record of the month that is closed behind so many others.
    #[must_use]
    pub fn to_record(&self, closed_before: usize) -> NewRecord {
        let kept = Kept {
            month: self.month.to_string(),
            until: self.until,
            closed_by: self.closed_by.clone(),
            totals: self.totals.iter().map(KeptTotal::of).collect(),
        };
        NewRecord {
            kind: RecordKind::ClosedMonth,
            id: closed_before.saturating_add(1).to_string(),
            body: body_of(&kept),
        }
    }

    /// Reads its record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let kept: Kept = serde_json::from_value(record.body.clone().into()).ok()?;
        let totals = kept.totals.iter().map(KeptTotal::read).collect::<Option<_>>()?;
        Some(Self {
            month: Month::parse(&kept.month)?,
            until: kept.until,
            closed_at: record.created_at,
            closed_by: kept.closed_by,
            totals,
        })
    }

    /// Changes the last row that counts in a month, in its record: where a store is carried to, rows may
    /// have other positions. False if the record is none of a month.
    pub(crate) fn set_until(record: &mut Record, until: u64) -> bool {
        let member = record.body.get_mut("until");
        member.is_some_and(|member| {
            *member = until.into();
            true
        })
    }

    /// The closed months of an environment, in the order in which they were closed.
    pub async fn all(
        ledger: &dyn Ledger,
        environment: scrip_core::EnvironmentId,
    ) -> Result<Vec<Self>, LedgerError> {
        let query = RecordQuery::all_of(environment, RecordKind::ClosedMonth);
        let read = |record: &Record| {
            let wrong = || LedgerError::Internal(format!("records: no month: {}", record.id));
            Self::of(record).ok_or_else(wrong)
        };
        // The newest come first.
        every_record(ledger, query).await?.iter().rev().map(read).collect()
    }
}

impl KeptTotal {
    fn of(total: &RevenueTotal) -> Self {
        Self {
            currency_id: total.currency.as_str().to_owned(),
            money: total.money.as_str().to_owned(),
            begin: texts(&total.revenue.begin),
            end: texts(&total.revenue.end),
            grants: total.grants,
        }
    }

    fn read(&self) -> Option<RevenueTotal> {
        Some(RevenueTotal {
            currency: CurrencyId::parse(&self.currency_id).ok()?,
            money: MoneyCurrency::parse(&self.money)?,
            revenue: RevenueBetween { begin: sums(&self.begin)?, end: sums(&self.end)? },
            grants: self.grants,
        })
    }
}

fn texts(revenue: &Revenue) -> [String; 5] {
    let Revenue { granted, restored, recognised, breakage, refunded } = revenue;
    [granted, restored, recognised, breakage, refunded].map(|sum| sum.billionths().to_string())
}

fn sums(texts: &[String; 5]) -> Option<Revenue> {
    let sum = |text: &String| text.parse().ok().map(MoneySum::from_billionths);
    let [granted, restored, recognised, breakage, refunded] = texts;
    Some(Revenue {
        granted: sum(granted)?,
        restored: sum(restored)?,
        recognised: sum(recognised)?,
        breakage: sum(breakage)?,
        refunded: sum(refunded)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_and_told() {
        for text in ["2026-01", "2025-12", "1999-02"] {
            assert_eq!(Month::parse(text).unwrap().to_string(), text);
        }
        for text in ["2026-13", "2026-1", "2026-00", "2026-01-01", "+026-01", "20x6-01", ""] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
        let december = Month::parse("2025-12").unwrap();
        assert_eq!(december.next().to_string(), "2026-01");
        assert_eq!(december.end().to_string(), "2026-01-01T00:00:00.000Z");
    }
}
