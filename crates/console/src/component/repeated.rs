//! What cannot be taken back: its id is written once more.

use super::{Field, Kind};
use crate::failure::Failure;
use crate::form::Form;

/// A field in which an id is repeated.
pub struct Repeated {
    /// What the field is called.
    pub field: &'static str,
    /// What people read.
    pub label: &'static str,
    /// What is called so.
    pub noun: &'static str,
}

impl Repeated {
    /// The only field of its form.
    pub fn fields(&self) -> Vec<Field> {
        vec![Field::required(self.field, self.label, Kind::Text)]
    }

    /// Refuses a form that is meant for another one.
    pub fn check(&self, form: &Form, id: &str) -> Result<(), Failure> {
        if form.text(self.field) == Some(id) {
            return Ok(());
        }
        Err(Failure::of_field(format!(
            "{} must be {id}, as the {} is called",
            self.field, self.noun
        )))
    }

    /// Refuses for another reason.
    pub fn refuse(&self, why: &str) -> Failure {
        Failure::of_field(format!("{}: {why}", self.field))
    }
}
