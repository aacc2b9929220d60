//! Answers that are found again: claims of `Idempotency-Key` headers, and the retries that the
//! official SDKs send by themselves.

use super::audited::carry_out_noted;
use super::{Failure, State};
use crate::{Answer, Executed, Order, OrderRefusal, Remember, RememberBy};

/// How long a first attempt is remembered for the SDK's own retries (decision 41).
const ATTEMPT_MILLISECONDS: i64 = 5 * 60 * 1_000;

/// Carries out an order, unless its answer is there already, and remembers the answer.
///
/// Decision 41 lets a retry run when more first attempts than effects were accepted. Orders are
/// decided one after the other and a refused attempt does not count, so every accepted first
/// attempt is an effect by the time its retry is decided: any effect at hand answers it.
pub fn run(state: &mut dyn State, order: &Order) -> Result<Executed, Failure> {
    let Some(remember) = &order.remember else {
        return carry_out_noted(state, order).map(Executed::Fresh);
    };
    match remember.by {
        RememberBy::Claim(claim) => {
            if let Some((body, answer)) = state.claimed(claim.scope)? {
                let same = body == claim.body;
                return if same {
                    Ok(Executed::Replayed(answer))
                } else {
                    Err(Failure::ClaimedForOther)
                };
            }
        }
        RememberBy::Attempt { scope, retry_count } if retry_count > 0 => {
            let since = state.real_now().later(-ATTEMPT_MILLISECONDS);
            if let Some(answer) = state.latest_attempt(scope, since)? {
                return Ok(Executed::Replayed(answer));
            }
        }
        RememberBy::Attempt { .. } => {}
    }
    match carry_out_noted(state, order) {
        Ok(answer) => {
            let outcome = Ok(answer);
            store(state, remember, &outcome)?;
            outcome.map(Executed::Fresh).map_err(Failure::Refused)
        }
        Err(Failure::Refused(refusal)) => {
            let outcome = Err(refusal);
            store(state, remember, &outcome)?;
            outcome.map(Executed::Fresh).map_err(Failure::Refused)
        }
        Err(other) => Err(other),
    }
}

fn store(
    state: &mut dyn State,
    remember: &Remember,
    outcome: &Result<Answer, OrderRefusal>,
) -> Result<(), Failure> {
    let Some(answer) = (remember.render)(outcome) else { return Ok(()) };
    match remember.by {
        RememberBy::Claim(claim) => state.store_claim(claim, &answer)?,
        // Refused attempts do not count (decision 73).
        RememberBy::Attempt { scope, .. } if outcome.is_ok() => {
            state.store_attempt(scope, &answer)?;
        }
        RememberBy::Attempt { .. } => {}
    }
    Ok(())
}
