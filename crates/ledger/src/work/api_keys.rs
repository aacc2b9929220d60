//! Changes of API keys.

use scrip_core::{Entity, Refusal};

use super::{Failure, Place, State, records};
use crate::api_key::SECRETS_MAX;
use crate::{Answer, ApiKey, ApiKeyChange, ApiKeyDeed, RecordKind};

/// Changes a key as it is now: of two changes at once none is lost.
pub(super) fn change(
    state: &mut dyn State,
    at: Place<'_>,
    ApiKeyChange { record_id, deed }: &ApiKeyChange,
) -> Result<Answer, Failure> {
    let found = state.record(at.environment, RecordKind::ApiKey, record_id)?;
    let read = found.and_then(|record| ApiKey::of(&record).map(|key| (record, key)));
    let (mut record, mut key) =
        read.ok_or_else(|| Refusal::not_found(Entity::ApiKey, record_id))?;
    let now = state.real_now();
    if record.archived_at.is_some() {
        return match deed {
            ApiKeyDeed::Revoke | ApiKeyDeed::NoteUse(_) => Ok(records::answer(record)),
            ApiKeyDeed::Edit { .. } | ApiKeyDeed::Rotate { .. } => {
                Err(Refusal::archived(Entity::ApiKey, &key.id).into())
            }
        };
    }
    match deed {
        ApiKeyDeed::Edit { name, permissions, expires_at } => {
            key.name = name.clone().or(key.name);
            key.permissions = permissions.unwrap_or(key.permissions);
            key.expires_at = expires_at.unwrap_or(key.expires_at);
        }
        ApiKeyDeed::Rotate { secret, overlap_milliseconds } => {
            let end = now.later(*overlap_milliseconds);
            key.secrets.retain(|old| old.ends_at.is_none_or(|at| at > now));
            for old in &mut key.secrets {
                old.ends_at = Some(old.ends_at.map_or(end, |at| at.min(end)));
            }
            key.secrets.insert(0, secret.clone());
            key.secrets.truncate(SECRETS_MAX);
        }
        ApiKeyDeed::Revoke => record.archived_at = Some(now),
        ApiKeyDeed::NoteUse(at) => key.last_used_at = key.last_used_at.max(Some(*at)),
    }
    record.body = key.body(record_id);
    if !matches!(deed, ApiKeyDeed::NoteUse(_)) {
        // Whoever sees two states of it knows which is the newer one.
        record.updated_at = now.max(record.updated_at.later(1));
    }
    state.update_record(&record)?;
    Ok(records::answer(record))
}
