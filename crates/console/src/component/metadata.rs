//! Metadata in a field: a line for each name, as in `plan=enterprise`.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Field, Kind};
use crate::action::Changes;
use crate::failure::Failure;
use crate::form::Form;

/// What a customer, a grant or a currency keeps for its owner.
pub type Metadata = BTreeMap<String, String>;

/// What the field is called, by the API and by people.
pub const METADATA: (&str, &str) = ("metadata", "Metadata");

/// The field in which all of it is written, in a form that has it: see [`with_metadata`].
pub fn metadata_field(form: &Form) -> Option<Field> {
    form.all(METADATA.0).next()?;
    let field = Field::optional(METADATA.0, METADATA.1, Kind::Lines);
    Some(field.hint("A line for each, as in plan=enterprise; what is not written here is removed"))
}

/// A form with it, where lines can say it.
pub fn with_metadata(form: Form, metadata: &Metadata) -> Form {
    match metadata_lines(metadata) {
        Some(lines) => form.and(METADATA.0, &lines),
        None => form,
    }
}

/// As it is written into the field; none where lines cannot say it.
fn metadata_lines(metadata: &Metadata) -> Option<String> {
    let lines: Vec<_> = metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let lines = lines.join("\n");
    (read_lines(&lines).as_ref() == Some(metadata)).then_some(lines)
}

/// As it stands in what changes; none where lines cannot say it.
pub fn metadata_in_words(metadata: &Metadata) -> Option<String> {
    let lines = metadata_lines(metadata)?;
    Some(if lines.is_empty() { "–".to_owned() } else { lines })
}

/// Sends it, if the form has it and it is to change. What cannot be read is refused by the API in its
/// words.
pub fn put_metadata(changes: &mut Changes<'_>) {
    let Some(lines) = changes.form().all(METADATA.0).next() else { return };
    match read_lines(lines) {
        None => changes.insert(METADATA.0, json!(lines)),
        Some(metadata) => {
            let after = metadata_in_words(&metadata).unwrap_or_default();
            changes.put(METADATA.0, METADATA.1, &after, json!(metadata));
        }
    }
}

/// What is written into the field; nothing where a form does not have it.
pub fn written_metadata(form: &Form) -> Result<Option<Metadata>, Failure> {
    let name = METADATA.0;
    let Some(lines) = form.all(name).next() else { return Ok(None) };
    let wrong = || Failure::of_field(format!("{name} must be lines as plan=enterprise, each once"));
    read_lines(lines).map(Some).ok_or_else(wrong)
}

fn read_lines(lines: &str) -> Option<Metadata> {
    let mut metadata = Metadata::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once('=')?;
        let (name, value) = (name.trim().to_owned(), value.trim().to_owned());
        if name.is_empty() || metadata.insert(name, value).is_some() {
            return None;
        }
    }
    Some(metadata)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata<const N: usize>(pairs: [(&str, &str); N]) -> Metadata {
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    /// What cannot be said in lines is not offered to be changed in them: it would be something else.
    #[test]
    fn lines_say_the_same_or_nothing() {
        for said in [metadata([]), metadata([("plan", "enterprise"), ("note", "a = b"), ("x", "")])]
        {
            let lines = metadata_lines(&said);
            assert_eq!(lines.as_deref().and_then(read_lines), Some(said));
        }
        for unsaid in [("a=b", "c"), ("a", "two\nlines"), (" a", "b"), ("a", "b "), ("", "b")] {
            assert_eq!(metadata_lines(&metadata([unsaid])), None, "{unsaid:?}");
        }
    }

    #[test]
    fn a_form_says_it_or_leaves_it() {
        let read = |lines| written_metadata(&Form::of([("metadata", lines)]));
        let both = metadata([("plan", "pro"), ("seats", "5")]);
        assert!(matches!(read("plan = pro\n\nseats=5\n"), Ok(Some(read)) if read == both));
        assert!(matches!(read(""), Ok(Some(none)) if none.is_empty()));
        assert!(matches!(written_metadata(&Form::default()), Ok(None)));
        for wrong in ["plan", "=pro", "a=1\na=2"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
