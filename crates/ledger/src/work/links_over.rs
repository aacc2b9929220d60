//! Links by which people sign in are forgotten when they are over, by whatever is done about people next: so
//! there are never many more than people.

use super::{State, StoreError};
use crate::person::SIGN_IN_LINKS_MAX;
use crate::{Answer, LinkPurpose, Person, RecordKind, SYSTEM, SignInLink};

/// Links that are forgotten at a time: a store of an older release may have many.
const FORGOTTEN_MOST: usize = 500;

/// Forgets links whose time is over, and of a person who was changed those that are of no use any more or
/// too many. One that was just added stays. Whoever asks works alone.
pub(super) fn forget(
    state: &mut dyn State,
    changed: Option<&Answer>,
    added: Option<&SignInLink>,
) -> Result<(), StoreError> {
    let changed = match changed {
        Some(Answer::Record(record)) => {
            Person::of(record).map(|person| (person, record.archived_at.is_some()))
        }
        _ => None,
    };
    let added = added.map(|link| link.record().id);
    let mut room = SIGN_IN_LINKS_MAX.saturating_sub(usize::from(added.is_some()));
    let now = state.real_now();
    let mut links = state.all_records(SYSTEM, RecordKind::SignInLink)?;
    links.sort_unstable_by_key(|record| std::cmp::Reverse(record.ordinal));
    let mut forgotten = 0;
    for record in links {
        if Some(&record.id) == added.as_ref() {
            continue;
        }
        let read = SignInLink::of(&record).filter(|link| link.expires_at > now);
        let stays = read.filter(|_| record.archived_at.is_none()).is_some_and(|link| {
            match (&link.purpose, &changed) {
                (LinkPurpose::Password { email, .. }, Some((person, is_removed)))
                    if *email == person.email =>
                {
                    let is_good = !is_removed && link.is_for(person) && room > 0;
                    room = room.saturating_sub(usize::from(is_good));
                    is_good
                }
                _ => true,
            }
        });
        if !stays {
            state.remove_record(&record)?;
            forgotten += 1;
        }
        if forgotten == FORGOTTEN_MOST {
            break;
        }
    }
    Ok(())
}
