//! When anchors are signed, by clocks that jump, and what two nodes make of one store.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use scrip_integrations::anchors::{Anchorer, Options};
use scrip_ledger::anchors::{Anchor, AnchorKey, Given, Statement, newest, numbered};
use scrip_ledger::{
    Ledger, Memory, NewRecord, Reading, RecordKind, SYSTEM, Settings, SystemClock, Work,
};

const HOUR: i64 = 60 * 60 * 1_000;

/// A ledger whose clocks the test moves.
struct World {
    ledger: Arc<dyn Ledger>,
    wall: Arc<AtomicI64>,
    passed: Arc<AtomicI64>,
}

impl World {
    fn new() -> Self {
        let wall = Arc::new(AtomicI64::new(1_900_000_000_000));
        let passed = Arc::new(AtomicI64::new(0));
        let (read_wall, read_passed) = (Arc::clone(&wall), Arc::clone(&passed));
        let clock = SystemClock::reading(move || Reading {
            wall: read_wall.load(Ordering::SeqCst),
            monotonic: read_passed.load(Ordering::SeqCst),
        });
        let ledger: Arc<dyn Ledger> = Arc::new(Memory::with(clock, Settings::default()));
        Self { ledger, wall, passed }
    }

    /// Time passes as it should.
    fn pass(&self, milliseconds: i64) {
        self.wall.fetch_add(milliseconds, Ordering::SeqCst);
        self.passed.fetch_add(milliseconds, Ordering::SeqCst);
    }

    fn anchorer(&self, every: Duration, directory: Option<&Path>) -> Anchorer {
        let key = AnchorKey::of_pem(&AnchorKey::pem_of([7; 32])).unwrap();
        let directory = directory.map(Path::to_owned);
        let look_every = Duration::from_millis(5);
        let options = Options { key: Some(key), every, directory, look_every };
        Anchorer::start(Arc::clone(&self.ledger), options)
    }

    async fn newest(&self) -> Option<Statement> {
        newest(self.ledger.as_ref()).await.unwrap().map(|anchor| anchor.statement)
    }

    async fn wait_for(&self, number: u64) -> Statement {
        for _ in 0..4_000 {
            if let Some(newest) = self.newest().await
                && newest.number >= number
            {
                return newest;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("anchor {number} is not signed: {:?}", self.newest().await)
    }

    async fn rests_at(&self, number: u64) {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(self.newest().await.map(|newest| newest.number), Some(number));
    }
}

#[tokio::test]
async fn anchors_are_as_far_apart_as_was_said() {
    let world = World::new();
    let anchorer = world.anchorer(Duration::from_secs(3_600), None);
    let first = world.wait_for(1).await;
    assert_eq!((first.previous, first.rows, first.wallets), (Statement::NO_PREVIOUS, 0, 0));
    world.pass(HOUR - 1);
    world.rests_at(1).await;
    world.pass(1);
    let second = world.wait_for(2).await;
    assert_eq!(second.previous, first.hash());
    assert_eq!(second.signed_at, first.signed_at.later(HOUR));
    world.rests_at(2).await;
    anchorer.stop(Duration::from_secs(5)).await;
    // A start signs nothing that is not due.
    let anchorer = world.anchorer(Duration::from_secs(3_600), None);
    world.rests_at(2).await;
    anchorer.stop(Duration::from_secs(5)).await;
}

/// Nobody waits a year for the next anchor, and none says that it is older than the one before.
#[tokio::test]
async fn a_clock_that_is_set_back_keeps_nobody_waiting() {
    let world = World::new();
    let anchorer = world.anchorer(Duration::from_secs(2), None);
    let first = world.wait_for(1).await;
    world.wall.fetch_sub(365 * 24 * HOUR, Ordering::SeqCst);
    let second = world.wait_for(2).await;
    assert_eq!(second.signed_at, first.signed_at);
    anchorer.stop(Duration::from_secs(5)).await;
}

/// It would be dated wrong for ever.
#[tokio::test]
async fn nothing_is_signed_by_a_clock_that_is_not_trusted() {
    let world = World::new();
    let anchorer = world.anchorer(Duration::from_secs(3_600), None);
    world.wait_for(1).await;
    world.wall.fetch_add(48 * HOUR, Ordering::SeqCst);
    assert_eq!(world.ledger.trusted_time(), None);
    world.rests_at(1).await;
    anchorer.stop(Duration::from_secs(5)).await;
}

/// Two nodes that both believe that it is their turn: there is one anchor of each number, and each is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_that_sign_one_is_taken() {
    let world = World::new();
    let every = Duration::from_secs(60);
    let both = [world.anchorer(every, None), world.anchorer(every, None)];
    for number in 1..=20 {
        world.wait_for(number).await;
        world.pass(60_000);
    }
    let last = world.wait_for(20).await.number;
    let mut before = Statement::NO_PREVIOUS;
    for number in 1..=last {
        let anchor = numbered(world.ledger.as_ref(), number).await.unwrap().unwrap();
        assert_eq!(anchor.statement.previous, before, "{number}");
        before = anchor.statement.hash();
    }
    for one in both {
        one.stop(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn each_anchor_becomes_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let world = World::new();
    let anchorer = world.anchorer(Duration::from_secs(60), None);
    for number in 1..=3 {
        world.wait_for(number).await;
        world.pass(60_000);
    }
    world.wait_for(4).await;
    anchorer.stop(Duration::from_secs(5)).await;
    // Those of before too.
    let anchorer = world.anchorer(Duration::from_secs(60), Some(directory.path()));
    world.pass(60_000);
    world.wait_for(5).await;
    let mut files = Vec::new();
    for _ in 0..4_000 {
        // One that is being written has another name.
        files = std::fs::read_dir(directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|it| it == "jsonl"))
            .collect();
        if files.len() == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    anchorer.stop(Duration::from_secs(5)).await;
    files.sort();
    let read = |path: &std::path::PathBuf| Given::read(&std::fs::read_to_string(path).unwrap());
    let numbers: Vec<u64> = files
        .iter()
        .flat_map(|path| read(path).unwrap())
        .map(|given| given.anchor.statement.number)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

/// A record that somebody changed is no anchor.
#[tokio::test]
async fn a_changed_record_is_told() {
    let world = World::new();
    let anchorer = world.anchorer(Duration::from_secs(3_600), None);
    world.wait_for(1).await;
    anchorer.stop(Duration::from_secs(5)).await;
    let anchor = numbered(world.ledger.as_ref(), 1).await.unwrap().unwrap();
    let mut record = anchor.record();
    record.body.insert("statement".to_owned(), "scrip anchor 9".into());
    put(&world, record).await;
    assert!(numbered(world.ledger.as_ref(), 1).await.is_err());
    let other = Anchor { statement: Statement { number: 2, ..anchor.statement }, ..anchor };
    put(&world, NewRecord { id: "1".to_owned(), ..other.record() }).await;
    assert!(numbered(world.ledger.as_ref(), 1).await.is_err());
}

async fn put(world: &World, record: NewRecord) {
    assert_eq!(record.kind, RecordKind::Anchor);
    let origin = scrip_core::Origin {
        actor: scrip_core::Actor::System,
        trace_id: scrip_core::TraceId::default(),
        salt: [0; 16],
    };
    let work = Work::PutRecords(vec![record]);
    let order = scrip_ledger::Order { environment: SYSTEM, origin, work, remember: None };
    world.ledger.execute(order).await.unwrap();
}
