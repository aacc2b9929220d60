//! What an export is written as.

use scrip_ledger::{ExportSlice, RowView};

use super::{csv, ndjson};
use crate::cursor::CursorScope;
use crate::http::Numbers;

/// What an export is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON text on every line.
    Ndjson,
    /// A table, RFC 4180.
    Csv,
}

/// A line of an export.
pub(super) enum Line<'a> {
    /// A row.
    Row(&'a RowView),
    /// Nothing comes after it; so many rows came before it.
    End(u64),
}

impl Format {
    /// In the order of the reference.
    pub const ALL: [Self; 2] = [Self::Ndjson, Self::Csv];

    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "NDJSON",
            Self::Csv => "CSV",
        }
    }

    /// As HTTP spells it.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// What stands before the first line.
    pub fn head(self) -> Vec<u8> {
        match self {
            Self::Ndjson => Vec::new(),
            Self::Csv => csv::head(),
        }
    }

    /// Some lines; behind the last slice's the one that says that it was the last. `before` is how
    /// many rows came before.
    pub fn lines(
        self,
        numbers: Numbers,
        scope: &CursorScope,
        slice: &ExportSlice,
        before: u64,
    ) -> Vec<u8> {
        let rows = slice.rows.iter().map(|(point, view)| (scope.write(*point), Line::Row(view)));
        let end = slice.is_last().then(|| {
            let rows = before.saturating_add(slice.rows.len() as u64);
            (scope.write(slice.reached), Line::End(rows))
        });
        let lines = rows.chain(end);
        match self {
            Self::Ndjson => ndjson::lines(numbers, lines),
            Self::Csv => csv::lines(lines),
        }
    }
}
