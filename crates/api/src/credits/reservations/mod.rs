//! `/api/v1/credits/reservations`: credits set aside while a job runs (spec 2.12).

mod create;
mod extend;
mod get;
mod list;
mod release;
mod request;
mod view;

use scrip_core::{Entity, ReservationId};

use crate::error::ApiError;
use crate::http::{Accepts, Call, Endpoint};
use crate::lookup::not_found;
use crate::openapi::Component;

pub(crate) use request::{hold_end, new_reserve};
pub(crate) use view::write_held;

const TAG: &str = "Credit reservations";

pub(crate) fn endpoints() -> Vec<Endpoint> {
    const RESERVATIONS: &str = "/api/v1/credits/reservations";
    const RESERVATION: &str = "/api/v1/credits/reservations/{reservationId}";
    vec![
        Endpoint::post(RESERVATIONS, Accepts::CHANGE, create::operation(), create::handler),
        Endpoint::get(RESERVATIONS, list::operation(), list::handler),
        Endpoint::get(RESERVATION, get::operation(), get::handler),
        Endpoint::post(
            "/api/v1/credits/reservations/{reservationId}/release",
            Accepts::CHANGE,
            release::operation(),
            release::handler,
        ),
        Endpoint::post(
            "/api/v1/credits/reservations/{reservationId}/extend",
            Accepts::CHANGE,
            extend::operation(),
            extend::handler,
        ),
    ]
}

pub(crate) fn components() -> Vec<Component> {
    let mut components = view::components();
    components.push(("CreateReservationRequest", create::schema()));
    components.push(("ReleaseReservationRequest", release::schema()));
    components.push(("ExtendReservationRequest", extend::schema()));
    components
}

/// The reservation in the path. What no reservation can be called, none is.
fn path_reservation(call: &Call) -> Result<ReservationId, ApiError> {
    let id = call.path("reservationId");
    ReservationId::parse(id).map_err(|_| not_found(Entity::Reservation, id))
}
