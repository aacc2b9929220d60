//! An export as a table (RFC 4180), for spreadsheets and whoever loads it.

use scrip_core::Credits;
use scrip_ledger::RowView;

use super::format::Line;
use crate::credits::ledger::view;
use crate::http::Numbers;
use crate::json::Writer;

/// What a row has in a column.
enum Cell {
    Empty,
    /// Written as it is: a number.
    Amount(Credits),
    /// What somebody else may have chosen.
    Text(String),
}

/// A column's name, and what a row has in it.
type Column = (&'static str, fn(&RowView) -> Cell);

/// The columns behind `record` and `cursor`.
const COLUMNS: [Column; 17] = [
    ("timestamp", |view| Cell::Text(view.row.attributed_at.to_string())),
    ("recordedAt", |view| Cell::Text(view.row.recorded_at.to_string())),
    ("eventType", |view| Cell::Text(view.part.event_type.as_str().to_owned())),
    ("amount", |view| Cell::Amount(view.part.amount)),
    ("balanceAfter", |view| Cell::Amount(view.balance_after)),
    ("customerId", |view| Cell::Text(view.wallet.customer.as_str().to_owned())),
    ("resourceId", |view| optional(view.wallet.resource.as_ref().map(|id| id.as_str()))),
    ("creditCurrencyId", |view| Cell::Text(view.wallet.currency.as_str().to_owned())),
    ("creditGrantId", |view| Cell::Text(view.part.grant.to_string())),
    ("reservationId", |view| optional(view.part.reservation.as_ref().map(|id| id.as_str()))),
    ("holdReturnedAmount", |view| view.part.hold_returned.map_or(Cell::Empty, Cell::Amount)),
    ("actor", |view| Cell::Text(view.row.actor.to_string())),
    ("idempotencyKey", |view| optional(view::idempotency_key(view))),
    ("dimensions", |view| json(view, view::dimensions, view::write_dimensions)),
    ("metadata", |view| json(view, view::metadata, |writer, texts| writer.texts(texts))),
    ("breakdown", |view| json(view, view::broken_down, view::write_breakdown)),
    ("hash", |view| Cell::Text(view.hash.to_string())),
];

/// The names of the columns.
pub(super) fn head() -> Vec<u8> {
    table(|table| {
        let names = COLUMNS.iter().map(|(name, _)| *name);
        table.write_record(["record", "cursor"].into_iter().chain(names))
    })
}

/// Some lines.
pub(super) fn lines<'a>(lines: impl Iterator<Item = (String, Line<'a>)>) -> Vec<u8> {
    table(|table| {
        for (cursor, line) in lines {
            let (record, view) = match line {
                Line::Row(view) => ("row", Some(view)),
                Line::End(_) => ("end", None),
            };
            let cells = COLUMNS.iter().map(|(_, cell)| view.map_or(Cell::Empty, cell));
            let told = [record.to_owned(), cursor].into_iter().chain(cells.map(Cell::tell));
            table.write_record(told.map(String::into_bytes))?;
        }
        Ok(())
    })
}

fn table(write: impl FnOnce(&mut csv::Writer<Vec<u8>>) -> Result<(), csv::Error>) -> Vec<u8> {
    let mut table =
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    // Memory takes everything, and every record has as many columns as the first.
    let _ = write(&mut table);
    table.into_inner().unwrap_or_default()
}

fn optional(text: Option<&str>) -> Cell {
    text.map_or(Cell::Empty, |text| Cell::Text(text.to_owned()))
}

/// A column that is JSON itself, if there is anything to tell.
fn json<'a, T>(
    view: &'a RowView,
    find: impl FnOnce(&'a RowView) -> Option<T>,
    write: impl FnOnce(&mut Writer, T),
) -> Cell {
    find(view).map_or(Cell::Empty, |found| {
        let mut writer = Writer::new(Numbers::AsNumbers);
        write(&mut writer, found);
        Cell::Text(writer.into_text())
    })
}

impl Cell {
    fn tell(self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Amount(amount) => amount.to_string(),
            // A spreadsheet would run it as a formula; taking one `'` away gives back what it was.
            Self::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) => {
                format!("'{text}")
            }
            Self::Text(text) => text,
        }
    }
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
            ("'=1", "''=1"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(Cell::Text(text.to_owned()).tell(), told, "{text:?}");
        }
        assert_eq!(Cell::Amount(Credits::whole(-5)).tell(), "-5");
    }
}
