//! What is printed: tables as the answer, progress beside them.

use std::time::Duration;

/// A line of the answer.
#[expect(clippy::print_stdout, reason = "the table is the command's answer")]
pub fn print(line: &str) {
    println!("{line}");
}

/// A line of progress.
#[expect(clippy::print_stderr, reason = "progress goes beside the table")]
pub fn tell(line: &str) {
    eprintln!("{line}");
}

/// A line of progress on a terminal, instead of the one that was told so before.
#[expect(clippy::print_stderr, reason = "progress goes beside the table")]
pub fn tell_over(line: &str) {
    eprint!("\r{line}\x1b[K");
}

/// A table of Markdown, under its title.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these columns.
    pub fn new(columns: &[&str]) -> Self {
        let header = columns.iter().map(|column| (*column).to_owned()).collect();
        let rule = columns.iter().map(|_| "---".to_owned()).collect();
        Self { rows: vec![header, rule] }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// All its lines.
    pub fn text(&self) -> String {
        self.rows.iter().map(|row| format!("| {} |\n", row.join(" | "))).collect()
    }

    /// Prints it.
    pub fn print(&self, title: &str) {
        print(&format!("\n{title}\n\n{}", self.text()));
    }
}

/// A time in milliseconds with two decimals.
pub fn milliseconds(time: Duration) -> String {
    decimal(time.as_micros() / 10)
}

/// One number divided by another, with two decimals, rounded down.
pub fn ratio(part: u128, whole: u128) -> String {
    decimal(part * 100 / whole.max(1))
}

/// Bytes in mebibytes, rounded down.
pub fn mebibytes(bytes: u64) -> String {
    (bytes >> 20).to_string()
}

/// Hundredths as a decimal.
pub fn decimal(hundredths: u128) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_zeros() {
        assert_eq!(milliseconds(Duration::from_micros(1_049)), "1.04");
        assert_eq!(milliseconds(Duration::from_secs(2)), "2000.00");
        assert_eq!(ratio(1, 20), "0.05");
        assert_eq!(ratio(7, 0), "7.00");
    }
}
