//! What requests about reservations have in common.

use std::collections::BTreeMap;

use scrip_core::limits::HOLD_MAX_MILLISECONDS;
use scrip_core::{Credits, Fingerprint, HoldEnd, ReservationId, Reserve};

use crate::error::ApiError;
use crate::fields;
use crate::json::{Number, Text};
use crate::openapi::schema::{Member, described, instant, integer, nullable, optional};

/// How long a hold lasts unless the request says.
const TTL_SECONDS_DEFAULT: i64 = 3_600;
/// How long a hold may last.
pub(super) const TTL_SECONDS_MAX: i64 = HOLD_MAX_MILLISECONDS / 1_000;

/// When a hold ends: after some seconds or at an instant, whichever of the two fields was given.
/// That the instant is no more than 24 hours ahead is for the ledger to say, which knows whether
/// the request is a repeat (decision 49).
pub(crate) fn hold_end(
    (ttl_field, ttl): (&str, Option<&str>),
    (at_field, at): (&str, Option<&str>),
) -> Result<HoldEnd, ApiError> {
    match (ttl, at) {
        (Some(_), Some(_)) => {
            let message = format!("{ttl_field} and {at_field} must not be given together");
            Err(ApiError::bad_input(message))
        }
        (None, Some(at)) => fields::instant(at_field, at).map(HoldEnd::At),
        (ttl, None) => {
            let read = |text| fields::integer_in(ttl_field, text, 1..=TTL_SECONDS_MAX);
            let seconds = ttl.map(read).transpose()?.unwrap_or(TTL_SECONDS_DEFAULT);
            Ok(HoldEnd::After { milliseconds: seconds.saturating_mul(1_000) })
        }
    }
}

/// The same from the members of a body.
pub(super) fn hold_end_of(
    ttl: Option<Number<'_>>,
    at: Option<&Text<'_>>,
) -> Result<HoldEnd, ApiError> {
    let ttl = ttl.map(|number| number.0.get());
    hold_end(("ttlSeconds", ttl), ("expiresAt", at.map(|Text(text)| text.as_ref())))
}

/// A reservation. Two requests with one id are the same if they say the same: an omitted
/// `ttlSeconds` says 3600, an instant and the seconds until then do not say the same (decisions 49
/// and 63).
pub(crate) fn new_reserve(
    reservation: ReservationId,
    amount: Credits,
    ends: HoldEnd,
    metadata: BTreeMap<String, String>,
) -> Reserve {
    let fingerprint = Fingerprint::of(&(amount, ends, &metadata));
    Reserve { reservation, amount, ends, fingerprint, metadata }
}

/// The members that say when a hold ends.
pub(super) fn end_members() -> [Member; 2] {
    let mut ttl = integer(1, TTL_SECONDS_MAX);
    ttl["default"] = TTL_SECONDS_DEFAULT.into();
    let ttl_text = "How long from now on; not together with `expiresAt`";
    let at_text = "At most 24 hours ahead; not together with `ttlSeconds`";
    [
        optional("ttlSeconds", described(nullable(ttl), ttl_text)),
        optional("expiresAt", described(nullable(instant()), at_text)),
    ]
}

#[cfg(test)]
mod tests {
    use scrip_core::Timestamp;

    use super::*;

    #[test]
    fn what_a_request_says() {
        let hour = HoldEnd::After { milliseconds: 3_600_000 };
        let noon = HoldEnd::At(Timestamp::parse("2026-01-01T12:00:00Z").unwrap());
        let rows = [
            (None, None, Some(hour)),
            (Some("3600"), None, Some(hour)),
            (Some("36e2"), None, Some(hour)),
            (Some("86400"), None, Some(HoldEnd::After { milliseconds: 86_400_000 })),
            (None, Some("2026-01-01T12:00:00+00:00"), Some(noon)),
            (Some("0"), None, None),
            (Some("86401"), None, None),
            (Some("1.5"), None, None),
            (None, Some("noon"), None),
            (Some("3600"), Some("2026-01-01T12:00:00Z"), None),
        ];
        for (ttl, until, expected) in rows {
            assert_eq!(hold_end(("t", ttl), ("u", until)).ok(), expected, "{ttl:?} {until:?}");
        }
    }
}
