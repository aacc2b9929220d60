//! Records of an export, and their members. Numbers are read from their text: no float comes near one.

use std::collections::BTreeMap;
use std::fmt;

use scrip_core::limits::AMOUNT_MAX;
use scrip_core::{Credits, Timestamp};
use serde_json::value::RawValue;

use crate::client::output::plain;

/// Where something stands in an export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The record in it, from 1; 0 is the file itself.
    pub number: usize,
    /// The source's id of the record, where it has one.
    pub id: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plain(&self.file))?;
        if self.number > 0 {
            write!(f, ": record {}", self.number)?;
        }
        match &self.id {
            Some(id) => write!(f, " \"{}\"", plain(id)),
            None => Ok(()),
        }
    }
}

/// Something to say about a member of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// The record.
    pub place: Place,
    /// The member; empty for the whole record.
    pub field: String,
    /// What is to be said.
    pub words: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field.as_str() {
            "" => write!(f, "{}: {}", self.place, plain(&self.words)),
            field => write!(f, "{}: {}: {}", self.place, plain(field), plain(&self.words)),
        }
    }
}

/// Why a member cannot be read.
#[derive(Debug)]
pub struct Wrong {
    /// Which.
    pub field: String,
    /// Why.
    pub words: String,
}

impl Wrong {
    /// A member and why.
    pub fn new(field: &str, words: impl Into<String>) -> Self {
        Self { field: field.to_owned(), words: words.into() }
    }
}

/// A record as it was written.
pub struct Record<'a> {
    /// Where it stands.
    pub place: Place,
    /// Its text.
    pub text: &'a str,
    /// What it has.
    pub members: Members<'a>,
}

/// The members of an object. `null` is as good as absent.
#[derive(Default)]
pub struct Members<'a> {
    members: BTreeMap<String, &'a RawValue>,
    /// Before the names of members, in what is told.
    path: String,
}

impl<'a> Members<'a> {
    /// Those of an object.
    pub fn of(text: &'a str) -> Result<Self, Wrong> {
        Self::at(text, String::new())
    }

    fn at(text: &'a str, path: String) -> Result<Self, Wrong> {
        let members = serde_json::from_str(text);
        let members = members.map_err(|_| Wrong::new(&path, "must be an object"))?;
        Ok(Self { members, path })
    }

    /// What is said about a member.
    pub fn wrong(&self, name: &str, words: impl Into<String>) -> Wrong {
        let field =
            if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Wrong { field, words: words.into() }
    }

    /// A member as it was written.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.members.get(name).map(|value| value.get()).filter(|text| *text != "null")
    }

    /// A member that must be there.
    pub fn required<T>(&self, name: &str, value: Option<T>) -> Result<T, Wrong> {
        value.ok_or_else(|| self.wrong(name, "is missing"))
    }

    /// A text.
    pub fn text(&self, name: &str) -> Result<Option<String>, Wrong> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let text = serde_json::from_str(raw).map_err(|_| self.wrong(name, "must be a text"))?;
        Ok(Some(text))
    }

    /// A text that must be there, and hold something.
    pub fn filled(&self, name: &str) -> Result<String, Wrong> {
        let text = self.required(name, self.text(name)?)?;
        if text.is_empty() { Err(self.wrong(name, "must not be empty")) } else { Ok(text) }
    }

    /// The identifier of something that may stand here whole.
    pub fn id(&self, name: &str) -> Result<String, Wrong> {
        match self.raw(name) {
            Some(raw) if raw.starts_with('{') => {
                Self::at(raw, self.wrong(name, "").field)?.filled("id")
            }
            _ => self.filled(name),
        }
    }

    /// Whether something is so; not, if it is not said.
    pub fn is(&self, name: &str) -> Result<Option<bool>, Wrong> {
        match self.raw(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    /// A decimal number, written as a number or as a text.
    pub fn amount(&self, name: &str) -> Result<Option<Credits>, Wrong> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let text = match raw.starts_with('"') {
            true => self.text(name)?.unwrap_or_default(),
            false => raw.to_owned(),
        };
        let amount = Credits::parse(&text).map_err(|error| self.wrong(name, error.to_string()))?;
        if amount > AMOUNT_MAX || amount < Credits::ZERO.minus(AMOUNT_MAX).unwrap_or_default() {
            return Err(self.wrong(name, format!("is beyond {AMOUNT_MAX}")));
        }
        Ok(Some(amount))
    }

    /// An amount that must be there, and not below 0.
    pub fn some_amount(&self, name: &str) -> Result<Credits, Wrong> {
        let amount = self.required(name, self.amount(name)?)?;
        if amount.is_negative() { Err(self.wrong(name, "must not be below 0")) } else { Ok(amount) }
    }

    /// A whole number.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, Wrong> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let number = raw.parse().map_err(|_| self.wrong(name, "must be a whole number"))?;
        Ok(Some(number))
    }

    /// A number from 0 to 100; 50, if it is not said.
    pub fn priority(&self, name: &str) -> Result<i64, Wrong> {
        match self.integer(name)?.unwrap_or(50) {
            priority @ 0..=100 => Ok(priority),
            _ => Err(self.wrong(name, "must be from 0 to 100")),
        }
    }

    /// An instant as ISO 8601 writes it.
    pub fn instant(&self, name: &str) -> Result<Option<Timestamp>, Wrong> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        let instant = Timestamp::parse(&text);
        Ok(Some(instant.map_err(|_| self.wrong(name, "must be an instant as ISO 8601 writes it"))?))
    }

    /// An instant in seconds since 1970.
    pub fn seconds(&self, name: &str) -> Result<Option<Timestamp>, Wrong> {
        let Some(seconds) = self.integer(name)? else { return Ok(None) };
        let instant = seconds.checked_mul(1_000).map(Timestamp::from_milliseconds);
        match instant {
            Some(Ok(instant)) => Ok(Some(instant)),
            _ => Err(self.wrong(name, "is no instant")),
        }
    }

    /// The members of a member.
    pub fn object(&self, name: &str) -> Result<Option<Self>, Wrong> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        Ok(Some(Self::at(raw, self.wrong(name, "").field)?))
    }

    /// The items of a member, each as it was written.
    pub fn items(&self, name: &str) -> Result<Vec<&'a str>, Wrong> {
        let Some(raw) = self.raw(name) else { return Ok(Vec::new()) };
        let items: Vec<&RawValue> =
            serde_json::from_str(raw).map_err(|_| self.wrong(name, "must be a list"))?;
        Ok(items.into_iter().map(RawValue::get).collect())
    }

    /// Texts by name.
    pub fn texts(&self, name: &str) -> Result<BTreeMap<String, String>, Wrong> {
        let Some(raw) = self.raw(name) else { return Ok(BTreeMap::new()) };
        serde_json::from_str(raw).map_err(|_| self.wrong(name, "must be an object of texts"))
    }
}
