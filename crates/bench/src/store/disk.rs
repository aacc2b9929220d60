//! What a consumption takes on the disk, by file.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scrip_ledger::Ledger as _;
use scrip_ledger::embedded::Options;

use super::Sizes;
use super::load::{self, Load};
use crate::output::{Table, mebibytes, ratio};
use crate::workload::Among;

/// Bytes of each file; those of a folder together.
type Files = BTreeMap<String, u64>;

/// Files before and after a load.
pub struct Growth {
    before: Files,
    after: Files,
    /// Consumptions between both.
    pub consumptions: u64,
}

impl Growth {
    /// Bytes that came to all files.
    pub fn bytes(&self) -> u64 {
        let sum = |files: &Files| files.values().sum::<u64>();
        sum(&self.after).saturating_sub(sum(&self.before))
    }
}

/// Loads the wallets in use, and shows how the files grow.
pub async fn run(sizes: &Sizes, directory: &Path, run: u64) -> anyhow::Result<()> {
    let growth = measure(sizes, directory, run).await?;
    let title = format!(
        "Files before and after {} consumptions of {} wallets, both after a stop",
        growth.consumptions, sizes.hot
    );
    table(&growth).print(&title);
    Ok(())
}

/// Loads the wallets in use, and compares the files after a stop with what they were.
pub async fn measure(sizes: &Sizes, directory: &Path, run: u64) -> anyhow::Result<Growth> {
    let before = files(directory)?;
    let ledger = load::open(directory, Options::default())?;
    let counted = Arc::new(AtomicU64::new(0));
    let among = Among::of(sizes.hot, sizes.wallets);
    let load = Load { callers: 4, items: 1_000, among, run };
    let rows = sizes.rows;
    load.count(&ledger, &counted, move |done| done < rows).await?;
    ledger.close().await;
    drop(ledger);
    let after = files(directory)?;
    Ok(Growth { before, after, consumptions: counted.load(Ordering::Relaxed) })
}

fn table(Growth { before, after, consumptions }: &Growth) -> Table {
    let mut table = Table::new(&["file", "before MiB", "after MiB", "more bytes a consumption"]);
    let mut row = |name: &str, before: u64, after: u64| {
        let more = ratio(u128::from(after.saturating_sub(before)), u128::from(*consumptions));
        table.row([name.to_owned(), mebibytes(before), mebibytes(after), more]);
    };
    for (name, bytes) in after {
        row(name, before.get(name).copied().unwrap_or_default(), *bytes);
    }
    row("all", before.values().sum(), after.values().sum());
    table
}

fn files(directory: &Path) -> anyhow::Result<Files> {
    let mut files = Files::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            files.insert(format!("{name}/"), self::files(&entry.path())?.values().sum());
        } else {
            files.insert(name, entry.metadata()?.len());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_counts_as_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("keys");
        std::fs::create_dir(&keys).unwrap();
        for (path, bytes) in [(keys.join("a"), 3), (keys.join("b"), 4)] {
            std::fs::write(path, vec![0; bytes]).unwrap();
        }
        std::fs::write(directory.path().join("mark"), [0; 5]).unwrap();
        let expected = [("keys/".to_owned(), 7), ("mark".to_owned(), 5)];
        assert_eq!(files(directory.path()).unwrap(), Files::from(expected));
    }
}
