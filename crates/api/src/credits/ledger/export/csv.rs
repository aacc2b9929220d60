//! An export as a table (RFC 4180), for spreadsheets and whoever loads it.

use scrip_ledger::RowView;

use super::format::Line;
use crate::credits::ledger::view;
use crate::http::Numbers;
use crate::json::Writer;
use crate::table::{Cell, table};

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
    ("resourceId", |view| Cell::optional(view.wallet.resource.as_ref().map(|id| id.as_str()))),
    ("creditCurrencyId", |view| Cell::Text(view.wallet.currency.as_str().to_owned())),
    ("creditGrantId", |view| Cell::Text(view.part.grant.to_string())),
    ("reservationId", |view| Cell::optional(view.part.reservation.as_ref().map(|id| id.as_str()))),
    ("holdReturnedAmount", |view| view.part.hold_returned.map_or(Cell::Empty, Cell::Amount)),
    ("actor", |view| Cell::Text(view.row.actor.to_string())),
    ("idempotencyKey", |view| Cell::optional(view::idempotency_key(view))),
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
