//! An export as lines of JSON.

use super::format::Line;
use crate::credits::ledger::view;
use crate::http::Numbers;
use crate::json::Writer;

/// Some lines.
pub(super) fn lines<'a>(
    numbers: Numbers,
    lines: impl Iterator<Item = (String, Line<'a>)>,
) -> Vec<u8> {
    let mut writer = Writer::new(numbers);
    for (cursor, line) in lines {
        writer.object(|members| {
            match line {
                Line::Row(view) => view::write_members(members, view),
                Line::End(rows) => {
                    members.flag("end", true);
                    members.integer("rows", i64::try_from(rows).unwrap_or(i64::MAX));
                }
            }
            members.plain("cursor", cursor);
        });
        writer.raw("\n");
    }
    writer.finish()
}
