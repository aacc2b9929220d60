//! Words for JSON Schema (2020-12, as OpenAPI 3.1 has it).

use scrip_core::limits::{METADATA_KEYS_MAX, METADATA_VALUE_MAX, SHORT_TEXT_MAX};
use serde_json::{Map, Value, json};

/// The pattern of customer ids.
pub(crate) const CUSTOMER_ID: &str = "^[a-zA-Z0-9][a-zA-Z0-9_|.@-]*$";
/// The pattern of resource and currency ids.
pub(crate) const PLAIN_ID: &str = "^[a-zA-Z0-9][a-zA-Z0-9_|.-]*$";

/// A member of an object.
pub(crate) struct Member {
    name: &'static str,
    required: bool,
    schema: Value,
}

/// A member that is always there.
pub(crate) fn required(name: &'static str, schema: Value) -> Member {
    Member { name, required: true, schema }
}

/// A member that may be absent.
pub(crate) fn optional(name: &'static str, schema: Value) -> Member {
    Member { name, required: false, schema }
}

/// An object of a request: nothing else may be in it.
pub(crate) fn closed(members: impl IntoIterator<Item = Member>) -> Value {
    let mut schema = open(members);
    schema["additionalProperties"] = json!(false);
    schema
}

/// An object of an answer: later versions may add to it.
pub(crate) fn open(members: impl IntoIterator<Item = Member>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for member in members {
        if member.required {
            required.push(Value::from(member.name));
        }
        properties.insert(member.name.to_owned(), member.schema);
    }
    let mut schema = json!({"type": "object", "properties": properties});
    if !required.is_empty() {
        schema["required"] = Value::from(required);
    }
    schema
}

/// `{"data": …}`.
pub(crate) fn data(schema: Value) -> Value {
    open([required("data", schema)])
}

/// `{"data": […], "pagination": …}`.
pub(crate) fn page(item: &str) -> Value {
    let cursor = || {
        let text = "Give it as `after` or `before` to go on; null where the list ends.";
        described(nullable(json!({"type": "string", "format": "uuid"})), text)
    };
    open([
        required("data", json!({"type": "array", "items": reference(item)})),
        required("pagination", open([required("next", cursor()), required("prev", cursor())])),
    ])
}

/// Another schema of the document.
pub(crate) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A string of at most 255 characters.
pub(crate) fn text() -> Value {
    text_up_to(SHORT_TEXT_MAX)
}

/// A string of at most so many characters.
pub(crate) fn text_up_to(length_max: usize) -> Value {
    json!({"type": "string", "maxLength": length_max})
}

/// A string of 1 to 255 characters.
pub(crate) fn filled_text() -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": SHORT_TEXT_MAX})
}

/// An identifier of this pattern.
pub(crate) fn id(pattern: &str) -> Value {
    json!({"type": "string", "minLength": 1, "maxLength": SHORT_TEXT_MAX, "pattern": pattern})
}

/// An instant.
pub(crate) fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// One of these strings.
pub(crate) fn choice<'a>(values: impl IntoIterator<Item = &'a str>) -> Value {
    json!({"type": "string", "enum": values.into_iter().collect::<Vec<_>>()})
}

/// A number.
pub(crate) fn number() -> Value {
    json!({"type": "number"})
}

/// An amount of an answer: a number, or a string for those who asked for strings.
pub(crate) fn amount() -> Value {
    json!({"type": ["number", "string"]})
}

/// An amount that a request names.
pub(crate) fn positive_amount() -> Value {
    json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1_000_000_000_000_000_u64})
}

/// A whole number of a range.
pub(crate) fn integer(minimum: i64, maximum: i64) -> Value {
    json!({"type": "integer", "minimum": minimum, "maximum": maximum})
}

/// True or false.
pub(crate) fn boolean() -> Value {
    json!({"type": "boolean"})
}

/// An object of strings within the limits of metadata.
pub(crate) fn metadata() -> Value {
    json!({
        "type": "object",
        "maxProperties": METADATA_KEYS_MAX,
        "propertyNames": {"maxLength": SHORT_TEXT_MAX},
        "additionalProperties": text_up_to(METADATA_VALUE_MAX),
    })
}

/// The same, or null.
pub(crate) fn nullable(mut schema: Value) -> Value {
    if let Some(name) = schema.get("type").and_then(Value::as_str) {
        schema["type"] = json!([name, "null"]);
        if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
        schema
    } else if let Some(names) = schema.get_mut("type").and_then(Value::as_array_mut) {
        names.push("null".into());
        schema
    } else {
        json!({"anyOf": [schema, {"type": "null"}]})
    }
}

/// The same, explained.
pub(crate) fn described(mut schema: Value, description: &str) -> Value {
    schema["description"] = Value::from(description);
    schema
}
