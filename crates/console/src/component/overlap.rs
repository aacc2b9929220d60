//! How long a secret that is replaced is good beside the new one.

use serde_json::{Value, json};

use super::{Choice, Field, Kind, number_or_text};
use crate::form::Form;

const FIELD: &str = "overlapSeconds";

/// What can be chosen, in the words of whatever has the secret: seconds and what they mean.
pub struct Overlaps(pub [(&'static str, &'static str); 4]);

impl Overlaps {
    /// The field in which it is chosen.
    pub fn field(&self) -> Field {
        let overlaps = self.0.map(|(value, text)| Choice::of(value, text)).into();
        Field::required(FIELD, "The secret in use", Kind::One(overlaps))
    }

    /// A day, unless something else is chosen.
    pub fn prefilled() -> Form {
        Form::of([(FIELD, "86400")])
    }

    /// What is chosen, in words.
    pub fn chosen(&self, form: &Form) -> String {
        let chosen = form.written(FIELD);
        let known = self.0.iter().find(|(value, _)| *value == chosen);
        known.map_or(chosen, |(_, text)| text).to_lowercase()
    }

    /// Whether it is good for any longer.
    pub fn goes_on(form: &Form) -> bool {
        form.text(FIELD) != Some("0")
    }

    /// The body of the operation.
    pub fn body(form: &Form) -> Value {
        json!({FIELD: number_or_text(form.written(FIELD))})
    }
}
