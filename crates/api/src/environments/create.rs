//! `POST /api/v1/environments`: another environment of the account, with its first key.

use scrip_ledger::{EnvironmentChange, EnvironmentType, NewEnvironment, PlaceName, Work};
use serde::Deserialize;
use serde_json::{Value, json};

use super::TAG;
use super::view::{self, FirstKey};
use crate::api_keys::secret::{self, key_id};
use crate::error::ApiError;
use crate::http::{Reply, Write};
use crate::json::{Text, read_body};
use crate::openapi::Operation;
use crate::openapi::schema::{choice, closed, described, optional, required, text_up_to};
use crate::{fields, places};

/// What the key is called that an environment is made with.
pub(crate) const FIRST_KEY_NAME: &str = "First key";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Request<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    display_name: Option<Text<'a>>,
    r#type: Text<'a>,
}

pub(super) async fn handler(write: Write) -> Result<Reply, ApiError> {
    let call = write.call();
    let own = places::own(call).await?;
    places::may_administer(call, &own)?;
    let request: Request<'_> = read_body(write.body())?;
    let id = place_name("id", &request.id)?;
    let display_name = display_name(request.display_name.as_ref(), &id)?;
    let environment_type = fields::choice("type", &request.r#type.0, &EnvironmentType::NAMES)?;
    let minted = secret::mint(call);
    let key_id = key_id(&minted.kept);
    let new = NewEnvironment {
        id,
        display_name,
        environment_type,
        account: own.account,
        key_name: FIRST_KEY_NAME.to_owned(),
        key_secret: minted.kept,
        created_by: Some(call.caller().key_id.to_string()),
    };
    let work = Work::ChangeEnvironments(Box::new(EnvironmentChange::Create(new)));
    write
        .execute_once_shown(work, Some(minted.secret), move |answer, secret| {
            let key = FirstKey { id: &key_id, secret };
            Ok(Reply::created(view::with_key(answer, key)?).no_store())
        })
        .await
}

/// What an account or an environment is to be called.
pub(crate) fn place_name(field: &str, text: &Text<'_>) -> Result<PlaceName, ApiError> {
    PlaceName::parse(&text.0).ok_or_else(|| {
        ApiError::bad_input(format!(
            "{field} must be 1 to {} lower-case letters, digits and hyphens, and begin with a letter",
            PlaceName::LENGTH_MAX
        ))
    })
}

/// What people are to call it; its identifier, if nobody says.
pub(crate) fn display_name(text: Option<&Text<'_>>, id: &PlaceName) -> Result<String, ApiError> {
    let Some(text) = text else { return Ok(id.as_str().to_owned()) };
    fields::visible_text("displayName", text)
}

pub(super) fn operation() -> Operation {
    Operation::new("createEnvironment", TAG, "Create an environment")
        .text(
            "In the account that the request is for. It is empty, and nothing of it is seen from \
             another one. The answer shows the secret of its first key, which may everything there, \
             and nothing shows it again.",
        )
        .body("CreateEnvironmentRequest")
        .answers(201, "The environment, with its first key", "EnvironmentWithKeyResponse")
}

pub(crate) fn place_name_schema() -> Value {
    json!({"type": "string", "pattern": "^[a-z][a-z0-9-]*$", "maxLength": PlaceName::LENGTH_MAX})
}

pub(crate) fn display_name_schema() -> Value {
    let mut name = text_up_to(scrip_core::limits::SHORT_TEXT_MAX);
    name["pattern"] = Value::from("\\S");
    crate::openapi::schema::nullable(name)
}

pub(super) fn schema() -> Value {
    let id = "What headers and paths call it; of no other environment of any account, and for ever";
    closed([
        required("id", described(place_name_schema(), id)),
        optional("displayName", described(display_name_schema(), "Its id, if absent")),
        required("type", choice(EnvironmentType::NAMES.map(|(name, _)| name))),
    ])
}
