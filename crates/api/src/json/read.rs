//! Reads bodies. A good one is parsed once; a bad one a second time, to name the field.

use serde::Deserialize;

use super::Object;
use crate::error::ApiError;

/// Reads a body that is an object of this form.
pub(crate) fn read_body<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, ApiError> {
    // Whether it is a text is looked at once, not for each string. One that is none is refused where it
    // ceases to be.
    let read = match std::str::from_utf8(bytes) {
        Ok(text) => serde_json::from_str::<Object<T>>(text),
        Err(_) => serde_json::from_slice::<Object<T>>(bytes),
    };
    match read {
        Ok(Object(value)) => Ok(value),
        Err(error) => Err(located::<T>(bytes, &error)),
    }
}

/// Checks a body where none is needed: absent, empty, null or an object without members.
pub(crate) fn read_nothing(bytes: &[u8]) -> Result<(), ApiError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    let trimmed = bytes.trim_ascii();
    if trimmed.is_empty() || trimmed == b"null" {
        return Ok(());
    }
    read_body::<Nothing>(trimmed).map(|Nothing {}| ())
}

#[cold]
fn located<'a, T: Deserialize<'a>>(bytes: &'a [u8], error: &serde_json::Error) -> ApiError {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, Object<T>>(&mut deserializer) {
        Err(located) => match located.path().to_string().as_str() {
            "." | "?" => ApiError::bad_input(format!("the body was refused: {}", located.inner())),
            path => ApiError::bad_input(format!("{path} was refused: {}", located.inner())),
        },
        // What follows a complete object is no part of it.
        Ok(_) => ApiError::bad_input(format!("the body was refused: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Metadata, Number, Text};

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only the way in matters here")]
    struct Inner<'a> {
        #[serde(borrow)]
        amount: Number<'a>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only the way in matters here")]
    struct Outer<'a> {
        #[serde(borrow)]
        display_name: Text<'a>,
        #[serde(borrow)]
        items: Option<Vec<Object<Inner<'a>>>>,
        metadata: Option<Metadata>,
    }

    #[test]
    fn names_the_field() {
        let deep = format!("{{\"displayName\":{}1{}}}", "[".repeat(9000), "]".repeat(9000));
        let bodies = [
            r#""#,
            r#"["a"]"#,
            r#"{}"#,
            r#"{"displayName":null}"#,
            r#"{"displayName":5}"#,
            r#"{"displayName":"a","displayName":"b"}"#,
            r#"{"displayName":"a","x":1}"#,
            r#"{"displayName":"a","items":[{"amount":1},{}]}"#,
            r#"{"displayName":"a","items":[[1]]}"#,
            r#"{"displayName":"a","items":[{"amount":1,"y":2}]}"#,
            r#"{"displayName":"a","metadata":{"k":1}}"#,
            r#"{"displayName":"a","metadata":{"k":"1","k":"1"}}"#,
            r#"{"displayName":"a","metadata":[]}"#,
            r#"{"displayName":"a"} x"#,
            r#"{"displayName":"a","items":[{"amount":NaN}]}"#,
            r#"{"displayName":"\ud800"}"#,
            &deep,
        ];
        let told = bodies.map(|body| {
            let error = read_body::<Outer<'_>>(body.as_bytes()).map(|_| ()).unwrap_err();
            format!("{body:.60}\n    {}\n", error.message())
        });
        insta::assert_snapshot!(told.concat());
        let error = read_body::<Outer<'_>>(b"{\"displayName\":\"\xff\"}").map(|_| ()).unwrap_err();
        assert!(error.message().contains("invalid unicode"), "{}", error.message());
    }

    #[test]
    fn nothing_is_nothing() {
        for body in ["", " \n", "null", "{}", " { } "] {
            assert!(read_nothing(body.as_bytes()).is_ok(), "{body}");
        }
        for body in ["{\"a\":1}", "[]", "1", "{"] {
            assert!(read_nothing(body.as_bytes()).is_err(), "{body}");
        }
    }
}
