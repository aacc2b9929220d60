//! What writes files in a process goes through the disk, and what the disk does to it.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use rusqlite::Connection;
use scrip_disk::{Disk, DiskError, Fault, Files, Harm, flip_bit};

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

/// What a directory looks like after the power fails, for each of some seeds.
fn after_power_loss(work: impl Fn(&Path)) -> BTreeSet<Vec<String>> {
    let outcome = |seed| {
        let directory = directory();
        let disk = Disk::watch(directory.path()).unwrap();
        work(directory.path());
        disk.crash(seed).unwrap();
        let mut seen: Vec<_> = fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                format!("{name}: {}", fs::read_to_string(path).unwrap())
            })
            .collect();
        seen.sort();
        seen
    };
    (0..60).map(outcome).collect()
}

fn sync_directory(directory: &Path) {
    File::open(directory).unwrap().sync_all().unwrap();
}

fn open(path: &Path, synchronous: &str) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(&format!(
            "pragma journal_mode = wal; pragma synchronous = {synchronous};
             create table if not exists numbers (number integer);"
        ))
        .unwrap();
    connection
}

fn count(path: &Path) -> i64 {
    let connection = Connection::open(path).unwrap();
    connection.query_row("select count(*) from numbers", [], |row| row.get(0)).unwrap()
}

#[test]
fn a_file_of_the_standard_library_is_there_once_it_and_its_directory_are_synced() {
    let synced = |directory: &Path| {
        let mut file = File::create(directory.join("a")).unwrap();
        file.write_all(b"one").unwrap();
        file.sync_data().unwrap();
        sync_directory(directory);
        file.write_all(b"two").unwrap();
    };
    let all = after_power_loss(synced);
    assert!(all.contains(&vec!["a: one".to_owned()]), "{all:?}");
    assert!(all.contains(&vec!["a: onetwo".to_owned()]), "{all:?}");
    assert!(all.iter().all(|seen| seen[0].starts_with("a: one")), "{all:?}");
    let all = after_power_loss(|directory| fs::write(directory.join("a"), b"one").unwrap());
    assert!(all.contains(&Vec::new()), "{all:?}");
}

#[test]
fn a_rename_happens_or_not() {
    let all = after_power_loss(|directory| {
        for (name, text) in [("a", "old"), ("a.new", "new")] {
            let mut file = File::create(directory.join(name)).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.sync_all().unwrap();
        }
        sync_directory(directory);
        fs::rename(directory.join("a.new"), directory.join("a")).unwrap();
    });
    let old = vec!["a.new: new".to_owned(), "a: old".to_owned()];
    assert_eq!(all, [old, vec!["a: new".to_owned()]].into());
}

#[test]
fn a_removed_directory_may_come_back_with_what_was_in_it() {
    let directory = directory();
    let keys = directory.path().join("keys");
    fs::create_dir(&keys).unwrap();
    fs::write(keys.join("1"), b"one").unwrap();
    let disk = Disk::watch(directory.path()).unwrap();
    fs::remove_dir_all(&keys).unwrap();
    let is_back = |seed| {
        disk.crash(seed).unwrap();
        keys.join("1").exists()
    };
    // The first loss decides; what is there then is durable.
    let first = is_back(0);
    assert!((1..10).all(|seed| is_back(seed) == first));
    assert_eq!(first, fs::read(keys.join("1")).is_ok_and(|content| content == b"one"));
}

#[test]
fn sqlite_goes_through_it_and_keeps_what_it_committed() {
    for (synchronous, keeps) in [("full", true), ("off", false)] {
        let kept: BTreeSet<_> = (0..30)
            .map(|seed| {
                let directory = directory();
                let path = directory.path().join("a.db");
                open(&path, "full").close().unwrap();
                let disk = Disk::watch(directory.path()).unwrap();
                let connection = open(&path, synchronous);
                for number in 0..10 {
                    connection.execute("insert into numbers values (?1)", [number]).unwrap();
                }
                assert!(disk.calls(Files::Named("a.db-wal")) >= 10, "SQLite is not seen");
                disk.stop();
                drop(connection);
                disk.crash(seed).unwrap();
                count(&path)
            })
            .collect();
        assert_eq!(kept == [10].into(), keeps, "{synchronous}: {kept:?}");
    }
}

#[test]
fn each_harm_is_what_it_says() {
    let directory = directory();
    let disk = Disk::watch(directory.path()).unwrap();
    let path = directory.path().join("a");
    let mut file = File::create(&path).unwrap();
    let mut strike = |harm| {
        disk.plan(Fault::of(harm, Files::Named("a")).after(1));
        let bytes = [7; 4_096];
        let first = file.write(&bytes).map_err(|error| error.kind());
        let first_sync = file.sync_all().is_ok();
        let second = file.write(&bytes).map_err(|error| error.kind());
        let second_sync = file.sync_all().is_ok();
        assert_eq!(disk.struck().get(&(harm, Files::Named("a"))), Some(&1), "{harm:?}");
        (first, first_sync, second, second_sync)
    };
    let (first, _, second, _) = strike(Harm::ShortWrite);
    assert_eq!(first, Ok(4_096));
    assert!(second.is_ok_and(|count| count < 4_096));
    let (first, _, second, is_synced) = strike(Harm::FailedWrite);
    assert!(first.is_ok() && second.is_err() && is_synced);
    let (_, _, second, _) = strike(Harm::NoRoom);
    assert_eq!(second, Err(std::io::ErrorKind::StorageFull));
    let (_, first, _, second) = strike(Harm::FailedSync);
    assert!(first && !second);
    let (_, first, _, second) = strike(Harm::LyingSync);
    assert!(first && second);
    let (first, is_synced, second, second_sync) = strike(Harm::Stop);
    assert!(first.is_ok() && !is_synced && second.is_err() && !second_sync);
    assert!(disk.is_stopped());
    drop(file);
    disk.restart().unwrap();
    let mut file = File::options().append(true).open(&path).unwrap();
    disk.plan(Fault::of(Harm::TornWrite, Files::Any));
    assert!(file.write(&[9; 4_096]).is_err());
    drop(file);
    let nines = fs::read(&path).unwrap().into_iter().filter(|byte| *byte == 9).count();
    assert!(nines > 0 && nines < 4_096, "{nines}");
}

#[test]
fn a_lying_sync_loses_what_was_synced() {
    let kept: BTreeSet<_> = (0..30)
        .map(|seed| {
            let directory = directory();
            let path = directory.path().join("a.db");
            open(&path, "full").close().unwrap();
            let disk = Disk::watch(directory.path()).unwrap();
            let lie = Fault::of(Harm::LyingSync, Files::Named("a.db-wal")).times(u64::MAX);
            disk.plan(lie);
            let connection = open(&path, "full");
            connection.execute("insert into numbers values (1)", []).unwrap();
            disk.stop();
            drop(connection);
            disk.crash(seed).unwrap();
            count(&path)
        })
        .collect();
    assert_eq!(kept, [0, 1].into());
}

#[test]
fn an_end_of_the_process_keeps_what_a_later_power_loss_may_take() {
    let outcomes: BTreeSet<_> = (0..30)
        .map(|seed| {
            let directory = directory();
            let path = directory.path().join("a");
            let disk = Disk::watch(directory.path()).unwrap();
            fs::write(&path, b"one").unwrap();
            disk.restart().unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"one");
            disk.crash(seed).unwrap();
            path.exists()
        })
        .collect();
    assert_eq!(outcomes, [false, true].into());
}

#[test]
fn what_is_open_or_changed_unseen_is_told() {
    let directory = directory();
    let path = directory.path().join("a");
    let disk = Disk::watch(directory.path()).unwrap();
    let file = File::create(&path).unwrap();
    assert!(matches!(disk.crash(0), Err(DiskError::StillOpen(_))));
    drop(file);
    let status = std::process::Command::new("sh")
        .args(["-c", "echo unseen > \"$0\""])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    assert!(matches!(disk.crash(0), Err(DiskError::Bypassed(_))));
}

#[test]
fn two_disks_do_not_know_each_other() {
    let (first, second) = (directory(), directory());
    let disks = [&first, &second].map(|directory| Disk::watch(directory.path()).unwrap());
    disks[0].stop();
    assert!(fs::write(first.path().join("a"), b"one").is_err());
    assert!(fs::write(second.path().join("a"), b"one").is_ok());
    assert_eq!((disks[0].calls(Files::Any), disks[1].calls(Files::Any)), (1, 2));
}

#[test]
fn one_bit_is_flipped() {
    let directory = directory();
    let path = directory.path().join("a");
    assert!(fs::write(&path, b"").is_ok() && flip_bit(&path, 1).unwrap().is_none());
    fs::write(&path, [0; 100]).unwrap();
    let flipped = flip_bit(&path, 1).unwrap().unwrap();
    let content = fs::read(&path).unwrap();
    let ones: u32 = content.iter().map(|byte| byte.count_ones()).sum();
    assert_eq!((ones, content[flipped.offset]), (1, 1 << flipped.bit));
}
