//! What Stripe says when it says no.

use serde_json::{Value, json};

/// A refusal, with what it is answered as.
#[derive(Debug)]
pub struct Refusal {
    /// The status of the answer.
    pub status: u16,
    /// The error of its body.
    pub error: Value,
    /// Whether the request was carried out as far as it could be, so that its key remembers it.
    pub is_remembered: bool,
}

impl Refusal {
    /// A request that is not written as it must be. Its key remembers nothing.
    pub fn invalid(param: &str, code: &str, message: &str) -> Self {
        let error = json!({
            "type": "invalid_request_error", "code": code, "param": param, "message": message,
        });
        Self { status: 400, error, is_remembered: false }
    }

    /// A parameter that Stripe, or this, does not know.
    pub fn unknown_parameter(name: &str) -> Self {
        let message = format!("Received unknown parameter: {name}");
        Self::invalid(name, "parameter_unknown", &message)
    }

    /// A parameter that must be there.
    pub fn missing(name: &str) -> Self {
        Self::invalid(name, "parameter_missing", &format!("Missing required param: {name}."))
    }

    /// An object that a parameter or a path names and that is none.
    pub fn no_such(kind: &str, id: &str, param: &str, status: u16) -> Self {
        let message = format!("No such {kind}: '{id}'");
        Self { status, ..Self::invalid(param, "resource_missing", &message) }
    }

    /// Something that cannot be done as things stand.
    pub fn state(message: &str) -> Self {
        let error = json!({"type": "invalid_request_error", "message": message});
        Self { status: 400, error, is_remembered: true }
    }

    /// A payment that was declined.
    pub fn declined(error: Value) -> Self {
        Self { status: 402, error, is_remembered: true }
    }

    /// A refusal of another kind.
    pub fn other(status: u16, kind: &str, code: Option<&str>, message: &str) -> Self {
        let error = json!({"type": kind, "code": code, "message": message});
        Self { status, error, is_remembered: false }
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        json!({"error": self.error})
    }
}
