//! A mark says how far the ledger must reach, whatever tore one of its slots.

use std::path::PathBuf;

use tempfile::TempDir;

use super::*;

fn reach(position: Position) -> Reach {
    let row_hash = Sha256::digest(position.to_le_bytes()).into();
    Reach { ledger_id: [7; 16], position, row_hash }
}

fn made_at(position: Position) -> (TempDir, Mark) {
    let directory = tempfile::tempdir().unwrap();
    let mark = Mark::create(directory.path(), reach(position)).unwrap();
    (directory, mark)
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("mark")
}

type Damage = fn(&mut Vec<u8>);

/// Changes the file as nobody should.
fn damage(directory: &TempDir, damage: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file(directory)).unwrap();
    damage(&mut bytes);
    fs::write(file(directory), bytes).unwrap();
}

fn read(directory: &TempDir) -> MarkState {
    Mark::read(directory.path()).unwrap()
}

fn slots(directory: &TempDir) -> [Position; 2] {
    let bytes = fs::read(file(directory)).unwrap();
    [0, 1].map(|slot| unpack(&bytes, slot).ok().unwrap().reach.position)
}

#[test]
fn a_mark_says_what_was_noted_last() {
    let (directory, mut mark) = made_at(0);
    assert_eq!(read(&directory), MarkState::At(reach(0)));
    for position in [1, 2, 700] {
        mark.note(reach(position)).unwrap();
        assert_eq!(read(&directory), MarkState::At(reach(position)));
        assert_eq!(mark.reach(), reach(position));
        if position == 2 {
            mark.syncing().sync().unwrap();
        }
    }
    drop(mark);
    let mut mark = Mark::open(directory.path()).unwrap();
    assert_eq!(mark.reach(), reach(700));
    mark.note(reach(701)).unwrap();
    assert_eq!(read(&directory), MarkState::At(reach(701)));
}

#[test]
fn a_directory_without_a_mark_has_none() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(read(&directory), MarkState::Missing);
    let opened = Mark::open(directory.path()).map(drop);
    assert_eq!(opened.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[test]
fn a_mark_is_not_made_over_another() {
    let (directory, _mark) = made_at(5);
    let again = Mark::create(directory.path(), reach(1)).map(drop);
    assert_eq!(again.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert_eq!(read(&directory), MarkState::At(reach(5)));
}

#[test]
fn a_mark_that_was_begun_and_not_finished_is_none() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(MARK_NEW), b"half").unwrap();
    assert_eq!(read(&directory), MarkState::Missing);
    let mark = Mark::create(directory.path(), reach(3)).unwrap();
    assert_eq!(read(&directory), MarkState::At(reach(3)));
    assert_eq!(mark.reach(), reach(3));
    assert!(!directory.path().join(MARK_NEW).exists());
}

#[test]
fn notes_go_to_the_other_slot_once_a_sync_has_begun() {
    let (directory, mut mark) = made_at(1);
    let sync = mark.syncing();
    let mut note = |position| {
        mark.note(reach(position)).unwrap();
        slots(&directory)
    };
    assert_eq!(note(2), [2, 1]);
    assert_eq!(note(3), [3, 1], "the second slot is the only one that is durable");
    sync.sync().unwrap();
    assert_eq!(note(4), [3, 4]);
    assert_eq!(note(5), [3, 5]);
    sync.sync().unwrap();
    sync.sync().unwrap();
    assert_eq!(note(6), [6, 5]);
}

#[test]
fn a_sync_of_what_was_noted_before_the_last_note_keeps_the_slot() {
    let (directory, mut mark) = made_at(1);
    mark.note(reach(2)).unwrap();
    let counter = mark.counter;
    mark.note(reach(3)).unwrap();
    mark.shared.begun.store(counter, Ordering::Release);
    mark.note(reach(4)).unwrap();
    assert_eq!(slots(&directory), [4, 1]);
}

#[test]
fn an_opened_mark_leaves_its_newest_slot_alone() {
    for notes in 0..4 {
        let (directory, mut mark) = made_at(10);
        for position in 11..11 + notes {
            mark.note(reach(position)).unwrap();
            mark.syncing().sync().unwrap();
        }
        let newest = mark.reach().position;
        drop(mark);
        Mark::open(directory.path()).unwrap().note(reach(99)).unwrap();
        let mut found = slots(&directory);
        found.sort_unstable();
        assert_eq!(found, [newest, 99]);
    }
}

#[test]
fn a_mark_with_a_torn_slot_says_what_the_other_says() {
    for (torn, expected) in [(0, 2), (1, 1)] {
        for bytes_torn in [1, 60, RECORD_BYTES, 512] {
            let (directory, mut mark) = made_at(0);
            mark.note(reach(1)).unwrap();
            mark.syncing().sync().unwrap();
            mark.note(reach(2)).unwrap();
            drop(mark);
            damage(&directory, |bytes| bytes[OFFSETS[torn]..][..bytes_torn].fill(0xa5));
            assert_eq!(read(&directory), MarkState::At(reach(expected)));
            let mut mark = Mark::open(directory.path()).unwrap();
            mark.note(reach(3)).unwrap();
            assert_eq!(read(&directory), MarkState::At(reach(3)));
            let mended = slots(&directory).into_iter().filter(|&position| position == 3);
            assert_eq!(mended.count(), 1, "the torn slot is the one that is written");
        }
    }
}

#[test]
fn a_mark_that_is_damaged_in_both_slots_is_unreadable() {
    let both = "its first slot is torn or damaged, its second slot is torn or damaged";
    let cut = "its first slot is cut off, its second slot is cut off";
    let damages: [(Damage, &str); 3] = [
        (|bytes| OFFSETS.into_iter().for_each(|offset| bytes[offset + 30] ^= 1), both),
        (|bytes| bytes.fill(0), both),
        (Vec::clear, cut),
    ];
    for (change, reason) in damages {
        let (directory, _mark) = made_at(5);
        damage(&directory, change);
        assert_eq!(read(&directory), MarkState::Unreadable(reason.to_owned()));
        let opened = Mark::open(directory.path()).map(drop);
        assert_eq!(opened.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}

#[test]
fn a_mark_that_is_cut_in_half_says_what_is_left() {
    let (directory, _mark) = made_at(5);
    damage(&directory, |bytes| bytes.truncate(4_096));
    assert_eq!(read(&directory), MarkState::At(reach(5)));
}

#[test]
fn each_flipped_bit_of_a_slot_is_noticed() {
    let (directory, mut mark) = made_at(1);
    mark.note(reach(2)).unwrap();
    let bytes = fs::read(file(&directory)).unwrap();
    assert_eq!(newest(&bytes).ok().unwrap().reach, reach(2));
    for bit in 0..RECORD_BYTES * 8 {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(newest(&flipped).ok().unwrap().reach, reach(1), "bit {bit}");
    }
}

/// A slot with a checksum of its own over whatever its content was made into.
fn sealed(change: impl FnOnce(&mut [u8])) -> [u8; RECORD_BYTES] {
    let mut record = pack(9, &reach(9));
    change(&mut record[..CONTENT_BYTES]);
    let hash = Sha256::digest(&record[..CONTENT_BYTES]);
    record[CONTENT_BYTES..].copy_from_slice(&hash);
    record
}

#[test]
fn a_slot_of_a_newer_version_is_not_passed_over() {
    for (offset, which) in OFFSETS.into_iter().zip(["first", "second"]) {
        let (directory, _mark) = made_at(5);
        damage(&directory, |bytes| {
            bytes[offset..][..RECORD_BYTES].copy_from_slice(&sealed(|content| content[8] = 2));
        });
        let reason = format!("its {which} slot has version 2, not 1");
        assert_eq!(read(&directory), MarkState::Unreadable(reason));
    }
}

#[test]
fn what_is_not_a_mark_is_not_believed_for_its_checksum() {
    let (directory, _mark) = made_at(5);
    damage(&directory, |bytes| {
        bytes[..RECORD_BYTES].copy_from_slice(&sealed(|content| content[0] = b'S'));
    });
    assert_eq!(read(&directory), MarkState::At(reach(5)));
}

#[test]
fn slots_that_contradict_each_other_are_not_believed() {
    let other = Reach { ledger_id: [8; 16], ..reach(9) };
    for contradiction in [pack(3, &reach(4)), pack(3, &other), pack(2, &reach(5))] {
        let (directory, _mark) = made_at(5);
        damage(&directory, |bytes| bytes[..RECORD_BYTES].copy_from_slice(&contradiction));
        let reason = "its slots contradict each other".to_owned();
        assert_eq!(read(&directory), MarkState::Unreadable(reason));
    }
}

#[test]
fn a_mark_neither_goes_back_nor_to_another_ledger() {
    let (directory, mut mark) = made_at(5);
    let back = mark.note(reach(4)).unwrap_err();
    assert_eq!(back.to_string(), "the mark is at row 5 and does not go back to row 4");
    let row = mark.note(Reach { row_hash: [0; 32], ..reach(5) }).unwrap_err();
    assert_eq!(row.to_string(), "the mark knows row 5 with another hash");
    let ledger = mark.note(Reach { ledger_id: [8; 16], ..reach(6) }).unwrap_err();
    assert_eq!(ledger.to_string(), "the mark is of another ledger");
    mark.note(reach(5)).unwrap();
    assert_eq!(read(&directory), MarkState::At(reach(5)));
    assert_eq!(mark.reach(), reach(5));
}

#[test]
fn a_loss_that_is_accepted_puts_the_mark_back() {
    let (directory, mark) = made_at(5);
    drop(mark);
    let mut mark = Mark::reset(directory.path(), reach(3)).unwrap();
    assert_eq!((read(&directory), slots(&directory)), (MarkState::At(reach(3)), [3, 3]));
    mark.note(reach(4)).unwrap();
    assert_eq!(read(&directory), MarkState::At(reach(4)));
    damage(&directory, |bytes| bytes.fill(1));
    Mark::reset(directory.path(), reach(2)).unwrap();
    assert_eq!(read(&directory), MarkState::At(reach(2)));
}

#[test]
fn a_write_that_fails_leaves_the_mark_and_the_other_slot() {
    let (directory, mut mark) = made_at(1);
    mark.note(reach(2)).unwrap();
    let slot_before = mark.slot;
    let writable = std::mem::replace(
        &mut mark,
        Mark::of(File::open(file(&directory)).unwrap(), reach(2), 3, slot_before),
    );
    let failed = mark.note(reach(3)).unwrap_err();
    assert!(matches!(failed, NoteError::Io(_)));
    assert_eq!(mark.reach(), reach(2));
    let slot_torn = mark.slot;
    assert_ne!(slot_torn, slot_before);
    // The disk takes writes again: the torn slot is written, not the one that is whole.
    mark.shared = writable.shared;
    mark.shared.begun.store(mark.counter, Ordering::Release);
    mark.note(reach(3)).unwrap();
    assert_eq!(mark.slot, slot_torn);
    assert_eq!(read(&directory), MarkState::At(reach(3)));
}

#[test]
fn a_sync_is_done_once_for_what_was_noted() {
    let (_directory, mut mark) = made_at(1);
    let sync = mark.syncing();
    let synced = || mark.shared.synced.load(Ordering::Acquire);
    let before = synced();
    sync.sync().unwrap();
    assert_eq!(synced(), before);
    mark.note(reach(2)).unwrap();
    std::thread::spawn({
        let sync = sync.clone();
        move || sync.sync().unwrap()
    })
    .join()
    .unwrap();
    assert_eq!(mark.shared.synced.load(Ordering::Acquire), mark.counter);
}

#[test]
fn notes_need_no_more_room_than_there_is() {
    let (directory, mut mark) = made_at(0);
    assert_eq!(fs::metadata(file(&directory)).unwrap().len(), 8_192);
    for position in 1..100 {
        mark.note(reach(position)).unwrap();
        mark.shared.begun.store(mark.counter, Ordering::Release);
    }
    assert_eq!(fs::metadata(file(&directory)).unwrap().len(), 8_192);
}

#[cfg(unix)]
#[test]
fn a_mark_has_its_room_from_the_beginning_and_is_for_its_owner_only() {
    use std::os::unix::fs::MetadataExt as _;
    let (directory, _mark) = made_at(0);
    let metadata = fs::metadata(file(&directory)).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
    assert!(metadata.blocks() * 512 >= 8_192, "{} blocks", metadata.blocks());
}
