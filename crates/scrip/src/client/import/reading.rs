//! Files of an export: what APIs answer, as it was stored.

use serde_json::value::RawValue;

use super::options::Source;
use super::record::{Members, Place, Record, Remark};

/// Members in which answers wrap records.
const fn wrappers(source: Source) -> &'static [&'static str] {
    match source {
        Source::Stigg | Source::Stripe => &["data"],
        Source::Lago => &[
            "wallets",
            "wallet",
            "wallet_transactions",
            "wallet_transaction",
            "customers",
            "customer",
        ],
    }
}

/// How deep lists and wrappers may stand in each other.
const DEPTH_MAX: usize = 8;

/// The member by which a record is known to be one.
const fn mark(source: Source) -> &'static str {
    match source {
        Source::Stigg => "id",
        Source::Stripe => "object",
        Source::Lago => "lago_id",
    }
}

/// The records of a file, in their order, and what is wrong with those that are none.
pub fn records<'a>(source: Source, file: &str, text: &'a str) -> (Vec<Record<'a>>, Vec<Remark>) {
    let mut reader = Reader { source, file, records: Vec::new(), problems: Vec::new() };
    for value in serde_json::Deserializer::from_str(text).into_iter::<&'a RawValue>() {
        match value {
            Ok(value) => reader.take(value.get(), 0),
            Err(error) => {
                reader.problem(0, format!("is not JSON: {error}"));
                break;
            }
        }
    }
    (reader.records, reader.problems)
}

struct Reader<'a, 'f> {
    source: Source,
    file: &'f str,
    records: Vec<Record<'a>>,
    problems: Vec<Remark>,
}

impl<'a> Reader<'a, '_> {
    fn problem(&mut self, number: usize, words: String) {
        let place = Place { file: self.file.to_owned(), number, id: None };
        self.problems.push(Remark { place, field: String::new(), words });
    }

    /// A value of the file, or what it wraps.
    fn take(&mut self, text: &'a str, depth: usize) {
        let number = self.records.len() + 1;
        if depth > DEPTH_MAX {
            self.problem(number, "stands too deep in lists".to_owned());
            return;
        }
        if let Ok(items) = serde_json::from_str::<Vec<&'a RawValue>>(text) {
            items.into_iter().for_each(|item| self.take(item.get(), depth + 1));
            return;
        }
        let Ok(members) = Members::of(text) else {
            self.problem(number, "is neither an object nor a list".to_owned());
            return;
        };
        let is_list = matches!(members.text("object"), Ok(Some(kind)) if kind == "list");
        if members.raw(mark(self.source)).is_none() || is_list && self.source == Source::Stripe {
            let wrapped: Vec<_> =
                wrappers(self.source).iter().filter_map(|name| members.raw(name)).collect();
            if wrapped.is_empty() {
                let words = format!("is no record of {}, and wraps none", self.source.name());
                self.problem(number, words);
            }
            wrapped.into_iter().for_each(|text| self.take(text, depth + 1));
            return;
        }
        let id = ["id", "lago_id"].into_iter().find_map(|name| members.text(name).ok().flatten());
        let place = Place { file: self.file.to_owned(), number, id };
        self.records.push(Record { place, text, members });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: Source, text: &str) -> String {
        let (records, problems) = records(source, "f", text);
        let mut lines: Vec<_> = records.iter().map(|record| record.place.to_string()).collect();
        lines.extend(problems.iter().map(ToString::to_string));
        lines.join("\n")
    }

    #[test]
    fn records_are_found_in_whatever_wraps_them() {
        let two = "f: record 1 \"a\"\nf: record 2 \"b\"";
        for text in [
            r#"{"data": [{"id": "a"}, {"id": "b"}], "pagination": {"next": null, "prev": null}}"#,
            r#"{"data": {"id": "a"}} {"data": {"id": "b"}}"#,
            "{\"id\": \"a\"}\n{\"id\": \"b\"}\n",
            r#"[{"id": "a"}, [{"id": "b"}]]"#,
            r#"{"data": []} [] {"id": "a"} {"data": [{"id": "b"}]}"#,
        ] {
            assert_eq!(read(Source::Stigg, text), two, "{text}");
        }
        let lago = r#"{"wallets": [{"lago_id": "a"}], "meta": {}} {"wallet": {"lago_id": "b"}}"#;
        assert_eq!(read(Source::Lago, lago), two);
        let stripe = r#"{"object": "list", "data": [{"object": "customer", "id": "a"}]}
            {"object": "billing.credit_grant", "id": "b"}"#;
        assert_eq!(read(Source::Stripe, stripe), two);
    }

    #[test]
    fn what_is_no_record_is_told() {
        for (text, told) in [
            (r#"{"data": [{"id": "a"}, {"id""#, "f: is not JSON: EOF while parsing"),
            ("<html>", "f: is not JSON: expected value at line 1 column 1"),
            (r#"[1]"#, "f: record 1: is neither an object nor a list"),
            (r#"{"message": "no"}"#, "f: record 1: is no record of stigg, and wraps none"),
        ] {
            let found = read(Source::Stigg, text);
            assert!(found.contains(told), "{text}: {found}");
        }
        let deep = "[".repeat(100_000);
        assert!(read(Source::Stigg, &deep).contains("is not JSON"));
        let deep = deep + &"]".repeat(100_000);
        assert_eq!(read(Source::Stigg, &deep), "f: record 1: stands too deep in lists");
    }
}
