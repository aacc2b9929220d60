//! Environments: worlds of their own within an account, of which none sees anything of another.
//!
//! Everything that is kept carries the number of its environment. An environment that is reset gets
//! another number, and the one that it had is given to nobody again: what bears it stays for `verify`,
//! and is nothing that anybody can ask for (decision record 30).

use scrip_core::{EnvironmentId, Timestamp};
use serde_json::{Map, Value};

use crate::account::all_of_system;
use crate::{Account, KeySecret, Ledger, LedgerError, NewRecord, PlaceName, Record, RecordKind};

/// Environments of a store that are not archived: whoever looks after what is due looks at each.
pub(crate) const ENVIRONMENTS_MAX: usize = 100;

/// What no environment is called: its pages are at `/console/` and its name, and there is something else.
pub(crate) const RESERVED_NAMES: [&str; 2] = ["assets", "sign-in"];

const NAME: &str = "name";
const DISPLAY_NAME: &str = "displayName";
const TYPE: &str = "type";
const ACCOUNT: &str = "account";
const HOME: &str = "home";
const MADE: &str = "madeAtMilliseconds";
const RESET: &str = "resetAtMilliseconds";
const SUCCESSOR: &str = "successor";

/// What an environment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentType {
    /// For real.
    Production,
    /// For trying things: it may have a test clock, and can be reset.
    Sandbox,
}

impl EnvironmentType {
    /// Every type as the API spells it.
    pub const NAMES: [(&'static str, Self); 2] =
        [("PRODUCTION", Self::Production), ("SANDBOX", Self::Sandbox)];

    /// As the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        let [(production, _), (sandbox, _)] = Self::NAMES;
        match self {
            Self::Production => production,
            Self::Sandbox => sandbox,
        }
    }

    /// Reads the API's spelling.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::NAMES.into_iter().find(|(name, _)| *name == text).map(|(_, it)| it)
    }
}

/// An environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Environment {
    /// The number that everything in it bears.
    pub number: EnvironmentId,
    /// The number that it had first, before it was reset; it stays.
    pub home: EnvironmentId,
    /// What it is called outside, over all accounts.
    pub id: String,
    /// What people call it.
    pub display_name: String,
    /// What it is for.
    pub environment_type: EnvironmentType,
    /// Whose it is: the account's identifier.
    pub account: String,
    /// When it was made.
    pub made_at: Timestamp,
    /// When it was reset last.
    pub reset_at: Option<Timestamp>,
    /// When it was archived, if it is.
    pub archived_at: Option<Timestamp>,
    /// When anything of this changed last.
    pub updated_at: Timestamp,
}

/// An environment that is to be made, with its first key.
#[derive(Clone, Debug)]
pub struct NewEnvironment {
    /// What it is to be called outside.
    pub id: PlaceName,
    /// What people call it.
    pub display_name: String,
    /// What it is for.
    pub environment_type: EnvironmentType,
    /// Whose it is to be.
    pub account: String,
    /// What its first key is called, which may everything.
    pub key_name: String,
    /// That key's secret.
    pub key_secret: KeySecret,
    /// Who makes it, as keys say it.
    pub created_by: Option<String>,
}

/// What is done about accounts and environments.
#[derive(Clone, Debug)]
pub enum EnvironmentChange {
    /// Make an account with an environment.
    CreateAccount(Account, NewEnvironment),
    /// End an account: all of its environments are archived with it.
    ArchiveAccount(String),
    /// Make an environment.
    Create(NewEnvironment),
    /// End an environment: its keys are refused, time stands still in it, nothing is told of it.
    Archive(EnvironmentId),
    /// Let a SANDBOX begin anew, empty, with its keys and under its name.
    Reset(EnvironmentId),
}

impl Environment {
    /// The environment that a record is; none for another record.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        if record.kind != RecordKind::Environment {
            return None;
        }
        let number = EnvironmentId(record.id.parse().ok()?);
        let instant = |member: &str| {
            let at = record.body.get(member).and_then(Value::as_i64)?;
            Timestamp::from_milliseconds(at).ok()
        };
        let id = record.text(NAME)?.to_owned();
        let home = record.text(HOME).and_then(|text| text.parse().ok()).map(EnvironmentId);
        Some(Self {
            number,
            home: home.unwrap_or(number),
            display_name: record.text(DISPLAY_NAME).map_or_else(|| id.clone(), str::to_owned),
            id,
            environment_type: EnvironmentType::parse(record.text(TYPE)?)?,
            account: record.text(ACCOUNT).unwrap_or(Account::FIRST).to_owned(),
            made_at: instant(MADE).unwrap_or(record.created_at),
            reset_at: instant(RESET),
            archived_at: record.archived_at,
            updated_at: record.updated_at,
        })
    }

    /// The record of a new environment of this number.
    pub(crate) fn record(new: &NewEnvironment, number: EnvironmentId) -> NewRecord {
        let members = [
            (NAME, new.id.as_str()),
            (DISPLAY_NAME, new.display_name.as_str()),
            (TYPE, new.environment_type.as_str()),
            (ACCOUNT, new.account.as_str()),
        ];
        let body = members.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect();
        NewRecord { kind: RecordKind::Environment, id: number.0.to_string(), body }
    }

    /// The members of its record under another number.
    pub(crate) fn reset_body(&self, now: Timestamp) -> Map<String, Value> {
        let members = [
            (NAME, Value::from(self.id.as_str())),
            (DISPLAY_NAME, self.display_name.as_str().into()),
            (TYPE, self.environment_type.as_str().into()),
            (ACCOUNT, self.account.as_str().into()),
            (HOME, self.home.0.to_string().into()),
            (MADE, self.made_at.milliseconds().into()),
            (RESET, now.milliseconds().into()),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// What is kept of a number that nobody has any more: what its record said, and who has it now.
    pub(crate) fn retired(record: &Record, successor: EnvironmentId) -> NewRecord {
        let mut body = record.body.clone();
        body.insert(SUCCESSOR.to_owned(), successor.0.to_string().into());
        NewRecord { kind: RecordKind::RetiredEnvironment, id: record.id.clone(), body }
    }

    /// Whether it may have a test clock and be reset.
    #[must_use]
    pub fn is_sandbox(&self) -> bool {
        self.environment_type == EnvironmentType::Sandbox
    }
}

/// Every environment, archived ones too, by their numbers.
pub async fn all_environments(ledger: &dyn Ledger) -> Result<Vec<Environment>, LedgerError> {
    let records = all_of_system(ledger, RecordKind::Environment).await?;
    let mut found: Vec<Environment> = records.iter().filter_map(Environment::of).collect();
    found.sort_by_key(|environment| environment.number);
    Ok(found)
}

/// The environment that is called so. A store that an older release opened after a reset may have two
/// of a name: the one that was made last is meant.
pub async fn environment_called(
    ledger: &dyn Ledger,
    id: &str,
) -> Result<Option<Environment>, LedgerError> {
    let all = all_environments(ledger).await?;
    Ok(all.into_iter().rev().find(|environment| environment.id == id))
}

/// The environment of a number.
pub async fn environment_numbered(
    ledger: &dyn Ledger,
    number: EnvironmentId,
) -> Result<Option<Environment>, LedgerError> {
    let id = number.0.to_string();
    let record = ledger.record(crate::SYSTEM, RecordKind::Environment, &id).await?;
    Ok(record.as_ref().and_then(Environment::of))
}
