//! What an empty store gets: an account, its two environments, and a key for each.

use scrip_core::{EnvironmentId, Origin};
use serde_json::Value;

use crate::hex::to_hex;
use crate::{
    Account, ApiKey, Environment, EnvironmentType, KeyRefusal, KeySecret, Ledger, LedgerError,
    NewRecord, Order, PageRequest, RecordKind, RecordQuery, SYSTEM, Start, Work, all_environments,
};

/// The environment `production` of the default account: it is never reset.
pub const PRODUCTION: EnvironmentId = EnvironmentId(1);
/// The number that the environment `sandbox` of the default account has until it is reset, and its home
/// afterwards; it has a test clock.
pub const SANDBOX: EnvironmentId = EnvironmentId(2);

/// The environments of the default account: number, name, type.
const ENVIRONMENTS: [(u32, &str, EnvironmentType); 2] = [
    (PRODUCTION.0, "production", EnvironmentType::Production),
    (SANDBOX.0, "sandbox", EnvironmentType::Sandbox),
];

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
    let (mut keys, mut missing) = (Vec::new(), Vec::new());
    let mut fresh = Vec::new();
    let known = all_environments(ledger).await?;
    for (home, name, environment_type) in ENVIRONMENTS {
        let provided = if home == PRODUCTION.0 { &provided.production } else { &provided.sandbox };
        let is_it = |known: &&Environment| known.home.0 == home && known.id == name;
        let found = known.iter().rev().find(is_it);
        if found.is_some_and(|found| found.archived_at.is_some()) {
            if provided.is_some() {
                tracing::warn!(
                    environment = name,
                    "a key that the server was started with, of an environment that is archived"
                );
            }
            continue;
        }
        let number = found.map_or(EnvironmentId(home), |found| found.number);
        if found.is_none() {
            missing.push((home, name, environment_type));
        }
        let key = match provided {
            Some(key) => key.clone(),
            None if has_key(ledger, number).await? => continue,
            None => {
                let key = random_key()?;
                fresh.push(InitialKey { environment: name, key: key.clone() });
                key
            }
        };
        let home = (number.0 != home).then_some(EnvironmentId(home));
        let is_sandbox = environment_type == EnvironmentType::Sandbox;
        keys.push(ApiKey { home, ..ApiKey::full(number, is_sandbox, KeySecret::brought(&key)) });
    }
    if !fresh.is_empty() {
        keep(&fresh).map_err(|error| LedgerError::Internal(format!("initial keys: {error}")))?;
    }
    let text = |text: &str| Value::from(text);
    ensure(ledger, RecordKind::Account, Account::FIRST, [("name", text(Account::FIRST))]).await?;
    for (number, name, environment_type) in missing {
        let (kind, account) = (text(environment_type.as_str()), text(Account::FIRST));
        let members = [("name", text(name)), ("type", kind), ("account", account)];
        ensure(ledger, RecordKind::Environment, &number.to_string(), members).await?;
    }
    for key in keys {
        ensure_key(ledger, key).await?;
    }
    Ok(())
}

/// A key that is known is left as it is, whatever it may by now, and if that is nothing.
async fn ensure_key(ledger: &dyn Ledger, key: ApiKey) -> Result<(), LedgerError> {
    let hash = key.secrets.first().map_or([0; 32], |secret| secret.hash);
    match ledger.key_holder(hash) {
        Ok(_) => Ok(()),
        Err(KeyRefusal::Unknown) => ensure_record(ledger, key.record()).await,
        Err(refusal) => {
            let environment = key.environment.0;
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
    let work = Work::CreateRecord(new);
    let order = Order { environment: SYSTEM, origin: Origin::SYSTEM, work, remember: None };
    match ledger.execute(order).await {
        // Another node made it meanwhile.
        Err(LedgerError::Refused(_)) if ledger.record(SYSTEM, kind, &id).await?.is_some() => Ok(()),
        made => made.map(drop),
    }
}

async fn has_key(ledger: &dyn Ledger, environment: EnvironmentId) -> Result<bool, LedgerError> {
    let query = RecordQuery {
        environment: SYSTEM,
        kind: RecordKind::ApiKey,
        matching: vec![(ApiKey::ENVIRONMENT, environment.0.to_string())],
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
