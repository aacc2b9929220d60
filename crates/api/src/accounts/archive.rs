//! `POST /api/v1/accounts/{accountId}/archive`: ends an account with all of its environments.

use scrip_core::Entity;
use scrip_ledger::{Account, Answer, EnvironmentChange, Work};

use super::{TAG, view};
use crate::error::ApiError;
use crate::http::{Numbers, Reply, Write};
use crate::json::document;
use crate::lookup::{answered, not_found};
use crate::openapi::Operation;
use crate::places;

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let own = places::own(call).await?;
    places::may_administer_accounts(call, &own)?;
    let id = call.path("accountId");
    let known = places::accounts(call, &own.account).await?;
    if !known.iter().any(|(_, account)| account.id == id) {
        return Err(not_found(Entity::Account, id));
    }
    if id == Account::FIRST {
        let message = "accountId: the account of whoever runs the server is not archived";
        return Err(ApiError::bad("InvalidArgumentError", message));
    }
    let change = EnvironmentChange::ArchiveAccount(id.to_owned());
    let work = Work::ChangeEnvironments(Box::new(change));
    write.execute_once_shown(work, None, |answer, _| render(answer)).await
}

fn render(answer: &Answer) -> Result<Reply, ApiError> {
    let (record, account) = answered(answer, "an account", Account::of)?;
    Ok(Reply::ok(document(Numbers::AsNumbers, |writer| {
        writer.object(|members| view::write(members, record, &account));
    })))
}

pub(super) fn operation() -> Operation {
    Operation::new("archiveAccount", TAG, "Archive an account")
        .text(
            "For good, from the account `default`, with all of its environments: their keys are \
             refused from the answer on.",
        )
        .path("accountId", "The account's id")
        .answers(200, "The account, archived", "AccountResponse")
        .refuses(&[404])
}
