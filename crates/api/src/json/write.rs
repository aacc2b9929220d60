//! Writes answers. By hand, because amounts are exact numbers, or strings if the client asked.

use std::fmt::{self, Write as _};

use scrip_core::{Credits, Timestamp};

use crate::http::Numbers;

/// The body of a successful answer: `{"data": …}`.
pub(crate) fn document(numbers: Numbers, data: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::new(numbers);
    writer.object(|members| members.value("data", data));
    writer.finish()
}

/// A JSON text in the making.
pub(crate) struct Writer {
    out: String,
    numbers: Numbers,
}

impl Writer {
    /// Nothing yet.
    pub fn new(numbers: Numbers) -> Self {
        Self { out: String::with_capacity(512), numbers }
    }

    /// The text as bytes.
    pub fn finish(self) -> Vec<u8> {
        self.out.into_bytes()
    }

    /// The text.
    pub fn into_text(self) -> String {
        self.out
    }

    /// An object.
    pub fn object(&mut self, write: impl FnOnce(&mut Members<'_>)) {
        self.out.push('{');
        write(&mut Members { writer: self, first: true });
        self.out.push('}');
    }

    /// An array.
    pub fn array<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut write: impl FnMut(&mut Self, T),
    ) {
        self.out.push('[');
        for (index, item) in items.into_iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            write(self, item);
        }
        self.out.push(']');
    }

    /// A string.
    pub fn text(&mut self, text: &str) {
        self.out.push('"');
        let needs_escape = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        if !text.bytes().any(needs_escape) {
            self.out.push_str(text);
            self.out.push('"');
            return;
        }
        for character in text.chars() {
            match character {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                control if control < ' ' => self.format(format_args!("\\u{:04x}", control as u32)),
                other => self.out.push(other),
            }
        }
        self.out.push('"');
    }

    /// An object of strings.
    pub fn texts<'t>(&mut self, texts: impl IntoIterator<Item = (&'t String, &'t String)>) {
        self.object(|members| {
            for (key, text) in texts {
                members.named_by_client(key, |writer| writer.text(text));
            }
        });
    }

    /// A string whose spelling needs no escapes: an instant, an enum's name, a hash.
    pub fn plain(&mut self, text: impl fmt::Display) {
        self.format(format_args!("\"{text}\""));
    }

    /// An amount of credits.
    pub fn credits(&mut self, amount: Credits) {
        let text = amount.written();
        match self.numbers {
            Numbers::AsNumbers => self.raw(text.as_str()),
            Numbers::AsStrings => self.text(text.as_str()),
        }
    }

    /// An amount of money.
    pub fn amount(&mut self, amount: impl fmt::Display) {
        match self.numbers {
            Numbers::AsNumbers => self.format(format_args!("{amount}")),
            Numbers::AsStrings => self.plain(amount),
        }
    }

    /// A text that is JSON already.
    pub fn raw(&mut self, json: &str) {
        self.out.push_str(json);
    }

    /// A value that was kept as JSON.
    pub fn json(&mut self, value: &serde_json::Value) {
        self.format(format_args!("{value}"));
    }

    /// Null.
    pub fn null(&mut self) {
        self.out.push_str("null");
    }

    fn format(&mut self, arguments: fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.out.write_fmt(arguments);
    }
}

/// The members of an object in the making.
pub(crate) struct Members<'a> {
    writer: &'a mut Writer,
    first: bool,
}

impl Members<'_> {
    /// A member of any kind. The names are the API's and need no escapes.
    pub fn value(&mut self, name: &str, write: impl FnOnce(&mut Writer)) {
        if !self.first {
            self.writer.out.push(',');
        }
        self.first = false;
        self.writer.out.push('"');
        self.writer.out.push_str(name);
        self.writer.out.push_str("\":");
        write(self.writer);
    }

    /// A member whose name came from outside.
    pub fn named_by_client(&mut self, name: &str, write: impl FnOnce(&mut Writer)) {
        if !self.first {
            self.writer.out.push(',');
        }
        self.first = false;
        self.writer.text(name);
        self.writer.out.push(':');
        write(self.writer);
    }

    /// An object.
    pub fn object(&mut self, name: &str, write: impl FnOnce(&mut Members<'_>)) {
        self.value(name, |writer| writer.object(write));
    }

    /// An array.
    pub fn array<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        write: impl FnMut(&mut Writer, T),
    ) {
        self.value(name, |writer| writer.array(items, write));
    }

    /// A string.
    pub fn text(&mut self, name: &str, text: &str) {
        self.value(name, |writer| writer.text(text));
    }

    /// A string or null.
    pub fn text_or_null(&mut self, name: &str, text: Option<&str>) {
        match text {
            Some(text) => self.text(name, text),
            None => self.null(name),
        }
    }

    /// A string whose spelling needs no escapes.
    pub fn plain(&mut self, name: &str, text: impl fmt::Display) {
        self.value(name, |writer| writer.plain(text));
    }

    /// An instant or null.
    pub fn instant_or_null(&mut self, name: &str, at: Option<Timestamp>) {
        match at {
            Some(at) => self.plain(name, at),
            None => self.null(name),
        }
    }

    /// An amount of credits.
    pub fn credits(&mut self, name: &str, amount: Credits) {
        self.value(name, |writer| writer.credits(amount));
    }

    /// An amount of money.
    pub fn amount(&mut self, name: &str, amount: impl fmt::Display) {
        self.value(name, |writer| writer.amount(amount));
    }

    /// A count, which a number of JSON may be too large for elsewhere.
    pub fn count(&mut self, name: &str, count: u64) {
        self.value(name, |writer| writer.raw(&count.to_string()));
    }

    /// A whole number that is no amount.
    pub fn integer(&mut self, name: &str, number: impl Into<i64>) {
        let number = number.into();
        self.value(name, |writer| writer.format(format_args!("{number}")));
    }

    /// A boolean.
    pub fn flag(&mut self, name: &str, flag: bool) {
        self.value(name, |writer| writer.out.push_str(if flag { "true" } else { "false" }));
    }

    /// Null.
    pub fn null(&mut self, name: &str) {
        self.value(name, Writer::null);
    }

    /// An object of strings.
    pub fn texts<'t>(
        &mut self,
        name: &str,
        texts: impl IntoIterator<Item = (&'t String, &'t String)>,
    ) {
        self.value(name, |writer| writer.texts(texts));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_what_serde_json_reads() {
        let nasty = "a\"b\\c\nd\re\tf\u{0}g\u{1f}h\u{7f}é\u{2028}😀";
        let bytes = document(Numbers::AsNumbers, |writer| {
            writer.object(|members| {
                members.text("nasty", nasty);
                members.credits("amount", Credits::from_billionths(1));
                members.object("inner", |inner| {
                    inner.named_by_client(nasty, Writer::null);
                    inner.flag("flag", true);
                });
                members.array("list", [1, 2], |writer, item| writer.amount(item));
            });
        });
        let read: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(read["data"]["nasty"], nasty);
        assert_eq!(read["data"]["inner"][nasty], serde_json::Value::Null);
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.contains("\"amount\":0.000000001,"), "{text}");
        assert!(text.ends_with("\"list\":[1,2]}}"), "{text}");
    }

    #[test]
    fn amounts_as_strings() {
        let bytes = document(Numbers::AsStrings, |writer| {
            writer.array([5, 6], |writer, whole| writer.credits(Credits::whole(whole)));
        });
        assert_eq!(bytes, b"{\"data\":[\"5\",\"6\"]}");
    }
}
