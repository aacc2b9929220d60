//! Several nodes on one database know nothing of each other, and agree.

use std::sync::Arc;
use std::time::Duration;

use scrip_core::{CustomerId, EnvironmentId, WalletKey};
use scrip_ledger::conformance::{
    Given, Made, Making, SANDBOX, World, credits, grant_of, instant, item, reserve_of, wallet,
};
use scrip_ledger::postgres::{Options, Postgres};
use scrip_ledger::{
    Answer, ApiKey, ApiKeyChange, ApiKeyDeed, Claim, CustomerLink, EnvironmentChange, Executed,
    KeyRefusal, KeySecret, Ledger, LedgerError, LinkChange, LinkDeed, Order, Permissions,
    RecordKind, Remember, RememberBy, SYSTEM, Scope, StoredAnswer, Value, Work, secret_hash,
};
use tokio::runtime::Handle;

use super::open;
use super::server::Database;

/// Some nodes, and a world told in the words of the first.
pub struct Nodes {
    pub world: World,
    pub nodes: Vec<Arc<Postgres>>,
    pub database: Arc<Database>,
}

impl Nodes {
    /// So many.
    pub async fn new(count: usize) -> Self {
        Self::with(count, |options| options).await
    }

    /// So many, opened with other options.
    pub async fn with(count: usize, change: impl Fn(Options) -> Options) -> Self {
        Self::on(Database::make().await, count, change).await
    }

    /// So many on a database.
    pub async fn on(database: Database, count: usize, change: impl Fn(Options) -> Options) -> Self {
        let database = Arc::new(database);
        let mut nodes = Vec::new();
        for _ in 0..count {
            let options = Options { lanes: 2, ..Options::on(Handle::current()) };
            nodes.push(open(&database, change(options)).await);
        }
        let (first, kept) = (Arc::clone(&nodes[0]), Arc::clone(&database));
        let make = move |_: Given| -> Making {
            let (ledger, keep) = (Arc::clone(&first), Arc::clone(&kept));
            Box::pin(async { Made { ledger, follows_given_clock: false, keep: Box::new(keep) } })
        };
        let world = World::new(&make).await;
        Self { world, nodes, database }
    }

    /// Asks one of them.
    pub async fn ask(&self, node: usize, work: Work) -> Result<Executed, LedgerError> {
        let origin = self.world.origin();
        let order = Order { environment: SANDBOX, origin, work, remember: None };
        self.nodes[node].execute(order).await
    }

    /// What every node says that can be burned.
    async fn available(&self, key: &WalletKey) -> Vec<String> {
        let mut told = Vec::new();
        for node in &self.nodes {
            told.push(node.balance(key).await.unwrap().unwrap().available.to_string());
        }
        told
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_burns_once_whichever_nodes_are_asked() {
    let it = Nodes::new(3).await;
    let hot = wallet("ann/gold");
    it.world.grant(&hot, "main", "1000").await;
    let asks = (0..60).flat_map(|key| (0..3).map(move |node| (key, node)));
    let asks = asks.map(|(key, node)| {
        let work = Work::Consume(Box::new(item(&wallet("ann/gold"), &format!("k{key}"), "2")));
        it.ask(node, work)
    });
    for answer in futures_util::future::join_all(asks).await {
        let Ok(Executed::Fresh(Answer::Consumed(consumed))) = answer else { panic!("{answer:?}") };
        assert_eq!(consumed.amount, credits("2"));
    }
    assert_eq!(it.available(&hot).await, ["880", "880", "880"]);
    assert_eq!(it.world.story(&hot).await.len(), 61);
}

/// A node keeps wallets in memory, and believes none of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_changed_meanwhile_counts() {
    let it = Nodes::new(2).await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "100").await;
    let consume = |node: usize, name: String, amount: &str| {
        it.ask(node, Work::Consume(Box::new(item(&key, &name, amount))))
    };
    for round in 0..20 {
        for node in [0, 1] {
            let answer = consume(node, format!("k{round}-{node}"), "2").await;
            assert!(answer.is_ok(), "{answer:?}");
        }
    }
    assert_eq!(it.available(&key).await, ["20", "20"]);
    // A key that the other used, and a grant that it made.
    let repeated = consume(1, "k19-0".to_owned(), "2").await.unwrap();
    let Executed::Fresh(Answer::Consumed(repeated)) = repeated else { panic!("{repeated:?}") };
    assert_eq!(repeated.balance.available, credits("20"));
    let more = Work::CreateGrant(Box::new(grant_of(&key, it.world.mint(&key), "more", "30")));
    it.ask(1, more).await.unwrap();
    consume(0, "last".to_owned(), "50").await.unwrap();
    assert_eq!(it.available(&key).await, ["0", "0"]);
    assert!(it.nodes.iter().all(|node| conflicts(node) == 0), "one after the other");
}

/// How often a node met others.
fn conflicts(node: &Arc<Postgres>) -> u64 {
    let figures = node.figures();
    let conflicts = figures.iter().find(|it| it.name == "scrip_database_conflicts_total");
    match conflicts.map(|figure| &figure.value) {
        Some(Value::Whole(count)) => *count,
        _ => panic!("conflicts are counted"),
    }
}

/// None of them has a row to lock yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wallet_comes_to_be_once() {
    let it = Nodes::new(3).await;
    for round in 0..8 {
        let key = wallet(&format!("ann/gold/r{round}"));
        let grants = (0..3).map(|node| {
            let id = it.world.mint(&key);
            it.ask(node, Work::CreateGrant(Box::new(grant_of(&key, id, "main", "5"))))
        });
        for answer in futures_util::future::join_all(grants).await {
            assert!(answer.is_ok(), "{answer:?}");
        }
        assert_eq!(it.available(&key).await, ["15", "15", "15"]);
    }
}

/// 20 reserves of 75 on 500 (spec 5.3).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn holds_never_exceed_what_there_is() {
    let it = Nodes::new(3).await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "500").await;
    let asks = (0..20).map(|number| {
        let work = Work::Reserve(Box::new(reserve_of(&key, &format!("job{number}"), "75")));
        it.ask(number % 3, work)
    });
    let answers = futures_util::future::join_all(asks).await;
    let open = answers.iter().filter(|answer| {
        matches!(answer, Ok(Executed::Fresh(Answer::Reserved(reserved))) if reserved.is_open)
    });
    assert_eq!(open.count(), 6);
    assert_eq!(it.available(&key).await, ["50", "50", "50"]);
}

/// One effect and one answer, though no node knows that the other is at it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_claim_is_answered_once() {
    let it = Nodes::new(3).await;
    let key = wallet("ann/gold");
    it.world.grant(&key, "main", "100").await;
    for round in 0..10_u8 {
        let claim = Claim { scope: [round; 32], body: [1; 32] };
        let asks = (0..3).map(|node| {
            let body = vec![node];
            let remember = Remember {
                by: RememberBy::Claim(claim),
                render: Arc::new(move |_| Some(StoredAnswer { status: 200, body: body.clone() })),
            };
            let work = Work::Consume(Box::new(item(&key, &format!("k{round}-{node}"), "1")));
            let origin = it.world.origin();
            let order = Order { environment: SANDBOX, origin, work, remember: Some(remember) };
            it.nodes[usize::from(node)].execute(order)
        });
        let answers = futures_util::future::join_all(asks).await;
        let fresh = answers.iter().filter(|answer| matches!(answer, Ok(Executed::Fresh(_))));
        assert_eq!(fresh.count(), 1, "{answers:?}");
        let mut stored = answers.iter().filter_map(|answer| match answer {
            Ok(Executed::Replayed(stored)) => Some(stored),
            _ => None,
        });
        assert_eq!(stored.next(), stored.next(), "{answers:?}");
    }
    assert_eq!(it.available(&key).await, ["90", "90", "90"]);
}

/// What one node was told, the next request sees, wherever it goes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_moved_clock_is_moved_for_all() {
    let it = Nodes::new(2).await;
    let key = wallet("ann/gold");
    it.world
        .grant_as(&key, "short", "10", |grant| grant.expire_at = Some(instant("2030-01-05")))
        .await;
    assert_eq!(it.available(&key).await, ["10", "10"]);
    it.world.move_clock("2030-01-06").await;
    assert_eq!(it.available(&key).await, ["0", "0"]);
    // And so does what it decides.
    let answer = it.ask(1, Work::MoveClock(instant("2030-01-05"))).await;
    assert!(matches!(answer, Err(LedgerError::Refused(_))), "{answer:?}");
}

/// Where a key leads after a reset on one node it leads on the others in a moment; of two resets at once both
/// get a number of their own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_is_one_everywhere() {
    let it = Nodes::new(2).await;
    it.world.grant(&wallet("ann/gold"), "main", "10").await;
    let change = async |node: usize, change| {
        let (origin, remember) = (it.world.origin(), None);
        let work = Work::ChangeEnvironments(Box::new(change));
        it.nodes[node].execute(Order { environment: SYSTEM, origin, work, remember }).await
    };
    // The node that did not make the key has heard of it before anything is reset.
    for _ in 0..100 {
        if it.nodes[1].key_holder(secret_hash(b"server-sandbox")).is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    change(0, EnvironmentChange::Reset(SANDBOX)).await.unwrap();
    let leads_to = async |node: usize, number: u32| {
        for _ in 0..100 {
            // It is never unknown meanwhile.
            let holder = it.nodes[node].key_holder(secret_hash(b"server-sandbox")).unwrap();
            if holder.environment.0 == number {
                assert_eq!(holder.home, SANDBOX);
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("node {node} should lead to {number} by now");
    };
    for node in [0, 1] {
        leads_to(node, 3).await;
        let customer = CustomerId::parse("ann").unwrap();
        let wallets = it.nodes[node].wallets(EnvironmentId(3), &customer).await.unwrap();
        assert_eq!(wallets, []);
    }
    let both = (
        change(0, EnvironmentChange::Reset(EnvironmentId(3))),
        change(1, EnvironmentChange::Reset(EnvironmentId(3))),
    );
    let (first, second) = tokio::join!(both.0, both.1);
    assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
    for node in [0, 1] {
        leads_to(node, 4).await;
    }
}

/// A key that one node made is known to the others in a moment, and one that was narrowed, rotated or
/// revoked there may no more here either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_the_same_everywhere() {
    let it = Nodes::new(2).await;
    let execute = async |work: Work| {
        let (origin, remember) = (it.world.origin(), None);
        it.nodes[0].execute(Order { environment: SYSTEM, origin, work, remember }).await.unwrap()
    };
    let elsewhere = async |secret: &str, expected: Result<Permissions, KeyRefusal>| {
        for _ in 0..100 {
            let held = it.nodes[1].key_holder(secret_hash(secret.as_bytes()));
            if held.map(|holder| holder.permissions) == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{secret} should be {expected:?} by now");
    };
    let key = ApiKey::full(SANDBOX, true, KeySecret::brought("first"));
    let record_id = key.record().id;
    execute(Work::CreateRecord(key.record())).await;
    elsewhere("first", Ok(Permissions::Full)).await;
    let reads = Permissions::of([Scope::Read]);
    let secret = KeySecret::brought("second");
    for (deed, first, second) in [
        (
            ApiKeyDeed::Edit { name: None, permissions: Some(reads), expires_at: None },
            Ok(reads),
            Err(KeyRefusal::Unknown),
        ),
        (
            ApiKeyDeed::Rotate { secret, overlap_milliseconds: 0 },
            Err(KeyRefusal::Replaced),
            Ok(reads),
        ),
        (ApiKeyDeed::Revoke, Err(KeyRefusal::Revoked), Err(KeyRefusal::Revoked)),
    ] {
        let change = ApiKeyChange { record_id: record_id.clone(), deed };
        execute(Work::ChangeApiKey(Box::new(change))).await;
        elsewhere("first", first).await;
        elsewhere("second", second).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_made_once() {
    let it = Nodes::new(3).await;
    for round in 0..8 {
        let id = format!("customer{round}");
        let asks = (0..3).map(|node| {
            let kind = scrip_ledger::RecordKind::Customer;
            let new = scrip_ledger::conformance::record(kind, &id, &[]);
            it.ask(node, Work::CreateRecord(new))
        });
        let answers = futures_util::future::join_all(asks).await;
        let made = answers.iter().filter(|answer| answer.is_ok()).count();
        let refused =
            answers.iter().filter(|answer| matches!(answer, Err(LedgerError::Refused(_)))).count();
        assert_eq!((made, refused), (1, 2), "{answers:?}");
    }
}

/// Links are one member of their customer: who changes one takes none of the others away.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn integrations_changed_at_once_are_all_there() {
    let it = Nodes::new(3).await;
    let link = |number: usize| {
        let deed = LinkDeed::Make { vendor: "STRIPE".to_owned(), synced_entity_id: "1".to_owned() };
        let customer = wallet("ann/gold").customer;
        Work::ChangeLink(Box::new(LinkChange { customer, id: number.to_string(), deed }))
    };
    let asks = (0..30).map(|number| it.ask(number % 3, link(number)));
    for answer in futures_util::future::join_all(asks).await {
        answer.unwrap();
    }
    for node in &it.nodes {
        let customer = node.record(SANDBOX, RecordKind::Customer, "ann").await.unwrap().unwrap();
        assert_eq!(CustomerLink::all_of(&customer).len(), 30);
    }
}
