//! What an empty store gets: an account, its two environments, and a key for each.

use scrip_core::{Actor, EnvironmentId, Origin, TraceId};
use serde_json::Value;

use crate::api_key::to_hex;
use crate::{
    ApiKey, KeyRefusal, KeySecret, Ledger, LedgerError, NewRecord, Order, PageRequest, RecordKind,
    RecordQuery, SYSTEM, Start, Work,
};

/// The environment `production` of the default account.
pub const PRODUCTION: EnvironmentId = EnvironmentId(1);
/// The environment `sandbox` of the default account; it has a test clock.
pub const SANDBOX: EnvironmentId = EnvironmentId(2);

/// The environments of the default account: number, name, type.
const ENVIRONMENTS: [(u32, &str, &str); 2] =
    [(PRODUCTION.0, "production", "PRODUCTION"), (SANDBOX.0, "sandbox", "SANDBOX")];

/// Keys that the owner chose, instead of random ones.
#[derive(Clone, Default)]
pub struct ProvidedKeys {
    /// For `production`.
    pub production: Option<String>,
    /// For `sandbox`.
    pub sandbox: Option<String>,
}

/// A key that was made for an environment that had none.
#[derive(Clone)]
pub struct InitialKey {
    /// The environment's name.
    pub environment: &'static str,
    /// The key itself; stored nowhere but where `keep` puts it.
    pub key: String,
}

/// Makes what is missing of the default account, its environments and their keys. Fresh keys are
/// handed to `keep` before anything is stored: what cannot be kept is not made.
pub async fn bootstrap(
    ledger: &dyn Ledger,
    provided: ProvidedKeys,
    keep: impl FnOnce(&[InitialKey]) -> std::io::Result<()>,
) -> Result<(), LedgerError> {
    let mut keys = Vec::new();
    let mut fresh = Vec::new();
    for (number, name, environment_type) in ENVIRONMENTS {
        let provided =
            if number == PRODUCTION.0 { &provided.production } else { &provided.sandbox };
        match provided {
            Some(key) => keys.push((number, environment_type, key.clone())),
            None if has_key(ledger, number).await? => {}
            None => {
                let key = random_key()?;
                keys.push((number, environment_type, key.clone()));
                fresh.push(InitialKey { environment: name, key });
            }
        }
    }
    if !fresh.is_empty() {
        keep(&fresh).map_err(|error| LedgerError::Internal(format!("initial keys: {error}")))?;
    }
    let text = |text: &str| Value::from(text);
    ensure(ledger, RecordKind::Account, "default", [("name", text("default"))]).await?;
    for (number, name, environment_type) in ENVIRONMENTS {
        let members =
            [("name", text(name)), ("type", text(environment_type)), ("account", text("default"))];
        ensure(ledger, RecordKind::Environment, &number.to_string(), members).await?;
    }
    for (number, environment_type, key) in keys {
        let key = (EnvironmentId(number), environment_type == "SANDBOX", key.as_str());
        ensure_key(ledger, key).await?;
    }
    Ok(())
}

/// A key that is known is left as it is, whatever it may by now, and if that is nothing.
async fn ensure_key(
    ledger: &dyn Ledger,
    (environment, sandbox, secret): (EnvironmentId, bool, &str),
) -> Result<(), LedgerError> {
    let secret = KeySecret::brought(secret);
    match ledger.key_holder(secret.hash) {
        Ok(_) => Ok(()),
        Err(KeyRefusal::Unknown) => {
            ensure_record(ledger, ApiKey::full(environment, sandbox, secret).record()).await
        }
        Err(refusal) => {
            let environment = environment.0;
            tracing::warn!(environment, %refusal, "a key that the server was started with");
            Ok(())
        }
    }
}

async fn ensure<const N: usize>(
    ledger: &dyn Ledger,
    kind: RecordKind,
    id: &str,
    members: [(&str, Value); N],
) -> Result<(), LedgerError> {
    let body = members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    ensure_record(ledger, NewRecord { kind, id: id.to_owned(), body }).await
}

async fn ensure_record(ledger: &dyn Ledger, new: NewRecord) -> Result<(), LedgerError> {
    let (kind, id) = (new.kind, new.id.clone());
    if ledger.record(SYSTEM, kind, &id).await?.is_some() {
        return Ok(());
    }
    let origin = Origin { actor: Actor::System, trace_id: TraceId::default(), salt: [0; 16] };
    let work = Work::CreateRecord(new);
    match ledger.execute(Order { environment: SYSTEM, origin, work, remember: None }).await {
        // Another node made it meanwhile.
        Err(LedgerError::Refused(_)) if ledger.record(SYSTEM, kind, &id).await?.is_some() => Ok(()),
        made => made.map(drop),
    }
}

async fn has_key(ledger: &dyn Ledger, environment: u32) -> Result<bool, LedgerError> {
    let query = RecordQuery {
        environment: SYSTEM,
        kind: RecordKind::ApiKey,
        matching: vec![(ApiKey::ENVIRONMENT, environment.to_string())],
        created: crate::CreatedRange::default(),
        archived: Some(false),
        page: PageRequest { start: Start::Newest, limit: 1 },
    };
    Ok(!ledger.records(query).await?.items.is_empty())
}

/// `server-` and 160 random bits.
fn random_key() -> Result<String, LedgerError> {
    let mut bits = [0; 20];
    getrandom::fill(&mut bits)
        .map_err(|error| LedgerError::Internal(format!("random bytes: {error}")))?;
    Ok(format!("server-{}", to_hex(&bits)))
}
