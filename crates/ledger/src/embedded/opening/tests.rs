//! What the owner reads when a directory is not opened.

use std::time::Duration;

use super::*;

#[test]
fn every_refusal_says_what_and_where() {
    let path = || PathBuf::from("/data");
    let io = || std::io::Error::other("no");
    let loss = Loss {
        end: 6,
        until: 9,
        witnesses: vec!["mark".to_owned(), "snapshots.db".to_owned()],
        other_row: None,
        other_ledger: false,
    };
    let other_row = Loss { until: 6, other_row: Some(5), ..loss.clone() };
    let both = Loss { other_row: Some(5), ..loss.clone() };
    let other_ledger = Loss { until: 0, other_ledger: true, ..loss.clone() };
    let advice = "Put back the ledger.db and ledger.db-wal that belong here, or go on without";
    let lost = |what: &str| {
        format!("rows were lost: {what}. {advice} these rows: scrip recover --accept-loss")
    };
    let rows = [
        (OpenError::Directory { path: path(), error: io() }, "the data directory /data: no"),
        (
            OpenError::Held { path: path(), holder: "7".to_owned() },
            "the data directory /data is in use by process 7",
        ),
        (OpenError::Missing { path: path() }, "there is no ledger at /data"),
        (
            OpenError::Format { found: 5, known: 4 },
            "the ledger has format 5; this version of Scrip knows format 4",
        ),
        (OpenError::Random("no".to_owned()), "random bytes: no"),
        (
            OpenError::Sqlite(rusqlite::Error::QueryReturnedNoRows),
            "ledger.db: Query returned no rows",
        ),
        (
            OpenError::Damaged(Finding::row(7, "the row is missing")),
            "the ledger is damaged: entries 7: the row is missing",
        ),
        (
            OpenError::Lost(loss),
            &lost(
                "3 rows are missing, 7 to 9; the ledger ends at row 6, says ledger.db, but not \
                 mark, snapshots.db",
            ),
        ),
        (
            OpenError::Lost(other_row),
            &lost(
                "row 5 is not the one that was acknowledged; the ledger ends at row 6, says \
                 ledger.db, but not mark, snapshots.db",
            ),
        ),
        (
            OpenError::Lost(both),
            &lost(
                "3 rows are missing, 7 to 9, and row 5 is not the one that was acknowledged; the \
                 ledger ends at row 6, says ledger.db, but not mark, snapshots.db",
            ),
        ),
        (
            OpenError::Lost(other_ledger),
            &lost("ledger.db is not the ledger of this directory, says mark, snapshots.db"),
        ),
        (
            OpenError::Gone { path: path(), witness: "mark" },
            &format!(
                "/data is missing or empty, but there was a ledger, says mark. {advice} their rows: scrip \
                 recover --accept-loss"
            ),
        ),
        (OpenError::Store(StoreError::DiskFull), "there is no room left on the disk"),
        (OpenError::Mark(io()), "the mark file: no"),
        (OpenError::Thread(io()), "starting a thread: no"),
    ];
    for (error, text) in rows {
        assert_eq!(error.to_string(), text);
    }
}

/// Whichever thread failed, the writer still waits for messages.
#[test]
fn a_ledger_closes_after_a_failure_too() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Embedded::open(directory.path(), Options::default(), |_, _| {}).unwrap();
    ledger.shared.fail("the keeper panicked");
    let (done, is_done) = mpsc::channel();
    std::thread::spawn(move || {
        ledger.close_blocking();
        done.send(())
    });
    is_done.recv_timeout(Duration::from_secs(20)).unwrap();
}
