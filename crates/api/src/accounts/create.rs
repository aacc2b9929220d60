//! `POST /api/v1/accounts`: another account, with an environment and its first key.

use scrip_ledger::{Account, EnvironmentChange, EnvironmentType, NewEnvironment, PlaceName, Work};
use serde::Deserialize;
use serde_json::Value;

use super::{TAG, view};
use crate::api_keys::secret::{self, key_id};
use crate::environments::create::{
    FIRST_KEY_NAME, display_name, display_name_schema, place_name, place_name_schema,
};
use crate::environments::view::FirstKey;
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::{Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{closed, described, optional, required};
use crate::places;

/// What the name of an account's first environment has behind the account's.
const FIRST_ENVIRONMENT: &str = "-production";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    display_name: Option<Text<'a>>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let own = places::own(call).await?;
    places::may_administer_accounts(call, &own)?;
    let request: Request<'_> = read_body(write.body())?;
    let id = place_name("id", &request.id)?;
    let environment_id = PlaceName::parse(&format!("{id}{FIRST_ENVIRONMENT}"));
    let environment_id = environment_id.ok_or_else(|| {
        let longest = PlaceName::LENGTH_MAX.saturating_sub(FIRST_ENVIRONMENT.len());
        ApiError::bad_input(format!("id must have at most {longest} characters"))
    })?;
    let display_name = display_name(request.display_name.as_ref(), &id)?;
    let account = Account { id: id.as_str().to_owned(), display_name };
    let minted = secret::mint(call);
    let key_id = key_id(&minted.kept);
    let first = NewEnvironment {
        display_name: environment_id.as_str().to_owned(),
        id: environment_id,
        environment_type: EnvironmentType::Production,
        account: account.id.clone(),
        key_name: FIRST_KEY_NAME.to_owned(),
        key_secret: minted.kept,
        created_by: Some(call.caller().key_id.to_string()),
    };
    let change = EnvironmentChange::CreateAccount(account.clone(), first);
    write
        .execute_once_shown(
            Work::ChangeEnvironments(Box::new(change)),
            Some(minted.secret),
            move |answer, secret| {
                let key = FirstKey { id: &key_id, secret };
                Ok(Reply::created(view::created(answer, &account, key)?).no_store())
            },
        )
        .await
}

pub(super) fn operation() -> Operation {
    Operation::new("createAccount", TAG, "Create an account")
        .text(
            "From the account `default`, which is that of whoever runs the server. It has one \
             PRODUCTION environment, called as the account with `-production` behind it; the answer \
             shows the secret of that environment's first key, and nothing shows it again. Others are \
             made with that key.",
        )
        .body("CreateAccountRequest")
        .answers(201, "The account, with its environment and that one's key", "CreatedAccountResponse")
}

pub(super) fn schema() -> Value {
    let mut id = place_name_schema();
    id["maxLength"] = PlaceName::LENGTH_MAX.saturating_sub(FIRST_ENVIRONMENT.len()).into();
    closed([
        required("id", described(id, "What headers call it, for ever")),
        optional("displayName", described(display_name_schema(), "Its id, if absent")),
    ])
}
