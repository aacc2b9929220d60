//! What a query asks for.

use scrip_core::{EventType, RowPart};

use crate::RowQuery;
use crate::slot::TypeSet;

/// What a query asks for.
pub(super) struct Wanted<'a> {
    pub query: &'a RowQuery,
    /// What a row must show as, to be asked for.
    pub types: TypeSet,
    /// Plain consumptions are not asked for.
    pub notable_only: bool,
}

impl<'a> Wanted<'a> {
    pub fn of(query: &'a RowQuery) -> Self {
        let asked: &[EventType] =
            if query.event_types.is_empty() { &EventType::ALL } else { &query.event_types };
        let types = asked.iter().fold(TypeSet::default(), |set, one| set.with((*one).into()));
        let notable_only = !types.meets(EventType::CreditsConsumed.into());
        Self { query, types, notable_only }
    }

    /// This part of a row is asked for.
    pub fn includes(&self, part: &RowPart) -> bool {
        let reservation = &self.query.reservation;
        self.types.meets(part.event_type.into())
            && (reservation.is_none() || part.reservation == *reservation)
    }
}
