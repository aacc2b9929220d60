//! Where answers and words go: the answer to standard output, everything else beside it.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::connection::Answer;
use super::failure::Failure;
use super::options::OutputOptions;

/// How the answer is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Table,
    /// For programs: an object on a line, as the server wrote it.
    Json,
}

impl OutputOptions {
    /// People read terminals.
    pub fn format(&self) -> Format {
        if self.table || !self.json && io::stdout().is_terminal() {
            Format::Table
        } else {
            Format::Json
        }
    }
}

/// What the API wraps its answers in.
#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
}

/// A page of a list.
#[derive(Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub data: Vec<T>,
    /// Of a list that comes whole there is none.
    #[serde(default)]
    pub pagination: Pagination,
}

/// The way on from a page.
#[derive(Default, Deserialize)]
pub struct Pagination {
    /// The cursor of what is older.
    pub next: Option<String>,
}

/// The `data` of an answer, as it was written.
pub fn data(answer: &Answer) -> Result<&RawValue, Failure> {
    Ok(parse::<Envelope<&RawValue>>(&answer.body)?.data)
}

/// The items of an answer that is a list, each as it was written.
pub fn items(answer: &Answer) -> Result<Vec<&RawValue>, Failure> {
    Ok(parse::<Envelope<Vec<&RawValue>>>(&answer.body)?.data)
}

/// Reads what the server wrote.
pub fn parse<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Failure> {
    let parsed = serde_json::from_slice(json);
    Ok(parsed.context("the answer is not what Scrip answers; is --url right?")?)
}

/// Writes to standard output. Whoever reads it may have seen enough.
pub fn write(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => Ok(written.context("writing the answer")?),
    }
}

/// Writes objects, one on a line.
pub fn write_objects(objects: &[&RawValue]) -> Result<(), Failure> {
    let mut text = String::new();
    for object in objects {
        text.push_str(object.get());
        text.push('\n');
    }
    write(&text)
}

/// Something to know beside the answer.
#[expect(clippy::print_stderr, reason = "what is no part of the answer stands beside it")]
pub fn tell(words: &str) {
    eprintln!("scrip: {words}");
}

/// What others wrote, without what a terminal obeys or what turns the direction of writing.
pub fn plain(text: &str) -> String {
    let mut told = String::with_capacity(text.len());
    for character in text.chars() {
        let turns = matches!(character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns {
            told.extend(character.escape_default());
        } else {
            told.push(character);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn nothing_is_obeyed() {
        assert_eq!(plain("Grüße 1.5"), "Grüße 1.5");
        assert_eq!(plain("a\x1b[2Jb\nc\u{9b}d\u{202e}e"), "a\\u{1b}[2Jb\\nc\\u{9b}d\\u{202e}e");
    }
}
