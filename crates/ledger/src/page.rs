//! Pages of lists, always newest first.

use scrip_core::{
    CurrencyId, CustomerId, EnvironmentId, EventType, ReservationId, ResourceId, Timestamp,
};

use crate::RecordKind;

/// A place in a list: just behind one item, seen from the newest.
///
/// The place behind everything is [`Point::END`], the one ahead of everything [`Point::START`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    /// The ordinal of a record or grant, or the position of a row.
    pub position: u64,
    /// Which part of the row.
    pub part: u32,
}

impl Point {
    /// Behind the oldest item.
    pub const END: Self = Self { position: 0, part: 0 };
    /// Ahead of the newest item. Cursors have 48 bits for positions and 18 for parts.
    pub const START: Self = Self { position: (1 << 48) - 1, part: (1 << 18) - 1 };

    /// The last part that a row at this position could have.
    #[must_use]
    pub const fn last_of(position: u64) -> Self {
        Self { position, part: Self::START.part }
    }

    /// It was recorded behind another one.
    #[must_use]
    pub const fn is_behind(self, other: Self) -> bool {
        self.position > other.position
            || (self.position == other.position && self.part > other.part)
    }

    /// The place of an item in a list that goes upward. Such a list is one that is newest first,
    /// seen from its other end: what comes later lies behind.
    #[must_use]
    pub const fn of_upward(position: u64) -> Self {
        Self { position: Self::START.position.saturating_sub(position), part: 0 }
    }

    /// The position of such an item.
    #[must_use]
    pub const fn upward_position(self) -> u64 {
        Self::START.position.saturating_sub(self.position)
    }
}

/// Which stretch of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// From the newest item on.
    Newest,
    /// The items older than this one.
    After(Point),
    /// The items just newer than this one.
    Before(Point),
}

/// Which stretch of a list, and how much of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Where.
    pub start: Start,
    /// How many, at least 1.
    pub limit: usize,
}

/// A stretch of a list, newest first.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items, each with its place.
    pub items: Vec<(Point, T)>,
    /// Items newer than these exist.
    pub newer: bool,
    /// Items older than these exist.
    pub older: bool,
}

impl<T> Page<T> {
    /// A page of a list that has nothing.
    #[must_use]
    pub const fn empty() -> Self {
        Self { items: Vec::new(), newer: false, older: false }
    }

    /// Makes a page of what was found from the start on, walking away from it, with one item more
    /// than asked for if there is one. `behind` says whether there are items on the start's other
    /// side, its own item included.
    #[must_use]
    pub(crate) fn of_walk(mut found: Vec<(Point, T)>, behind: bool, request: PageRequest) -> Self {
        let more = found.len() > request.limit;
        found.truncate(request.limit);
        if let Start::Before(_) = request.start {
            found.reverse();
            Self { items: found, newer: more, older: behind }
        } else {
            Self { items: found, newer: behind, older: more }
        }
    }

    /// Where the page before (newer) begins: the `before` cursor.
    #[must_use]
    pub fn newer_cursor(&self) -> Option<Point> {
        self.newer.then(|| self.items.first().map_or(Point::END, |(point, _)| *point))
    }

    /// Where the page after (older) begins: the `after` cursor.
    #[must_use]
    pub fn older_cursor(&self) -> Option<Point> {
        self.older.then(|| self.items.last().map_or(Point::START, |(point, _)| *point))
    }
}

/// A range of creation instants; every given bound must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CreatedRange {
    /// Later than.
    pub gt: Option<Timestamp>,
    /// At or later than.
    pub gte: Option<Timestamp>,
    /// Earlier than.
    pub lt: Option<Timestamp>,
    /// At or earlier than.
    pub lte: Option<Timestamp>,
}

impl CreatedRange {
    /// The instant lies in the range.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.gt.is_none_or(|bound| at > bound)
            && self.gte.is_none_or(|bound| at >= bound)
            && self.lt.is_none_or(|bound| at < bound)
            && self.lte.is_none_or(|bound| at <= bound)
    }

    /// The same range as inclusive bounds in milliseconds.
    #[must_use]
    pub fn bounds(&self) -> (i64, i64) {
        let milliseconds = |at: Option<Timestamp>| at.map(Timestamp::milliseconds);
        let low = milliseconds(self.gt).map(|at| at.saturating_add(1)).max(milliseconds(self.gte));
        let high = [milliseconds(self.lt).map(|at| at.saturating_sub(1)), milliseconds(self.lte)];
        (low.unwrap_or(i64::MIN), high.into_iter().flatten().min().unwrap_or(i64::MAX))
    }
}

/// Which records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordQuery {
    /// Where.
    pub environment: EnvironmentId,
    /// Of what kind.
    pub kind: RecordKind,
    /// Secondary keys and the values they must have.
    pub matching: Vec<(&'static str, String)>,
    /// When they were made.
    pub created: CreatedRange,
    /// Only archived, or only live ones.
    pub archived: Option<bool>,
    /// Which stretch.
    pub page: PageRequest,
}

/// Which grants: those of one scope, as documented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantQuery {
    /// Where.
    pub environment: EnvironmentId,
    /// Whose.
    pub customer: CustomerId,
    /// Of this resource, or of none.
    pub resource: Option<ResourceId>,
    /// Of one currency.
    pub currency: Option<CurrencyId>,
    /// When they were made.
    pub created: CreatedRange,
    /// Which stretch.
    pub page: PageRequest,
}

/// Which open reservations of a customer's wallets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationQuery {
    /// Where.
    pub environment: EnvironmentId,
    /// Whose.
    pub customer: CustomerId,
    /// Of one resource; none is all wallets of the customer.
    pub resource: Option<ResourceId>,
    /// Of one currency.
    pub currency: Option<CurrencyId>,
    /// Which stretch.
    pub page: PageRequest,
}

/// Which rows of a customer's wallets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowQuery {
    /// Where.
    pub environment: EnvironmentId,
    /// Whose.
    pub customer: CustomerId,
    /// Of one resource; none is all wallets of the customer (decision 51).
    pub resource: Option<ResourceId>,
    /// Of one currency.
    pub currency: Option<CurrencyId>,
    /// Of these types; empty is all.
    pub event_types: Vec<EventType>,
    /// Of one reservation.
    pub reservation: Option<ReservationId>,
    /// Which stretch.
    pub page: PageRequest,
}
