//! How many rows a page costs: a reader of a wallet's deep past must not read its way there.

use std::cell::Cell;
use std::sync::Arc;

use scrip_core::{
    Command, Consume, Credits, CurrencyId, CustomerId, EnvironmentId, EventType, IdempotencyKey,
    OnInsufficient, Origin, Row, Timestamp, TraceId, Wallet, WalletKey,
};

use super::{Entries, Entry, Head, page};
use crate::slot::{Links, Position};
use crate::work::StoreError;
use crate::{PageRequest, Point, RowQuery, Start};

/// A wallet of consumptions, a row each, and how often its rows were read.
struct Counted {
    entries: Vec<Entry>,
    head: Head,
    reads: Cell<usize>,
}

impl Entries for Counted {
    fn entry(&self, position: Position) -> Result<Option<Entry>, StoreError> {
        self.reads.set(self.reads.get() + 1);
        let index = usize::try_from(position).unwrap().checked_sub(1);
        Ok(index.and_then(|index| self.entries.get(index)).cloned())
    }
}

impl Counted {
    /// A wallet of so many rows, each at an instant of its own or all at one.
    fn new(rows: u64, milliseconds_apart: i64) -> Self {
        let key = key();
        let mut wallet = Wallet::new(key.clone());
        let (mut links, mut entries) = (Links::default(), Vec::new());
        let origin = Origin {
            actor: scrip_core::Actor::System,
            trace_id: TraceId::default(),
            salt: [0; 16],
        };
        for n in 0.. {
            if wallet.sequence() >= rows {
                break;
            }
            let now = Timestamp::from_milliseconds(1_000 + n * milliseconds_apart).unwrap();
            let command = Command::Consume(Consume {
                amount: Credits::whole(1),
                key: IdempotencyKey::parse(&format!("k{n}")).unwrap(),
                created_at: None,
                dimensions: Default::default(),
                on_insufficient: OnInsufficient::Overdraft,
            });
            for decided in wallet.execute(&command, now, &origin).unwrap().rows {
                let row: Arc<Row> = decided.row.into();
                let position = row.sequence;
                let links = links.append(position - 1, position, &row.event, 0).unwrap();
                entries.push(Entry { position, wallet: 1, links, row, hash: decided.packed.hash });
            }
        }
        let (sequence, last, last_notable) = (wallet.sequence(), links.last, links.last_notable);
        let head = Head { key, number: 1, sequence, last, last_notable };
        Self { entries, head, reads: Cell::new(0) }
    }

    /// Reads a page of ten and tells its sequences and how many rows were read for it.
    fn read(&self, start: Start, types: &[EventType], other: Option<&Head>) -> (Vec<u64>, usize) {
        let WalletKey { environment, customer, .. } = key();
        let query = RowQuery {
            environment,
            customer,
            resource: None,
            currency: None,
            event_types: types.to_vec(),
            reservation: None,
            page: PageRequest { start, limit: 10 },
        };
        let heads: Vec<Head> = [&self.head].into_iter().chain(other).cloned().collect();
        self.reads.set(0);
        let page = page(self, &heads, &query).unwrap().unwrap();
        let sequences = page.items.iter().map(|(_, view)| view.row.sequence).collect();
        (sequences, self.reads.get())
    }
}

fn key() -> WalletKey {
    WalletKey {
        environment: EnvironmentId(1),
        customer: CustomerId::parse("ann").unwrap(),
        currency: CurrencyId::parse("gold").unwrap(),
        resource: None,
    }
}

const ROWS: u64 = 20_000;
/// For each bit of a sequence at most as many steps as there are bits below it, and a look ahead.
const STEPS_MAX: usize = 2 * 15 * 15 / 2;

#[test]
fn any_place_is_a_few_reads_away() {
    for apart in [0, 1, 7] {
        let counted = Counted::new(ROWS, apart);
        for sequence in [2, 3, 1_000, 4_095, 4_096, 4_097, 10_000, 16_383, 16_384, 19_000, ROWS] {
            let point = Point { position: sequence, part: 0 };
            let (older, reads) = counted.read(Start::After(point), &[], None);
            let expected: Vec<u64> = (2..sequence).rev().take(10).collect();
            assert_eq!(older, expected);
            assert!(reads <= 14, "{reads} reads down from {sequence}");
            let (mut newer, reads) = counted.read(Start::Before(point), &[], None);
            newer.reverse();
            let expected: Vec<u64> = (sequence + 1..=ROWS).take(10).collect();
            assert_eq!(newer, expected);
            assert!(reads <= STEPS_MAX + 64, "{reads} reads up from {sequence}");
        }
        let (newest, reads) = counted.read(Start::Newest, &[], None);
        assert_eq!((newest.len(), reads), (10, 11));
        let (oldest, reads) = counted.read(Start::Before(Point::END), &[], None);
        assert_eq!(oldest, (2..12).rev().collect::<Vec<u64>>());
        assert!(reads <= STEPS_MAX + 64, "{reads} reads up from the end");
    }
}

#[test]
fn an_instant_of_another_wallet_is_a_few_reads_away() {
    let mut counted = Counted::new(ROWS, 1);
    // The same rows again behind them, as another wallet's: each instant stands twice.
    let mut head = counted.head.clone();
    (head.number, head.key.currency) = (2, CurrencyId::parse("silver").unwrap());
    for position in [&mut head.last, &mut head.last_notable] {
        *position += ROWS;
    }
    for index in 0..counted.entries.len() {
        let mut entry = counted.entries[index].clone();
        entry.wallet = 2;
        let links = &mut entry.links;
        let places = [&mut links.previous, &mut links.previous_notable, &mut links.skip];
        for place in [&mut entry.position].into_iter().chain(places) {
            *place += if *place == 0 { 0 } else { ROWS };
        }
        counted.entries.push(entry);
    }
    for sequence in [20, 1_000, 4_096, 10_001, 16_384, 19_000] {
        // Of two rows of one instant, gold's is the newer.
        let gold = Point { position: sequence, part: 0 };
        let (older, reads) = counted.read(Start::After(gold), &[], Some(&head));
        let expected: Vec<u64> =
            (2..=sequence).rev().flat_map(|n| [n, n]).skip(1).take(10).collect();
        assert_eq!(older, expected);
        assert!(reads <= STEPS_MAX, "{reads} reads down from {sequence}");
        let silver = Point { position: sequence + ROWS, part: 0 };
        let (mut newer, reads) = counted.read(Start::Before(silver), &[], Some(&head));
        newer.reverse();
        let expected: Vec<u64> = (sequence..).flat_map(|n| [n, n]).skip(1).take(10).collect();
        assert_eq!(newer, expected);
        assert!(reads <= 3 * STEPS_MAX + 2 * 64, "{reads} reads up from {sequence}");
    }
}

#[test]
fn plain_consumptions_are_not_read_for_what_is_notable() {
    let counted = Counted::new(ROWS, 1);
    let granted = [EventType::CreditsGranted];
    for start in [Start::Newest, Start::Before(Point::END)] {
        let (none, reads) = counted.read(start, &granted, None);
        assert_eq!(none, [0; 0]);
        assert!(reads <= 5 * STEPS_MAX, "{reads} reads");
    }
}
