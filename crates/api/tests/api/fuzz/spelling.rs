//! JSON texts, taken apart and spelt in another way.

use std::fmt::{self, Write as _};

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A JSON value; numbers as they were written.
#[derive(Debug)]
pub enum Tree {
    Object(Vec<(String, Tree)>),
    Array(Vec<Tree>),
    Text(String),
    Number(String),
    Word(String),
}

impl Tree {
    /// Reads a text; none if it is no JSON.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        Self::of_raw(serde_json::from_str(text).ok()?)
    }

    fn of_raw(raw: &RawValue) -> Option<Self> {
        let text = raw.get();
        Some(match text.as_bytes()[0] {
            b'{' => {
                let Members(members) = serde_json::from_str(text).ok()?;
                let members =
                    members.into_iter().map(|(name, raw)| Some((name, Self::of_raw(raw)?)));
                Self::Object(members.collect::<Option<_>>()?)
            }
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                Self::Array(items.into_iter().map(Self::of_raw).collect::<Option<_>>()?)
            }
            b'"' => Self::Text(serde_json::from_str(text).ok()?),
            b't' | b'f' | b'n' => Self::Word(text.to_owned()),
            _ => Self::Number(text.to_owned()),
        })
    }

    /// The names of all members.
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Object(members) => {
                let below = members.iter().flat_map(|(_, value)| value.names());
                members.iter().map(|(name, _)| name.clone()).chain(below).collect()
            }
            Self::Array(items) => items.iter().flat_map(Self::names).collect(),
            _ => Vec::new(),
        }
    }

    /// The same value: members the other way round, every character escaped, numbers with an
    /// exponent and one more digit.
    pub fn spelt_otherwise(&self) -> String {
        let mut out = String::new();
        self.write(&mut out);
        out
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Object(members) => {
                list(out, ['{', '}'], members.iter().rev(), |out, (name, value)| {
                    write_text(out, name);
                    out.push_str(" :\t");
                    value.write(out);
                });
            }
            Self::Array(items) => list(out, ['[', ']'], items.iter(), |out, item| item.write(out)),
            Self::Text(text) => write_text(out, text),
            Self::Number(text) => {
                let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "+0"));
                let point = if mantissa.contains('.') { "" } else { "." };
                let _ = write!(out, "{mantissa}{point}0E{exponent}");
            }
            Self::Word(text) => out.push_str(text),
        }
    }
}

fn list<T>(
    out: &mut String,
    [open, close]: [char; 2],
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T),
) {
    out.push(open);
    for (index, item) in items.enumerate() {
        out.push_str(if index == 0 { "\r\n" } else { " ,\n" });
        write(out, item);
    }
    out.push(close);
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for unit in text.encode_utf16() {
        let _ = write!(out, "\\u{unit:04x}");
    }
    out.push('"');
}

/// The members of an object as they come, also those that come twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Collect).map(Members)
    }
}
