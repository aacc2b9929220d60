//! Tables (RFC 4180), for spreadsheets and whoever loads them.
//!
//! A spreadsheet runs a text as a formula that begins with one of a few characters. What somebody else may
//! have chosen has a `'` before it then; numbers that are ours are never touched, so that a negative amount
//! stays a number.

use scrip_core::Credits;

/// What stands in a column.
pub(crate) enum Cell {
    Empty,
    /// Written as it is: a number.
    Amount(Credits),
    /// The same: a number, or what only we choose.
    Plain(String),
    /// What somebody else may have chosen.
    Text(String),
}

impl Cell {
    /// A text, if there is one.
    pub fn optional(text: Option<&str>) -> Self {
        text.map_or(Self::Empty, |text| Self::Text(text.to_owned()))
    }

    /// As it stands in the table.
    pub fn tell(self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Amount(amount) => amount.to_string(),
            Self::Plain(text) => text,
            // Taking one `'` away gives back what it was.
            Self::Text(text) if text.starts_with(RISKY) => format!("'{text}"),
            Self::Text(text) => text,
        }
    }
}

/// What a formula may begin with, line ends before it, and what is put before a text.
const RISKY: [char; 8] = ['=', '+', '-', '@', '\t', '\r', '\n', '\''];

/// Some lines of a table.
pub(crate) fn table(
    write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>,
) -> Vec<u8> {
    let mut table =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Memory takes everything, and every record has as many columns as the first.
    let _ = write(&mut table);
    table.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_not_run_as_formulas() {
        for (text, told) in [
            ("plain", "plain"),
            ("", ""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-a", "'-a"),
            ("@x", "'@x"),
            ("\t=1", "'\t=1"),
            ("\r=1", "'\r=1"),
            ("\n=1", "'\n=1"),
            ("'=1", "''=1"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(Cell::Text(text.to_owned()).tell(), told, "{text:?}");
        }
        assert_eq!(Cell::Amount(Credits::whole(-5)).tell(), "-5");
        assert_eq!(Cell::Plain("-5".to_owned()).tell(), "-5");
    }
}
