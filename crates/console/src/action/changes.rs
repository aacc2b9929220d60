//! What an operation changes of a thing that is there.

use serde_json::{Map, Value};

use super::{BEFORE, WHAT};
use crate::form::Form;

/// The members of an operation that changes a thing: those alone that are to change, by the form of its plan.
/// What somebody else changed of it meanwhile stays. It depends on the form alone, so that a button that is
/// pressed twice asks for the same twice.
pub struct Changes<'a> {
    form: &'a Form,
    members: Map<String, Value>,
}

impl<'a> Changes<'a> {
    /// None yet.
    pub fn of(form: &'a Form) -> Self {
        Self { form, members: Map::new() }
    }

    /// What the form says.
    pub const fn form(&self) -> &'a Form {
        self.form
    }

    /// A member, if what the plan calls so is to become this, in words.
    pub fn put(&mut self, name: &str, what: &str, after: &str, value: Value) {
        let mut lines = self.form.all(WHAT).zip(self.form.all(BEFORE));
        if lines.find(|(known, _)| *known == what).is_none_or(|(_, before)| before != after) {
            self.insert(name, value);
        }
    }

    /// A member, whatever the plan says.
    pub fn insert(&mut self, name: &str, value: Value) {
        self.members.insert(name.to_owned(), value);
    }

    /// The operation's body.
    pub fn body(self) -> Value {
        Value::Object(self.members)
    }
}
