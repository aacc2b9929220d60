//! Domain events, written by the unit of work that brings them.

use scrip_core::{Notice, TraceId, WalletKey};

use super::{Failure, Place, State};
use crate::event::{CurrencyChange, DomainEvent, Subject};
use crate::{Record, RecordKind, WebhookEndpoint, WebhookStatus};

/// Writes what a command and the time before it brought to a wallet.
pub(super) fn of_wallet(
    state: &mut dyn State,
    at: Place<'_>,
    key: &WalletKey,
    notices: Vec<Notice>,
) -> Result<(), Failure> {
    for Notice { at: instant, is_requested, fact } in notices {
        let trace_id = if is_requested { trace_id_of(at) } else { None };
        let subject = Subject::Wallet { key: key.clone(), fact };
        let environment = at.environment;
        let mut event = DomainEvent { position: 0, environment, at: instant, trace_id, subject };
        state.insert_event(&mut event)?;
    }
    Ok(())
}

/// Writes what was done to a record, if the world is told of its kind.
pub(super) fn of_record(
    state: &mut dyn State,
    at: Place<'_>,
    record: &Record,
    change: CurrencyChange,
) -> Result<(), Failure> {
    if record.kind != RecordKind::CustomCurrency {
        return Ok(());
    }
    let mut event = DomainEvent {
        position: 0,
        environment: record.environment,
        at: record.updated_at,
        trace_id: trace_id_of(at),
        subject: Subject::Currency { change, ordinal: record.ordinal },
    };
    Ok(state.insert_event(&mut event)?)
}

/// Writes that an endpoint is told of nothing any more, if it was until now.
pub(super) fn of_endpoint(
    state: &mut dyn State,
    at: Place<'_>,
    before: &WebhookEndpoint,
    record: &Record,
) -> Result<(), Failure> {
    let Some(WebhookStatus::Disabled(stop)) = WebhookEndpoint::of(record).map(|it| it.status)
    else {
        return Ok(());
    };
    if before.status != WebhookStatus::Enabled {
        return Ok(());
    }
    let subject = Subject::EndpointDisabled { id: record.id.as_str().into(), stop };
    let environment = at.environment;
    let trace_id = trace_id_of(at);
    let at = record.updated_at;
    let mut event = DomainEvent { position: 0, environment, at, trace_id, subject };
    Ok(state.insert_event(&mut event)?)
}

/// What time brings has the empty one.
fn trace_id_of(at: Place<'_>) -> Option<TraceId> {
    Some(at.origin.trace_id).filter(|id| *id != TraceId::default())
}
