//! Where events stood when, and which are not kept any more: what is forgotten by age of real time,
//! though events carry the instants of their environments' clocks (decision 40).

use scrip_core::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::body_of;
use crate::{NewRecord, Record, RecordKind};

/// Where events stood at an instant of real time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventMark {
    /// When.
    pub at_milliseconds: i64,
    /// The position of the newest event then.
    pub position: u64,
}

/// What is known of all events of a store. Its record lives in [`crate::SYSTEM`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventMarks {
    /// One for each day on which there were new events, oldest first.
    pub marks: Vec<EventMark>,
    /// Events up to here are not kept any more, or go.
    pub forgotten_up_to: u64,
    /// Up to here positions may be missing that were never an event's: another store gave them out.
    #[serde(default)]
    pub gaps_up_to: u64,
}

impl EventMarks {
    /// The identifier of the record.
    pub const ID: &'static str = "events";
    /// How far marks are apart at least.
    const APART_MILLISECONDS: i64 = 24 * 60 * 60 * 1_000;

    /// What a record says; none if it says nothing of it.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::EventMarks {
            return None;
        }
        serde_json::from_value(Value::Object(record.body.clone())).ok()
    }

    /// The record.
    #[must_use]
    pub fn record(&self) -> NewRecord {
        let (kind, id) = (RecordKind::EventMarks, Self::ID.to_owned());
        NewRecord { kind, id, body: body_of(self) }
    }

    /// Notes where events stand, if the last mark is a day old.
    pub fn mark(&mut self, now: Timestamp, newest: u64) {
        let now = now.milliseconds();
        let is_due = self.marks.last().is_none_or(|last| {
            newest > last.position
                && now.saturating_sub(last.at_milliseconds) >= Self::APART_MILLISECONDS
        });
        if is_due && newest > 0 {
            self.marks.push(EventMark { at_milliseconds: now, position: newest });
        }
    }

    /// Forgets what is older than `kept_milliseconds`, but nothing behind `passed`, up to which all who
    /// are to be told were told. Whether there is something to forget that was kept until now.
    pub fn forget(&mut self, now: Timestamp, kept_milliseconds: i64, passed: u64) -> bool {
        let before = now.milliseconds().saturating_sub(kept_milliseconds);
        let old = self.marks.iter().filter(|mark| mark.at_milliseconds <= before);
        let up_to = old.map(|mark| mark.position).max().unwrap_or(0).min(passed);
        let is_more = up_to > self.forgotten_up_to;
        self.forgotten_up_to = self.forgotten_up_to.max(up_to);
        let forgotten = self.forgotten_up_to;
        self.marks.retain(|mark| mark.at_milliseconds > before || mark.position > forgotten);
        is_more
    }

    /// Behind this position every position is an event's that is kept.
    #[must_use]
    pub fn whole_behind(&self) -> u64 {
        self.forgotten_up_to.max(self.gaps_up_to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1_000;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_milliseconds(number * DAY).unwrap()
    }

    #[test]
    fn events_go_by_their_age_once_all_were_told() {
        let mut marks = EventMarks::default();
        marks.mark(day(0), 0);
        assert_eq!(marks.marks, [], "before the first event there is nothing to mark");
        marks.mark(day(1), 10);
        marks.mark(Timestamp::from_milliseconds(day(2).milliseconds() - 1).unwrap(), 15);
        marks.mark(day(3), 10);
        assert_eq!(marks.marks.len(), 1, "a day apart, and only where something is new");
        marks.mark(day(3), 20);
        marks.mark(day(5), 30);
        for (now, passed, expected) in
            [(8, 100, 0), (10, 100, 10), (11, 100, 10), (12, 15, 15), (12, 100, 20), (12, 5, 20)]
        {
            let is_more = marks.forget(day(now), 9 * DAY, passed);
            assert_eq!(marks.forgotten_up_to, expected, "day {now}, told up to {passed}");
            assert_eq!(is_more, !marks.forget(day(now), 9 * DAY, passed) && is_more);
        }
        assert_eq!(marks.marks, [EventMark { at_milliseconds: 5 * DAY, position: 30 }]);
    }
}
