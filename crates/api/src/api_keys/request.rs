//! What requests say of a key.

use scrip_core::Timestamp;
use scrip_core::limits::SHORT_TEXT_MAX;
use scrip_ledger::{Permissions, Scope};
use serde_json::{Value, json};

use crate::error::ApiError;
use crate::fields;
use crate::http::Call;
use crate::json::Text;
use crate::openapi::schema::{choice, text_up_to};

/// A key's name: not empty.
pub(super) fn name(text: &Text<'_>) -> Result<String, ApiError> {
    fields::visible_text("name", text)
}

/// Scopes, each once or several times; `full` stands alone.
pub(super) fn scopes(names: &[Text<'_>]) -> Result<Permissions, ApiError> {
    let mut known = vec![(Permissions::FULL, None)];
    known.extend(Scope::ALL.map(|scope| (scope.as_str(), Some(scope))));
    let mut scopes = Vec::new();
    for (index, Text(name)) in names.iter().enumerate() {
        scopes.push(fields::choice(&format!("scopes[{index}]"), name, &known)?);
    }
    if scopes.is_empty() {
        return Err(ApiError::bad_input("scopes must name at least one scope"));
    }
    let named: Option<Vec<Scope>> = scopes.iter().copied().collect();
    match named {
        Some(scopes) => Ok(Permissions::of(scopes)),
        None if scopes.iter().all(Option::is_none) => Ok(Permissions::Full),
        None => Err(ApiError::bad_input("scopes must not name others beside `full`")),
    }
}

/// When a key is to end: in the future of real time, whatever test clocks say.
pub(super) fn expires_at(call: &Call, text: &Text<'_>) -> Result<Timestamp, ApiError> {
    let end = fields::instant("expiresAt", &text.0)?;
    if end <= call.real_now() {
        return Err(ApiError::bad_input("expiresAt must be in the future"));
    }
    Ok(end)
}

pub(super) fn name_schema() -> Value {
    let mut name = text_up_to(SHORT_TEXT_MAX);
    name["minLength"] = Value::from(1);
    // Something to be seen.
    name["pattern"] = Value::from("\\S");
    name
}

pub(super) fn scopes_schema() -> Value {
    let names = [Permissions::FULL].into_iter().chain(Scope::ALL.map(Scope::as_str));
    json!({"type": "array", "items": choice(names), "minItems": 1})
}
