//! The queue and its writer: what is accepted happens, alone or with others, once.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::Poll;

use scrip_ledger::conformance::{SANDBOX, item, wallet};
use scrip_ledger::{
    Answer, Claim, Executed, Ledger, LedgerError, Order, Remember, RememberBy, Work,
};

use super::store::{Opened, Store};

type Asked<'a> = Pin<Box<dyn Future<Output = Result<Executed, LedgerError>> + Send + 'a>>;

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_the_ledger_is_refused_alone() {
    let store = Store::new();
    let opened = store.fresh().await;
    opened.world.consume(&wallet("ann/gold"), "damaged", "1").await;
    let damage = "update entries set row = x'01ff' where position = 2";
    assert_eq!(store.sql().execute(damage, []).unwrap(), 1);
    // They wait together, so that one commit takes them all.
    let gate = hold_writer(&opened).await;
    let mut asked = Vec::new();
    for key in ["a", "damaged", "b", "c"] {
        asked.push(begin(opened.ledger.execute(consume(&opened, key))).await);
    }
    asked.push(begin(opened.ledger.execute(unknown_customer(&opened))).await);
    drop(gate);
    let mut outcomes = Vec::new();
    for asked in asked {
        outcomes.push(asked.await);
    }
    assert!(matches!(&outcomes[1], Err(LedgerError::Internal(text)) if text.contains("entries 2")));
    assert!(matches!(outcomes[4], Err(LedgerError::Refused(_))));
    let mut balances = Vec::new();
    for outcome in [&outcomes[0], &outcomes[2], &outcomes[3]] {
        match outcome {
            Ok(Executed::Fresh(Answer::Consumed(consumed))) => {
                balances.push(consumed.balance.available.to_string());
            }
            other => panic!("carried out without it: {other:?}"),
        }
    }
    assert_eq!(balances, ["-2", "-3", "-4"], "each once, though the commit was begun twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_that_panics_is_refused_alone() {
    let store = Store::new();
    let opened = store.fresh().await;
    let gate = hold_writer(&opened).await;
    let mut panics = consume(&opened, "panics");
    let render = Arc::new(|_: &Result<_, _>| panic!("a bug in an answer"));
    let claim = Claim { scope: [4; 32], body: [4; 32] };
    panics.remember = Some(Remember { by: RememberBy::Claim(claim), render });
    let panicking = begin(opened.ledger.execute(panics)).await;
    let other = begin(opened.ledger.execute(consume(&opened, "k"))).await;
    drop(gate);
    assert!(matches!(panicking.await, Err(LedgerError::Internal(_))));
    assert!(other.await.is_ok());
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-1");
    opened.world.consume(&wallet("ann/gold"), "panics", "1").await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-2");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finds_no_room_is_refused_alone() {
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store.opened_with(|options| options.pages_max = Some(40)).await;
    let gate = hold_writer(&opened).await;
    let items = (0..1_000).map(|n| item(&wallet("bob/gold"), &n.to_string(), "1")).collect();
    let small = begin(opened.ledger.execute(consume(&opened, "a"))).await;
    let large = begin(opened.ledger.execute(order(&opened, Work::ConsumeBatch(items)))).await;
    let later = begin(opened.ledger.execute(consume(&opened, "b"))).await;
    drop(gate);
    small.await.unwrap();
    assert_eq!(large.await.unwrap_err(), LedgerError::DiskFull);
    later.await.unwrap();
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-2");
    assert_eq!(opened.ledger.balance(&wallet("bob/gold")).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_refuses_and_loses_nothing() {
    let store = Store::new();
    store.fresh().await.close().await;
    let opened = store.opened_with(|options| options.queue_max = 8).await;
    let gate = hold_writer(&opened).await;
    let (mut asked, mut busy) = (Vec::new(), 0);
    for n in 0..20 {
        let mut future: Asked = Box::pin(opened.ledger.execute(consume(&opened, &format!("{n}"))));
        match poll_once(&mut future).await {
            Poll::Pending => asked.push(future),
            Poll::Ready(outcome) => {
                assert_eq!(outcome.unwrap_err(), LedgerError::Busy);
                busy += 1;
            }
        }
    }
    assert!(asked.len() <= 8 && busy >= 12, "{} and {busy}", asked.len());
    drop(gate);
    let accepted = asked.len();
    for asked in asked {
        asked.await.unwrap();
    }
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, format!("-{accepted}"));
    for n in 0..20 {
        opened.world.consume(&wallet("ann/gold"), &n.to_string(), "1").await;
    }
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-20");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_goes_away_does_not_undo_what_was_asked() {
    let store = Store::new();
    let opened = store.fresh().await;
    let gate = hold_writer(&opened).await;
    for n in 0..5 {
        drop(begin(opened.ledger.execute(consume(&opened, &format!("{n}")))).await);
    }
    let moved = Work::MoveClock(scrip_ledger::conformance::instant("2030-02-01"));
    drop(begin(opened.ledger.execute(order(&opened, moved))).await);
    drop(gate);
    opened.world.consume(&wallet("ann/gold"), "last", "1").await;
    assert_eq!(opened.world.available(&wallet("ann/gold")).await, "-6");
    assert_eq!(opened.ledger.now(SANDBOX), scrip_ledger::conformance::instant("2030-02-01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_answers_what_was_accepted() {
    let store = Store::new();
    let opened = store.fresh().await;
    let gate = hold_writer(&opened).await;
    let mut asked = Vec::new();
    for n in 0..10 {
        asked.push(begin(opened.ledger.execute(consume(&opened, &format!("{n}")))).await);
    }
    let mut closing = Box::pin(opened.ledger.close());
    assert!(poll_once(&mut closing).await.is_pending());
    let late = opened.ledger.execute(consume(&opened, "late")).await;
    assert_eq!(late.unwrap_err(), LedgerError::Closed);
    drop(gate);
    for asked in asked {
        asked.await.unwrap();
    }
    closing.await;
    let again = store.opened().await;
    assert_eq!(again.world.available(&wallet("ann/gold")).await, "-10");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_and_its_effect_are_durable_together() {
    let store = Store::new();
    let opened = store.fresh().await;
    // Refused with its whole commit, it leaves no claim; carried out, it leaves both.
    opened.world.consume(&wallet("ann/gold"), "damaged", "1").await;
    store.sql().execute("update entries set row = x'01ff' where position = 2", []).unwrap();
    let claim = Claim { scope: [5; 32], body: [5; 32] };
    let with_claim = |key: &str| {
        let render = Arc::new(|_: &Result<_, _>| {
            Some(scrip_ledger::StoredAnswer { status: 200, body: Vec::new() })
        });
        let mut order = consume(&opened, key);
        order.remember = Some(Remember { by: RememberBy::Claim(claim), render });
        order
    };
    let refused = opened.ledger.execute(with_claim("damaged")).await;
    assert!(matches!(refused, Err(LedgerError::Internal(_))));
    let carried_out = opened.ledger.execute(with_claim("k")).await.unwrap();
    assert!(matches!(carried_out, Executed::Fresh(_)));
    let again = opened.ledger.execute(with_claim("k2")).await.unwrap();
    assert!(matches!(again, Executed::Replayed(_)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_durable_stops_the_ledger() {
    let store = Store::new();
    store.fresh().await.close().await;
    let told = Arc::new(Mutex::new(String::new()));
    let stopped = Arc::new(AtomicBool::new(false));
    let opened = store
        .opened_with(|options| {
            let (told, stopped) = (Arc::clone(&told), Arc::clone(&stopped));
            options.on_failure = Box::new(move |reason| {
                reason.clone_into(&mut told.lock().unwrap());
                stopped.store(true, Ordering::SeqCst);
            });
        })
        .await;
    // A table that is gone stands for a disk that fails.
    store.sql().execute_batch("alter table entries rename to gone").unwrap();
    let failed = opened.ledger.execute(consume(&opened, "k")).await;
    assert_eq!(failed.unwrap_err(), LedgerError::Closed);
    assert!(stopped.load(Ordering::SeqCst), "its owner is told");
    assert!(told.lock().unwrap().contains("entries"));
    let later = opened.ledger.execute(consume(&opened, "k")).await;
    assert_eq!(later.unwrap_err(), LedgerError::Closed);
    assert_eq!(opened.ledger.balance(&wallet("ann/gold")).await.unwrap(), None);
    opened.ledger.close().await;
}

fn order(opened: &Opened, work: Work) -> Order {
    Order { environment: SANDBOX, origin: opened.world.origin(), work, remember: None }
}

fn consume(opened: &Opened, key: &str) -> Order {
    order(opened, Work::Consume(Box::new(item(&wallet("ann/gold"), key, "1"))))
}

fn unknown_customer(opened: &Opened) -> Order {
    order(opened, Work::Consume(Box::new(item(&wallet("nobody/gold"), "k", "1"))))
}

/// Keeps the writer busy until the gate is dropped.
async fn hold_writer(opened: &Opened) -> Sender<()> {
    // What is in memory is queued at the first poll.
    opened.ledger.balance(&wallet("ann/gold")).await.unwrap();
    let (gate, closed) = channel();
    let (entered, inside) = tokio::sync::oneshot::channel();
    let waits = Mutex::new(Some((closed, entered)));
    let render = Arc::new(move |_: &Result<_, _>| {
        if let Some((closed, entered)) = waits.lock().unwrap().take() {
            let _ = entered.send(());
            let _: Result<(), _> = closed.recv();
        }
        None
    });
    let mut order = order(opened, Work::Advance(Vec::new()));
    let claim = Claim { scope: [255; 32], body: [255; 32] };
    order.remember = Some(Remember { by: RememberBy::Claim(claim), render });
    drop(begin(opened.ledger.execute(order)).await);
    inside.await.unwrap();
    gate
}

/// Asks, and has not been answered yet.
async fn begin<'a>(
    future: impl Future<Output = Result<Executed, LedgerError>> + Send + 'a,
) -> Asked<'a> {
    let mut future: Asked<'a> = Box::pin(future);
    assert!(poll_once(&mut future).await.is_pending());
    future
}

async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|context| Poll::Ready(Pin::new(&mut *future).poll(context))).await
}
