//! What pages of a deep past cost in time, on a real file: of a few thousand rows in every run, of
//! ten million by hand in a release build, in a directory of some gigabytes that is kept:
//!
//! `HISTORY=<directory> cargo test -p scrip-ledger --release --lib measured -- --nocapture`
//!
//! With `FORGET=<file>` a 1 is written into that file before each page: one that lets the machine
//! drop its cache of files.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rusqlite::Connection;
use scrip_core::{Command, EventType, GrantId, NameHash, NameKind, Timestamp, genesis};

use super::super::file;
use super::super::tables::{self, InsertEntry};
use super::{Reader, Readers};
use crate::history::tests::story::{
    Story, Written, consume, grant, instant, key, release, reservation, reserve,
};
use crate::history::{self, Entries, Entry, Head};
use crate::reading::store_error;
use crate::slot::Position;
use crate::work::StoreError;
use crate::{LedgerError, PageRequest, Point, RowQuery, Start};

/// Rows of each of two wallets, which lie between each other.
const ROWS: u64 = 10_000_000;
/// The same where no directory is given.
const ROWS_OF_EVERY_RUN: u64 = 5_000;
const ROWS_PER_COMMIT: u64 = 100_000;
/// Every so many commands of the consuming wallet a grant is made.
const GRANT_EVERY: u64 = 10_000;
/// Every so many pairs a grant is voided.
const VOID_EVERY: u64 = 50_000;
/// The one reservation that is kept until it times out stands here among the pairs.
const ODD_PAIR: u64 = 1_000;

#[test]
fn pages_of_a_deep_past() {
    let passing = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("HISTORY").map(PathBuf::from);
    let rows = if kept.is_some() { ROWS } else { ROWS_OF_EVERY_RUN };
    let directory = kept.unwrap_or_else(|| passing.path().to_owned());
    if !directory.join("ledger.db").exists() {
        generate(&directory, rows);
    }
    let mut readers = Readers::new(&directory, Arc::new(|_| Ok(None)));
    let heads = readers.read(|reader| Ok(heads(&reader.connection))).unwrap();
    let middle = middle(&readers, &heads[0]);
    let name = NameHash::within(
        &genesis(&heads[1].key),
        NameKind::Reservation,
        reservation(ODD_PAIR).as_str(),
    );
    let timed_out = page(&readers, &heads, &asking(&[EventType::CreditsReservationExpired]));
    let newest = timed_out.unwrap();
    readers.find_name = Arc::new(move |asked| Ok((asked == name).then_some(newest)));
    for (head, asked) in [("gold", &heads[..1]), ("silver", &heads[1..]), ("both", &heads[..])] {
        let at = readers.read(|reader| newest_at(reader, &asked[0], middle)).unwrap().unwrap();
        let at = Point { position: at.position, part: 0 };
        for (what, query) in kinds(at) {
            let read = |counted: &Counted<'_>| {
                let page = history::page(counted, asked, &query).map_err(store_error)?;
                Ok(page.unwrap().items.len())
            };
            tell(&format!("{head}, {what}: {}", timed(&readers, read)));
        }
        let read = |counted: &Counted<'_>| Ok(newest_at(counted, &asked[0], middle)?.iter().len());
        tell(&format!("{head}, the balance at an instant: {}", timed(&readers, read)));
    }
}

fn newest_at(
    entries: &impl Entries,
    head: &Head,
    at: Timestamp,
) -> Result<Option<Entry>, LedgerError> {
    history::newest_at(entries, head, at).map_err(store_error)
}

/// The instant of the row in the middle of a file.
fn middle(readers: &Readers, head: &Head) -> Timestamp {
    let entry = readers.read(|reader| reader.entry(head.last / 2).map_err(store_error));
    entry.unwrap().unwrap().row.recorded_at
}

/// The newest row of a page.
fn page(readers: &Readers, heads: &[Head], query: &RowQuery) -> Option<Position> {
    let page = readers.read(|reader| history::page(reader, heads, query).map_err(store_error));
    page.unwrap().unwrap().items.first().map(|(point, _)| point.position)
}

/// A reader that counts.
struct Counted<'a> {
    reader: &'a Reader,
    reads: Cell<usize>,
}

impl Entries for Counted<'_> {
    fn entry(&self, position: Position) -> Result<Option<Entry>, StoreError> {
        self.reads.set(self.reads.get() + 1);
        self.reader.entry(position)
    }

    fn newest_of(&self, name: NameHash) -> Result<Option<Position>, StoreError> {
        self.reader.newest_of(name)
    }
}

/// The first time, with nothing remembered where that is wanted, and the best of many.
fn timed(readers: &Readers, read: impl Fn(&Counted<'_>) -> Result<usize, LedgerError>) -> String {
    if let Some(forget) = std::env::var_os("FORGET") {
        readers.idle.lock().unwrap().clear();
        std::fs::write(forget, "1").unwrap();
    }
    let once = || {
        let started = Instant::now();
        let (items, reads) = readers
            .read(|reader| {
                let counted = Counted { reader, reads: Cell::new(0) };
                Ok((read(&counted)?, counted.reads.get()))
            })
            .unwrap();
        (started.elapsed(), items, reads)
    };
    let (first, items, reads) = once();
    let best = (0..20).map(|_| once().0).min().unwrap();
    let (first, best) = (first.as_micros(), best.as_micros());
    format!("{items} items, {reads} reads, first {first} us, best {best} us")
}

/// The kinds of pages, with a cursor in the middle.
fn kinds(at: Point) -> Vec<(String, RowQuery)> {
    use EventType as T;
    let starts = [
        ("newest", Start::Newest),
        ("oldest", Start::Before(Point::END)),
        ("after the middle", Start::After(at)),
        ("before the middle", Start::Before(at)),
    ];
    let asked: [(&str, &[T]); 6] = [
        ("all", &[]),
        ("granted", &[T::CreditsGranted]),
        ("voided", &[T::CreditsVoided]),
        ("timed out", &[T::CreditsReservationExpired]),
        ("consumed", &[T::CreditsConsumed]),
        ("granted and voided", &[T::CreditsGranted, T::CreditsVoided]),
    ];
    let mut kinds = Vec::new();
    for (what, types) in asked {
        for (whence, start) in starts {
            let page = PageRequest { start, limit: 100 };
            kinds.push((format!("{what}, {whence}"), RowQuery { page, ..asking(types) }));
        }
    }
    for (what, n) in [("timed out", ODD_PAIR), ("unknown", u64::MAX)] {
        let query = RowQuery { reservation: Some(reservation(n)), ..asking(&[]) };
        kinds.push((format!("a reservation, {what}"), query));
    }
    kinds
}

/// A query for a hundred newest rows of these types.
fn asking(types: &[EventType]) -> RowQuery {
    let key = key("gold", None);
    RowQuery {
        environment: key.environment,
        customer: key.customer,
        resource: None,
        currency: None,
        event_types: types.to_vec(),
        reservation: None,
        page: PageRequest { start: Start::Newest, limit: 100 },
    }
}

/// One wallet of consumptions with a grant here and there; one of reservations and their releases,
/// all of them notable, and a single one that timed out.
fn generate(directory: &Path, rows: u64) {
    std::fs::create_dir_all(directory).unwrap();
    let connection = file::open_writer(directory).unwrap();
    connection.pragma_update(None, "synchronous", "off").unwrap();
    let mut stories = [Story::new(1, key("gold", None)), Story::new(2, key("silver", None))];
    let (mut last, mut committed, mut now) = (0, 0, 0);
    for story in &stories {
        tables::insert_wallet(&connection, story.slot.number, story.slot.wallet.key()).unwrap();
    }
    let mut insert = InsertEntry::on(&connection).unwrap();
    connection.execute_batch("begin").unwrap();
    let started = Instant::now();
    // A fifth of the time that the rows take.
    let hold_milliseconds = i64::try_from(rows * 5).unwrap();
    for n in 0.. {
        now += 50;
        let [gold, silver] = &mut stories;
        let mut write = |story: &mut Story, command| {
            for Written { position, links, name, decided } in story.run(&command, now, last) {
                let wallet = story.slot.number;
                insert.decided(position, wallet, links, name, &decided).unwrap();
                last = position;
            }
            story.reservations.retain(|_, _| n == ODD_PAIR);
        };
        if gold.slot.wallet.sequence() < rows {
            if n % GRANT_EVERY == 0 {
                write(gold, grant(n, 1, None));
            }
            write(gold, consume(2 * n, 1));
            write(gold, consume(2 * n + 1, 1));
        }
        if silver.slot.wallet.sequence() >= rows {
            break;
        }
        match n {
            0 => write(silver, grant(1, 1_000_000_000, None)),
            _ if n % VOID_EVERY == 1 => {
                write(silver, grant(n + 1, 5, None));
                write(silver, Command::Void { id: GrantId::mint(1, n + 1), spent: None });
            }
            _ => {}
        }
        write(silver, reserve(n, 2, instant(now + hold_milliseconds)));
        if n != ODD_PAIR {
            write(silver, release(n, 1));
        }
        if last > committed + ROWS_PER_COMMIT {
            connection.execute_batch("commit; begin").unwrap();
            committed = last;
        }
    }
    connection.execute_batch("commit; pragma wal_checkpoint(truncate);").unwrap();
    tell(&format!("{last} rows in {} s", started.elapsed().as_secs()));
}

fn heads(connection: &Connection) -> Vec<Head> {
    let last = tables::last_position(connection).unwrap();
    let mut heads: Vec<Head> = Vec::new();
    for position in (1..=last).rev() {
        let entry = tables::entry(connection, position).unwrap().unwrap();
        if heads.iter().any(|head| head.number == entry.wallet) {
            continue;
        }
        let is_notable = entry.row.event.is_notable();
        heads.push(Head {
            key: key(if entry.wallet == 1 { "gold" } else { "silver" }, None),
            number: entry.wallet,
            sequence: entry.row.sequence,
            last: position,
            last_notable: if is_notable { position } else { entry.links.previous_notable },
        });
        if heads.len() == 2 {
            break;
        }
    }
    heads.sort_by_key(|head| head.number);
    heads
}

fn tell(line: &str) {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "{line}").unwrap();
}
