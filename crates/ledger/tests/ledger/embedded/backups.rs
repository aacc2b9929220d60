//! Backups: of a store in use, as of one moment, found again whole or not at all.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use scrip_ledger::Ledger as _;
use scrip_ledger::Work;
use scrip_ledger::conformance::{World, item, wallet};
use scrip_ledger::embedded::{
    BackedUp, BackupError, BackupStage, Embedded, OpenError, Options, Proof, Restored, back_up,
    recover, restore, verify,
};

use super::store::Store;

/// Rows beyond which they are not all copied as of the last moment.
const MANY: usize = 17_000;

/// A store with a grant and some consumptions, and where its backup goes.
struct Given {
    store: Store,
    room: tempfile::TempDir,
}

impl Given {
    async fn of_rows(consumptions: usize) -> Self {
        let store = Store::new();
        let opened = store.fresh().await;
        opened.world.grant(&wallet("ann/gold"), "g", "1000000").await;
        consume(&opened.world, "k", consumptions).await;
        opened.close().await;
        fs::write(store.path().join("initial-keys"), "sandbox server-sandbox\n").unwrap();
        Self { store, room: tempfile::tempdir().unwrap() }
    }

    fn to(&self) -> PathBuf {
        self.room.path().join("backup")
    }

    fn back_up(&self, proof: Proof) -> Result<BackedUp, BackupError> {
        back_up(self.store.path(), &self.to(), proof, |_, _, _| {})
    }

    /// Nothing lies where the backup should be, nor beside it.
    #[track_caller]
    fn is_without_a_trace(&self) {
        let left: Vec<_> = fs::read_dir(self.room.path()).unwrap().collect();
        assert!(left.is_empty(), "{left:?}");
    }

    fn restore_to(&self, directory: &Path, proof: Proof) -> Result<Restored, BackupError> {
        restore(&self.to(), directory, proof, |_, _, _| {})
    }
}

async fn consume(world: &World, prefix: &str, count: usize) {
    let wallet = wallet("ann/gold");
    for first in (0..count).step_by(1_000) {
        let last = (first + 1_000).min(count);
        let items = (first..last).map(|n| item(&wallet, &format!("{prefix}{n}"), "1")).collect();
        world.done(Work::ConsumeBatch(items)).await;
    }
}

fn contents(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let read = |entry: fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        entry.path().is_file().then(|| (name, fs::read(entry.path()).unwrap()))
    };
    fs::read_dir(directory).unwrap().filter_map(|entry| read(entry.unwrap())).collect()
}

fn secret_and_incidents(store: &Store) -> (Vec<u8>, Vec<(String, String)>) {
    let sql = store.sql();
    let secret =
        sql.query_row("select value from meta where name = 'secret'", [], |row| row.get(0));
    let mut incidents = sql.prepare("select kind, details from incidents order by number").unwrap();
    let incidents = incidents.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    (secret.unwrap(), incidents.map(Result::unwrap).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_one_moment_while_the_store_goes_on() {
    let given = Given::of_rows(MANY).await;
    let opened = given.store.opened().await;
    let go_on = |prefix: &str| {
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                consume(&opened.world, prefix, 10).await;
                opened.world.grant(&wallet("bob/silver"), prefix, "5").await;
            });
        });
    };
    let mut stages = Vec::new();
    let backed_up =
        back_up(given.store.path(), &given.to(), Proof::Recomputed, |stage, done, _| {
            // While rows are copied there is more to copy; what is told of tables is of a moment
            // that is over.
            if matches!(stage, BackupStage::Rows | BackupStage::Tables) {
                let name = format!("{stage:?}{done}-");
                go_on(&name);
                stages.push(name);
            }
        })
        .unwrap();
    assert!(stages[0].starts_with("Rows"), "{stages:?}");
    assert!(stages.len() > 10, "{stages:?}");
    let (before, verified) = (MANY as u64 + 2, backed_up.verified.unwrap());
    assert_eq!(backed_up.rows, before + 12, "{stages:?}");
    assert_eq!((verified.rows, verified.wallets, verified.grants), (backed_up.rows, 2, 2));
    let names: Vec<_> = backed_up.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["ledger.db", "initial-keys"]);
    opened.close().await;

    let restored = Store::new();
    let told = given.restore_to(restored.path(), Proof::Recomputed).unwrap();
    assert_eq!((told.rows, told.taken_at), (backed_up.rows, backed_up.began));
    let opened = restored.opened().await;
    let left = 1_000_000 - MANY - 10;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, left.to_string());
    // What is known is not done twice; what was lost can be asked for again.
    consume(&opened.world, "k", 20).await;
    consume(&opened.world, &stages[0], 10).await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, left.to_string());
    consume(&opened.world, &stages[1], 10).await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, (left - 10).to_string());
    opened.close().await;
    verify(restored.path(), |_, _| {}).unwrap();
}

#[tokio::test]
async fn a_restored_store_says_so_and_has_cursors_of_its_own() {
    let given = Given::of_rows(3).await;
    let (secret, none) = secret_and_incidents(&given.store);
    assert_eq!(none, []);
    let backed_up = given.back_up(Proof::Recomputed).unwrap();
    // A directory that is not there, two levels deep.
    let directory = given.room.path().join("deep/data");
    given.restore_to(&directory, Proof::Checksums).unwrap();
    let names: Vec<_> = contents(&directory).into_keys().collect();
    assert_eq!(names, ["initial-keys", "ledger.db", "lock", "mark"]);
    // Where a ledger is nothing is restored.
    let refused = given.restore_to(&directory, Proof::Checksums);
    assert!(matches!(refused, Err(BackupError::Taken { .. })), "{refused:?}");

    let restored = Store::new();
    given.restore_to(restored.path(), Proof::Recomputed).unwrap();
    let (other, incidents) = secret_and_incidents(&restored);
    assert_ne!(secret, other);
    let details = format!(
        "from the backup of {}, which ends at row 5; what was acknowledged after it is not here",
        backed_up.began
    );
    assert_eq!(incidents, [("restored".to_owned(), details)]);
    // And a loss from now on is noticed.
    assert!(restored.path().join("mark").exists());
    restored.opened().await.close().await;
    let directory = restored.path().to_owned();
    assert_eq!(
        recover(&directory, false).unwrap().to_owned(),
        scrip_ledger::embedded::Recovered::NothingLost
    );
}

#[tokio::test]
async fn any_byte_that_changed_is_found_before_anything_is_restored() {
    let given = Given::of_rows(3).await;
    given.back_up(Proof::Recomputed).unwrap();
    let directory = given.room.path().join("data");
    for (name, bytes) in contents(&given.to()) {
        let path = given.to().join(&name);
        for at in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            fs::write(&path, changed).unwrap();
            let refused = given.restore_to(&directory, Proof::Checksums);
            // A changed blank of the manifest means the same.
            let is_blank = name == "backup.json" && bytes[at].is_ascii_whitespace();
            let is_found =
                matches!(refused, Err(BackupError::Damaged { .. } | BackupError::Manifest { .. }));
            assert!(is_found || is_blank, "{name}, byte {at}: {refused:?}");
            if is_found {
                assert!(!directory.exists(), "{name}, byte {at}");
            }
            let _ = fs::remove_dir_all(&directory);
        }
        fs::write(&path, &bytes[1..]).unwrap();
        assert!(given.restore_to(&directory, Proof::Checksums).is_err(), "{name}, shorter");
        fs::remove_file(&path).unwrap();
        let refused = given.restore_to(&directory, Proof::Checksums);
        match (name.as_str(), refused) {
            ("backup.json", Err(BackupError::NoBackup { .. })) => {}
            (_, Err(BackupError::Damaged { .. })) => {}
            (_, refused) => panic!("{name}, missing: {refused:?}"),
        }
        assert!(!directory.exists(), "{name}");
        fs::write(&path, bytes).unwrap();
    }
    given.restore_to(&directory, Proof::Recomputed).unwrap();
}

#[tokio::test]
async fn what_is_wrong_before_is_found_unless_nobody_wants_to_know() {
    let given = Given::of_rows(3).await;
    let sql = "update entries set row = zeroblob(length(row)) where position = 4";
    given.store.sql().execute(sql, []).unwrap();
    match given.back_up(Proof::Recomputed) {
        Err(BackupError::Wrong(findings)) => {
            assert!(findings.told[0].to_string().starts_with("entries 4: "), "{findings:?}");
        }
        other => panic!("row 4 is wrong, and it says {other:?}"),
    }
    given.is_without_a_trace();
    let backed_up = given.back_up(Proof::Checksums).unwrap();
    assert_eq!(backed_up.verified, None);
    let directory = given.room.path().join("data");
    let refused = given.restore_to(&directory, Proof::Recomputed);
    assert!(matches!(refused, Err(BackupError::Wrong(_))), "{refused:?}");
    assert!(!directory.exists());
    given.restore_to(&directory, Proof::Checksums).unwrap();
}

#[tokio::test]
async fn a_store_that_lost_rows_is_not_backed_up_as_if_it_had_not() {
    for witness in ["mark", "snapshots", "keys"] {
        let given = Given::of_rows(3).await;
        let before = given.store.copied_whole();
        let opened = given.store.opened().await;
        consume(&opened.world, "lost", 2).await;
        opened.close().await;
        given.store.put_back("ledger.db", &before);
        given.store.keep_only(witness);
        match given.back_up(Proof::Checksums) {
            Err(BackupError::Open(OpenError::Lost(loss))) => {
                assert_eq!((loss.end, loss.until), (5, 7), "{witness}");
            }
            other => panic!("{witness} tells of row 7, and it says {other:?}"),
        }
        given.is_without_a_trace();
    }
}

#[tokio::test]
async fn places_that_are_taken_are_left_alone() {
    let given = Given::of_rows(1).await;
    fs::create_dir(given.to()).unwrap();
    fs::write(given.to().join("photo"), "of somebody").unwrap();
    let refused = given.back_up(Proof::Checksums).unwrap_err().to_string();
    assert!(refused.contains("has something in it: photo"), "{refused}");
    assert_eq!(contents(&given.to()).len(), 1);

    // What looks like an unfinished one and is not.
    fs::rename(given.to(), given.room.path().join("backup.unfinished")).unwrap();
    let refused = given.back_up(Proof::Checksums).unwrap_err().to_string();
    assert!(refused.contains("backup.unfinished has something in it: photo"), "{refused}");
    fs::remove_dir_all(given.room.path().join("backup.unfinished")).unwrap();

    let inside = given.store.path().join("backups/today");
    let refused = back_up(given.store.path(), &inside, Proof::Checksums, |_, _, _| {});
    assert!(matches!(refused, Err(BackupError::Inside { .. })), "{refused:?}");
    assert!(!inside.parent().unwrap().exists());

    // An empty directory is as good as none.
    fs::create_dir(given.to()).unwrap();
    given.back_up(Proof::Checksums).unwrap();
    let refused = given.back_up(Proof::Checksums);
    assert!(matches!(refused, Err(BackupError::Taken { .. })), "{refused:?}");

    // Nobody serves a backup, or changes it otherwise.
    let before = contents(&given.to());
    let refused = Embedded::open(&given.to(), Options::default(), |_, _| {}).err();
    assert!(matches!(refused, Some(OpenError::Backup { .. })), "{refused:?}");
    let refused = recover(&given.to(), true);
    assert!(matches!(refused, Err(OpenError::Backup { .. })), "{refused:?}");
    verify(&given.to(), |_, _| {}).unwrap();
    assert_eq!(contents(&given.to()), before);
}

#[tokio::test]
async fn whoever_has_the_directory_keeps_it() {
    let given = Given::of_rows(1).await;
    given.back_up(Proof::Checksums).unwrap();
    let opened = given.store.opened().await;
    let refused = given.restore_to(given.store.path(), Proof::Checksums);
    assert!(matches!(refused, Err(BackupError::Open(OpenError::Held { .. }))), "{refused:?}");
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "999999");
    opened.close().await;
    let refused = given.restore_to(given.store.path(), Proof::Checksums);
    assert!(matches!(refused, Err(BackupError::Taken { .. })), "{refused:?}");
}

#[tokio::test]
async fn what_was_interrupted_counts_for_nothing_and_is_begun_anew() {
    let given = Given::of_rows(3).await;
    let unfinished = given.room.path().join("backup.unfinished");
    // As a kill leaves it at its last moment.
    given.back_up(Proof::Checksums).unwrap();
    fs::rename(given.to(), &unfinished).unwrap();
    fs::remove_file(unfinished.join("backup.json")).unwrap();
    fs::write(unfinished.join("lock"), "1").unwrap();
    let refused =
        restore(&unfinished, &given.room.path().join("data"), Proof::Checksums, |_, _, _| {});
    assert!(matches!(refused, Err(BackupError::NoBackup { .. })), "{refused:?}");
    given.back_up(Proof::Recomputed).unwrap();
    assert!(!unfinished.exists());

    // A restore, at each of its moments: the folder that says so goes last.
    let store = Store::new();
    given.restore_to(store.path(), Proof::Checksums).unwrap();
    fs::create_dir(store.path().join("restoring")).unwrap();
    for _ in 0..2 {
        let refused = Embedded::open(store.path(), Options::default(), |_, _| {}).err();
        assert!(matches!(refused, Some(OpenError::Unrestored { .. })), "{refused:?}");
    }
    given.restore_to(store.path(), Proof::Recomputed).unwrap();
    let opened = store.opened().await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "999997");
    opened.ledger.close().await;
}
