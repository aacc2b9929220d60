//! The test clock (decision 40).

use scrip_core::{Entity, Refusal, Timestamp};
use serde_json::Value;

use super::{Failure, Place, State};
use crate::{Answer, RecordKind, SYSTEM};

/// The member of an environment's record that holds its test clock, in milliseconds.
pub const CLOCK_MEMBER: &str = "clockMilliseconds";

/// Moves the clock. What becomes due is written afterwards, in slices.
pub(super) fn move_to(
    state: &mut dyn State,
    at: Place<'_>,
    to: Timestamp,
) -> Result<Answer, Failure> {
    let id = at.environment.0.to_string();
    let mut record = state
        .record(SYSTEM, RecordKind::Environment, &id)?
        .ok_or_else(|| Refusal::not_found(Entity::Environment, &id))?;
    if record.archived_at.is_some() {
        return Err(Refusal::archived(Entity::Environment, &id).into());
    }
    if record.text("type") != Some("SANDBOX") {
        return Err(Refusal::ClockForbidden.into());
    }
    let clock = state.now(at.environment);
    if to < clock {
        return Err(Refusal::ClockBackward { clock }.into());
    }
    // Decision 66: the first setting may be any distance ahead.
    if record.body.contains_key(CLOCK_MEMBER) && to > clock.a_year_later() {
        return Err(Refusal::ClockTooFar { clock }.into());
    }
    record.body.insert(CLOCK_MEMBER.to_owned(), Value::from(to.milliseconds()));
    record.updated_at = state.real_now();
    state.update_record(&record)?;
    state.set_clock(at.environment, to);
    Ok(Answer::Clock(to))
}
