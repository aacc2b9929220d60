//! What is written into fields, as far as a page must understand it before the API does.

use scrip_core::Timestamp;
use serde_json::{Value, json};

use super::Instant;
use crate::failure::Failure;
use crate::form::Form;

/// The instant in a field, as the API writes it; none in one that is empty.
pub fn written_instant(form: &Form, field: &str) -> Result<Option<Instant>, Failure> {
    let Some(text) = form.text(field) else { return Ok(None) };
    let example = "2026-12-31T00:00:00Z";
    let wrong = |_| Failure::of_field(format!("{field} must be an instant, as in {example}"));
    Timestamp::parse(text).map(|at| Some(at.to_string())).map_err(wrong)
}

/// The priority in a form; none if it is left to the API.
pub fn written_priority(form: &Form) -> Result<Option<u8>, Failure> {
    let Some(text) = form.text("priority") else { return Ok(None) };
    let within = text.parse::<u8>().ok().filter(|priority| *priority <= 100);
    let wrong = || Failure::of_field("priority must be a number from 0 to 100");
    within.map(Some).ok_or_else(wrong)
}

/// A whole number as the API takes it. What is none is refused by the API in its words.
pub fn number_or_text(text: &str) -> Value {
    text.parse::<i64>().map_or_else(|_| json!(text), Value::from)
}
