//! Opening a directory, and finding there what was left.

use std::sync::Arc;

use scrip_core::EnvironmentId;
use scrip_ledger::conformance::{SANDBOX, instant, item, wallet};
use scrip_ledger::embedded::{Embedded, OpenError, Options, verify};
use scrip_ledger::{
    ApiKey, ApiKeyChange, ApiKeyDeed, Claim, ClaimState, EnvironmentChange, Executed, KeyRefusal,
    KeySecret, Ledger, LedgerError, Order, Permissions, Remember, RememberBy, SYSTEM, Scope,
    StoredAnswer, Work, secret_hash,
};

use super::store::{Opened, Store, open};
use crate::whole::whole;

const CLAIM: Claim = Claim { scope: [1; 32], body: [2; 32] };
const ATTEMPT: RememberBy = RememberBy::Attempt { scope: [3; 32], retry_count: 1 };

#[tokio::test]
async fn what_was_left_is_found_again() {
    let store = Store::new();
    let opened = store.fresh().await;
    let world = &opened.world;
    for (n, name) in ["ann/gold", "bob/silver/r1", "ann/gold/r1"].into_iter().enumerate() {
        let wallet = wallet(name);
        world.grant_as(&wallet, "short", "10", |g| g.expire_at = Some(instant("2030-01-03"))).await;
        world
            .grant_as(&wallet, "later", "7", |g| g.effective_at = Some(instant("2030-01-09")))
            .await;
        world.consume(&wallet, "k", "4").await;
        world.consume(&wallet, "deep", &format!("{}", 20 + n)).await;
    }
    remembered(&opened, RememberBy::Claim(CLAIM), "claimed").await;
    remembered(&opened, ATTEMPT, "attempted").await;
    opened.world.move_clock("2030-01-05").await;
    let before = whole(opened.ledger.as_ref()).await;
    let secret = opened.ledger.secret();
    opened.close().await;

    let opened = store.opened().await;
    assert_eq!(whole(opened.ledger.as_ref()).await, before);
    assert_eq!(opened.ledger.secret(), secret);
    // Names, claims and attempts are known; the clock stands where it stood.
    let world = &opened.world;
    let known = world.consume(&wallet("ann/gold"), "k", "4").await;
    assert_eq!(known.attributed_at, instant("2030-01-01"));
    assert!(matches!(opened.ledger.claim(CLAIM).await.unwrap(), ClaimState::Answered(_)));
    for by in [RememberBy::Claim(CLAIM), ATTEMPT] {
        assert!(matches!(remembered(&opened, by, "again").await, Executed::Replayed(_)));
    }
    assert_eq!(whole(opened.ledger.as_ref()).await, before);
    for _ in 0..20 {
        world.mint(&wallet("ann/gold"));
    }
    // And it goes on: new numbers, new rows, what is due.
    world.grant(&wallet("ann/gold"), "new", "1000").await;
    world.consume(&wallet("bob/gold/new"), "k", "1").await;
    world.move_clock("2030-02-01").await;
    let after = whole(opened.ledger.as_ref()).await;
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
    assert_eq!(whole(store.opened().await.ledger.as_ref()).await, after);
}

/// What a key may, its end, its secrets and that it was revoked are as they were.
#[tokio::test]
async fn keys_are_found_again() {
    let store = Store::new();
    let opened = store.fresh().await;
    let execute = async |opened: &Opened, work: Work| {
        let (origin, remember) = (opened.world.origin(), None);
        let order = Order { environment: SYSTEM, origin, work, remember };
        opened.ledger.execute(order).await.unwrap()
    };
    let held = |opened: &Opened| {
        let secrets = ["a", "b", "c", "d"];
        secrets.map(|secret| opened.ledger.key_holder(secret_hash(secret.as_bytes())))
    };
    let full = |secret| ApiKey::full(SANDBOX, true, KeySecret::brought(secret));
    let (rotated, mut revoked) = (full("a"), full("c"));
    revoked.permissions = Permissions::of([Scope::Read, Scope::Grants]);
    let ended = ApiKey { expires_at: Some(instant("2000-01-01")), ..full("d") };
    for key in [&rotated, &revoked, &ended] {
        execute(&opened, Work::CreateRecord(key.record())).await;
    }
    let rotate =
        ApiKeyDeed::Rotate { secret: KeySecret::brought("b"), overlap_milliseconds: 3_600_000 };
    for (key, deed) in [(&rotated, rotate), (&revoked, ApiKeyDeed::Revoke)] {
        let change = ApiKeyChange { record_id: key.record().id, deed };
        execute(&opened, Work::ChangeApiKey(Box::new(change))).await;
    }
    let before = held(&opened);
    assert!(matches!(before, [Ok(_), Ok(_), Err(KeyRefusal::Revoked), Err(KeyRefusal::Expired)]));
    opened.close().await;
    assert_eq!(held(&store.opened().await), before);
}

/// A reset and an archived environment are found again: the old number stands still, and is verified.
#[tokio::test]
async fn a_reset_is_found_again() {
    let store = Store::new();
    let opened = store.fresh().await;
    let key = wallet("ann/gold");
    opened.world.grant(&key, "main", "10").await;
    let reset = EnvironmentChange::Reset(SANDBOX);
    let change = |opened: &Opened, change| Order {
        environment: SYSTEM,
        origin: opened.world.origin(),
        work: Work::ChangeEnvironments(Box::new(change)),
        remember: None,
    };
    opened.ledger.execute(change(&opened, reset)).await.unwrap();
    let held = |opened: &Opened| {
        let holder = opened.ledger.key_holder(secret_hash(b"server-sandbox")).unwrap();
        (holder.environment.0, holder.home.0)
    };
    assert_eq!(held(&opened), (3, 2));
    opened.close().await;
    let opened = store.opened().await;
    assert_eq!(held(&opened), (3, 2));
    assert_eq!(opened.ledger.now(SANDBOX), instant("2030-01-01"));
    assert_eq!(opened.world.available(&key).await, "10");
    let archive = EnvironmentChange::Archive(EnvironmentId(3));
    opened.ledger.execute(change(&opened, archive)).await.unwrap();
    let stood = opened.ledger.now(EnvironmentId(3));
    opened.close().await;
    let opened = store.opened().await;
    let refused = opened.ledger.key_holder(secret_hash(b"server-sandbox"));
    assert_eq!(refused, Err(KeyRefusal::EnvironmentArchived));
    assert_eq!(opened.ledger.now(EnvironmentId(3)), stood);
    opened.close().await;
    verify(store.path(), |_, _| {}).unwrap();
}

async fn remembered(opened: &Opened, by: RememberBy, key: &str) -> Executed {
    let answer = StoredAnswer { status: 200, body: b"stored".to_vec() };
    let render = Arc::new(move |_: &_| Some(answer.clone()));
    let order = Order {
        environment: scrip_ledger::conformance::SANDBOX,
        origin: opened.world.origin(),
        work: Work::Consume(Box::new(item(&wallet("bob/gold"), key, "1"))),
        remember: Some(Remember { by, render }),
    };
    opened.ledger.execute(order).await.unwrap()
}

#[tokio::test]
async fn a_second_process_is_told_who_has_it() {
    let store = Store::new();
    let opened = store.fresh().await;
    let held = Embedded::open(store.path(), Options::default(), |_, _| {});
    match held {
        Err(OpenError::Held { path, holder }) => {
            assert_eq!(path, store.path());
            assert_eq!(holder, std::process::id().to_string());
        }
        other => panic!("it is held: {:?}", other.err()),
    }
    // Once it is closed nobody writes, whoever still reads from it.
    opened.ledger.close().await;
    let again = store.opened().await;
    assert_eq!(opened.ledger.balance(&wallet("ann/gold")).await.unwrap(), None);
    again.close().await;
}

#[tokio::test]
async fn a_ledger_that_is_dropped_gives_its_directory_back() {
    let store = Store::new();
    let Opened { world, ledger } = store.fresh().await;
    world.consume(&wallet("ann/gold"), "k", "1").await;
    drop((world, ledger));
    for _ in 0..1_000 {
        match Embedded::open(store.path(), Options::default(), |_, _| {}) {
            Err(OpenError::Held { .. }) => std::thread::sleep(std::time::Duration::from_millis(5)),
            Ok(ledger) => {
                let balance = ledger.balance(&wallet("ann/gold")).await.unwrap();
                return assert_eq!(balance.unwrap().available.to_string(), "-1");
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("it is held for ever");
}

#[cfg(unix)]
#[tokio::test]
async fn the_directory_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let store = Store::new();
    let path = store.path().join("made/by us");
    let ledger = open(&path, Options::default());
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "{mode:o}");
    ledger.close().await;
}

#[tokio::test]
async fn another_format_is_refused() {
    let store = Store::new();
    store.fresh().await.close().await;
    store.sql().execute("update meta set value = 9 where name = 'format'", []).unwrap();
    let opened = Embedded::open(store.path(), Options::default(), |_, _| {});
    assert!(matches!(opened.err(), Some(OpenError::Format { found: 9, known: 4 })));
    let verified = verify(store.path(), |_, _| {}).unwrap_err();
    assert!(verified.to_string().contains("format 9"), "{verified}");
    let nowhere = verify(&store.path().join("nowhere"), |_, _| {}).unwrap_err();
    assert!(nowhere.to_string().contains("there is no ledger"), "{nowhere}");
}

/// The power failed before the new file had a write-ahead log: a rollback journal is beside it.
#[tokio::test]
async fn a_making_that_was_cut_off_begins_again() {
    let (half, store) = (Store::new(), Store::new());
    let connection = rusqlite::Connection::open(half.path().join("ledger.db")).unwrap();
    connection
        .execute_batch(
            "create table half_made (text); insert into half_made values (zeroblob(100000));
             pragma cache_size = 1; begin; update half_made set text = zeroblob(200000);",
        )
        .unwrap();
    for file in ["ledger.db", "ledger.db-journal"] {
        std::fs::copy(half.path().join(file), store.path().join(file)).unwrap();
    }
    store.fresh().await.close().await;
    assert_eq!(verify(store.path(), |_, _| {}).unwrap().rows, 0);
}

#[tokio::test]
async fn progress_is_told_while_rows_are_folded() {
    let store = Store::new();
    let opened = store.fresh().await;
    for batch in 0..17 {
        let items = (0..1_000).map(|n| item(&wallet("ann/gold"), &format!("{batch}-{n}"), "1"));
        opened.world.done(Work::ConsumeBatch(items.collect())).await;
    }
    opened.close().await;
    std::fs::remove_file(store.path().join("snapshots.db")).unwrap();
    let mut told = Vec::new();
    let ledger = Embedded::open(store.path(), Options::default(), |done, all| {
        told.push((done, all));
    });
    assert_eq!(told, [(16_384, 17_001), (17_001, 17_001)]);
    drop(ledger);
}

#[tokio::test]
async fn after_closing_everything_is_refused() {
    let store = Store::new();
    let opened = store.fresh().await;
    opened.ledger.close().await;
    opened.ledger.close().await;
    let work = Work::Consume(Box::new(item(&wallet("ann/gold"), "k", "1")));
    let refused = opened.world.execute(scrip_ledger::conformance::SANDBOX, work).await;
    assert_eq!(refused.unwrap_err(), LedgerError::Closed);
    let answer = StoredAnswer { status: 400, body: Vec::new() };
    let refused = opened.ledger.answer_claim(CLAIM, answer).await;
    assert_eq!(refused.unwrap_err(), LedgerError::Closed);
}
