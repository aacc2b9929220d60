//! Accounts and environments as requests name them, and who may change them.

use scrip_core::Entity;
use scrip_ledger::{
    Account, Environment, PlaceName, Record, all_accounts, all_environments, environment_called,
    environment_numbered,
};

use crate::app::App;
use crate::error::ApiError;
use crate::http::Call;
use crate::lookup::not_found;
use crate::{accounts, environments, people};

/// Whether a path is about accounts and not about what is in one environment.
pub(crate) fn is_of_account(path: &str) -> bool {
    [accounts::PREFIX, environments::PREFIX, people::PREFIX].iter().any(|prefix| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

/// The environment of whoever asks, with its account.
pub(crate) async fn own(call: &Call) -> Result<Environment, ApiError> {
    let gone = || ApiError::unavailable("the environment was reset in this moment; try again");
    call.ledger().environment().await?.ok_or_else(gone)
}

/// The environment that is called so, whosever it is, archived or not. Once found it is found by its
/// number: who it is that asks is known only behind this, and is not to have all of them looked through.
pub(crate) async fn called(app: &App, id: &str) -> Result<Option<Environment>, ApiError> {
    if PlaceName::parse(id).is_none() {
        return Ok(None);
    }
    if let Some(number) = app.number_called(id) {
        let found = environment_numbered(app.whole_ledger(), number).await?;
        // One that was reset has another number by now.
        if let Some(found) = found.filter(|environment| environment.id == id) {
            return Ok(Some(found));
        }
    }
    let found = environment_called(app.whole_ledger(), id).await?;
    if let Some(found) = &found {
        app.note_number(id, found.number);
    }
    Ok(found)
}

/// The environments of the account of whoever asks, by their numbers, archived ones too.
pub(crate) async fn of_account(call: &Call, account: &str) -> Result<Vec<Environment>, ApiError> {
    let mut all = all_environments(call.app().whole_ledger()).await?;
    all.retain(|environment| environment.account == account);
    Ok(all)
}

/// The environment in the path. One of another account is none.
pub(crate) async fn in_path(call: &Call, account: &str) -> Result<Environment, ApiError> {
    let id = call.path("environmentId");
    let found = of_account(call, account).await?.into_iter().rev().find(|it| it.id == id);
    found.ok_or_else(|| not_found(Entity::Environment, id))
}

/// The accounts that whoever asks may see: his own, or all of them if it is the first one.
pub(crate) async fn accounts(call: &Call, own: &str) -> Result<Vec<(Record, Account)>, ApiError> {
    let mut all = all_accounts(call.app().whole_ledger()).await?;
    all.retain(|(_, account)| own == Account::FIRST || account.id == own);
    Ok(all)
}

/// What an account is made of (its environments and its people) is for a full key of a PRODUCTION environment,
/// or for an owner: what is given away for trying things must not be able to end what is real, nor to let
/// somebody in who is.
pub(crate) fn may_administer(call: &Call, own: &Environment) -> Result<(), ApiError> {
    if call.caller().is_person() || !own.is_sandbox() {
        return Ok(());
    }
    let message = "a key of a SANDBOX environment administers neither environments nor people of its \
                   account: ask with a full key of a PRODUCTION environment";
    Err(ApiError::forbidden("AccessDeniedError", message))
}

/// Accounts are made and ended from the first one, which is that of whoever runs the server.
pub(crate) fn may_administer_accounts(call: &Call, own: &Environment) -> Result<(), ApiError> {
    may_administer(call, own)?;
    if own.account == Account::FIRST {
        return Ok(());
    }
    let message = format!("accounts are made and ended from the account `{}`", Account::FIRST);
    Err(ApiError::forbidden("AccessDeniedError", message))
}

/// Refuses whoever would change something in an environment that is archived. Its keys are refused anyway,
/// so only people can come so far.
pub(crate) async fn refuse_archived(call: &Call) -> Result<(), ApiError> {
    let own = own(call).await?;
    if own.archived_at.is_none() {
        return Ok(());
    }
    let message = format!("the environment `{}` is archived: it can only be read", own.id);
    Err(ApiError::forbidden("AccessDeniedError", message))
}
