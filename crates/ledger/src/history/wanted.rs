//! What a query asks for.

use scrip_core::{EventType, ReservationId, RowPart};

use crate::RowQuery;
use crate::slot::TypeSet;

/// What a query asks for.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Only what concerns this reservation.
    pub reservation: Option<&'a ReservationId>,
    /// What a row must show as, to be asked for.
    pub types: TypeSet,
    /// Plain consumptions are not asked for.
    pub notable_only: bool,
}

impl Wanted<'static> {
    /// Everything.
    pub fn all() -> Self {
        Self { reservation: None, types: types_of(&EventType::ALL), notable_only: false }
    }
}

impl<'a> Wanted<'a> {
    pub fn of(query: &'a RowQuery) -> Self {
        let asked: &[EventType] =
            if query.event_types.is_empty() { &EventType::ALL } else { &query.event_types };
        let types = types_of(asked);
        let notable_only = !types.meets(EventType::CreditsConsumed.into());
        Self { reservation: query.reservation.as_ref(), types, notable_only }
    }

    /// This part of a row is asked for.
    pub fn includes(&self, part: &RowPart) -> bool {
        self.types.meets(part.event_type.into())
            && (self.reservation.is_none() || part.reservation.as_ref() == self.reservation)
    }
}

fn types_of(types: &[EventType]) -> TypeSet {
    types.iter().fold(TypeSet::default(), |set, one| set.with((*one).into()))
}
