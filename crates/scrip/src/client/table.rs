//! Tables for terminals.

use super::output::plain;

/// Which side of its column a cell keeps to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Texts.
    Left,
    /// Amounts.
    Right,
}

/// Rows under a head. They may come in stretches: widths only grow, and the head stands once.
pub struct Table {
    columns: Vec<(&'static str, Side)>,
    widths: Vec<usize>,
    is_begun: bool,
}

impl Table {
    /// A table of these columns.
    pub fn new(columns: &[(&'static str, Side)]) -> Self {
        let widths = columns.iter().map(|(name, _)| name.chars().count()).collect();
        Self { columns: columns.to_vec(), widths, is_begun: false }
    }

    /// The next rows; before the first of them, the head.
    pub fn rows(&mut self, rows: &[Vec<String>]) -> String {
        let rows: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| shown(cell)).collect()).collect();
        for row in &rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let mut text = String::new();
        if !self.is_begun {
            self.is_begun = true;
            let names = self.columns.iter().map(|(name, _)| (*name).to_owned());
            self.line(&mut text, &names.collect::<Vec<_>>());
        }
        for row in &rows {
            self.line(&mut text, row);
        }
        text
    }

    fn line(&self, text: &mut String, cells: &[String]) {
        let mut line = String::new();
        for ((cell, width), (_, side)) in cells.iter().zip(&self.widths).zip(&self.columns) {
            if !line.is_empty() {
                line.push_str("  ");
            }
            match side {
                Side::Left => line.push_str(&format!("{cell:<width$}")),
                Side::Right => line.push_str(&format!("{cell:>width$}")),
            }
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// Names with their values, one on a line.
pub fn card(members: &[(&str, String)]) -> String {
    let width = members.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    let line = |(name, value): &(&str, String)| format!("{name:<width$}  {}\n", shown(value));
    members.iter().map(line).collect()
}

/// A cell that holds nothing is seen to hold nothing.
fn shown(cell: &str) -> String {
    if cell.is_empty() { "-".to_owned() } else { plain(cell) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_over_stretches() {
        let mut table =
            Table::new(&[("Grant", Side::Left), ("Amount", Side::Right), ("Key", Side::Left)]);
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let first = table.rows(&[row(["ä", "-0.5", ""]), row(["a-long-one", "1000", "k\x07"])]);
        let second = table.rows(&[row(["b", "12345678", "l"])]);
        insta::assert_snapshot!(first + &second, @r"
        Grant       Amount  Key
        ä             -0.5  -
        a-long-one    1000  k\u{7}
        b           12345678  l
        ");
    }

    #[test]
    fn a_card_has_a_line_for_each_member() {
        let members = [("Id", "g".to_owned()), ("Resource", String::new())];
        insta::assert_snapshot!(card(&members), @r"
        Id        g
        Resource  -
        ");
    }
}
