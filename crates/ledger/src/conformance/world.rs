//! What scenarios are told in: a ledger, two currencies, customers, and short words for orders.

use std::any::Any;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use scrip_core::{
    Actor, Balance, Consume, Credits, CurrencyId, CustomerId, Dimensions, EnvironmentId, GrantId,
    GrantType, IdempotencyKey, Money, NewGrant, OnInsufficient, Origin, PaymentState, Priority,
    Refusal, ResourceId, Timestamp, TraceId, WalletKey, Words, bucket,
};
use serde_json::{Map, Value};

use crate::{
    Answer, Consumed, CreateGrant, Executed, GrantView, Ledger, LedgerError, NewRecord, Order,
    OrderRefusal, Page, PageRequest, Payment, ProvidedKeys, Reading, Record, RecordKind, RowQuery,
    RowView, Settings, Start, SystemClock, WalletConsume, Work, bootstrap,
};

pub use crate::{PRODUCTION, SANDBOX};

/// Where every scenario's clocks stand at its beginning.
#[must_use]
pub fn start() -> Timestamp {
    instant("2030-01-01")
}

/// What a ledger under test is to be made with.
pub struct Given {
    /// Real time, as far as the ledger can be told.
    pub clock: SystemClock,
    /// What its owner decided.
    pub settings: Settings,
}

/// A ledger under test.
pub struct Made {
    /// The ledger, empty.
    pub ledger: Arc<dyn Ledger>,
    /// Whether its real time is the given clock.
    pub follows_given_clock: bool,
    /// Lives as long as the ledger: its directory, for one.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// A ledger under test that is being made.
pub type Making = Pin<Box<dyn Future<Output = Made> + Send>>;

/// Makes ledgers under test.
pub type Factory<'a> = dyn Fn(Given) -> Making + Sync + 'a;

/// A bootstrapped ledger, and the words that scenarios are told in.
pub struct World {
    /// The ledger.
    pub ledger: Arc<dyn Ledger>,
    /// Whether [`World::pass`] moves the ledger's real time.
    pub time_can_pass: bool,
    passed: Arc<AtomicI64>,
    minted: AtomicU64,
    names: Mutex<HashMap<GrantId, String>>,
    _keep: Box<dyn Any + Send + Sync>,
}

impl World {
    /// Customers `ann` and `bob`, currencies `gold` and `silver` in the sandbox, whose clock stands
    /// at [`start`].
    pub async fn new(make: &Factory<'_>) -> Self {
        Self::with(make, Settings::default()).await
    }

    /// The same with settings.
    pub async fn with(make: &Factory<'_>, settings: Settings) -> Self {
        let world = Self::bare(make, settings).await;
        world.populate(SANDBOX).await;
        world.move_clock("2030-01-01").await;
        world
    }

    /// Environments and keys, and nothing else.
    pub async fn bare(make: &Factory<'_>, settings: Settings) -> Self {
        let world = Self::empty(make, settings).await;
        let keys = ProvidedKeys {
            production: Some("server-production".to_owned()),
            sandbox: Some("server-sandbox".to_owned()),
        };
        bootstrap(world.ledger.as_ref(), keys, |_| Ok(())).await.unwrap();
        world
    }

    /// Nothing at all.
    pub async fn empty(make: &Factory<'_>, settings: Settings) -> Self {
        let passed = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&passed);
        let clock = SystemClock::reading(move || {
            let passed = read.load(Ordering::SeqCst);
            // A little earlier, so that the sandbox can be set to the start.
            Reading { wall: start().milliseconds() - 1_000 + passed, monotonic: passed }
        });
        let Made { ledger, follows_given_clock, keep } = make(Given { clock, settings }).await;
        let (minted, names) = (AtomicU64::new(1), Mutex::default());
        Self { ledger, time_can_pass: follows_given_clock, passed, minted, names, _keep: keep }
    }

    /// Makes `ann`, `bob`, `gold` and `silver`.
    pub async fn populate(&self, environment: EnvironmentId) {
        for id in ["ann", "bob"] {
            let work = Work::CreateRecord(record(RecordKind::Customer, id, &[]));
            self.execute(environment, work).await.unwrap();
        }
        for id in ["gold", "silver"] {
            let work = Work::CreateRecord(record(RecordKind::CustomCurrency, id, &[]));
            self.execute(environment, work).await.unwrap();
        }
    }

    /// Lets real time pass, where the ledger can be told.
    pub fn pass(&self, milliseconds: i64) {
        self.passed.fetch_add(milliseconds, Ordering::SeqCst);
    }

    /// Carries out an order.
    pub async fn execute(
        &self,
        environment: EnvironmentId,
        work: Work,
    ) -> Result<Answer, LedgerError> {
        let order = Order { environment, origin: self.origin(), work, remember: None };
        match self.ledger.execute(order).await? {
            Executed::Fresh(answer) => Ok(answer),
            Executed::Replayed(answer) => panic!("nothing was remembered: {answer:?}"),
        }
    }

    /// Carries out an order in the sandbox.
    pub async fn done(&self, work: Work) -> Answer {
        self.execute(SANDBOX, work).await.unwrap()
    }

    /// An order in the sandbox that must be refused.
    pub async fn refusal(&self, work: Work) -> OrderRefusal {
        match self.execute(SANDBOX, work).await {
            Err(LedgerError::Refused(refusal)) => refusal,
            other => panic!("should have been refused: {other:?}"),
        }
    }

    /// The same, of an order that is no batch.
    pub async fn refused(&self, work: Work) -> Refusal {
        let OrderRefusal { index, refusal } = self.refusal(work).await;
        assert_eq!(index, None);
        refusal
    }

    /// Who asks.
    pub fn origin(&self) -> Origin {
        let actor = Actor::ApiKey("key_1".into());
        Origin { actor, trace_id: TraceId([5; 16]), salt: [6; 16] }
    }

    /// Moves the sandbox's clock.
    pub async fn move_clock(&self, to: &str) {
        let to = instant(to);
        match self.done(Work::MoveClock(to)).await {
            Answer::Clock(now) => assert_eq!(now, to),
            other => panic!("no clock: {other:?}"),
        }
    }

    /// A fresh identifier for a grant of a wallet; it carries the bucket of the customer.
    pub fn mint(&self, wallet: &WalletKey) -> GrantId {
        let bucket = bucket(wallet.environment, &wallet.customer);
        GrantId::mint(bucket, self.minted.fetch_add(1, Ordering::SeqCst))
    }

    /// Makes a grant of this many credits under a name.
    pub async fn grant(&self, wallet: &WalletKey, name: &str, credits: &str) -> GrantView {
        self.grant_as(wallet, name, credits, |_| {}).await
    }

    /// Makes a grant that is special in some way.
    pub async fn grant_as(
        &self,
        wallet: &WalletKey,
        name: &str,
        credits: &str,
        special: impl FnOnce(&mut NewGrant),
    ) -> GrantView {
        let mut create = grant_of(wallet, self.mint(wallet), name, credits);
        special(&mut create.grant);
        self.call(create.grant.id, name);
        match self.execute(wallet.environment, Work::CreateGrant(Box::new(create))).await.unwrap() {
            Answer::Grant(grant) => *grant,
            other => panic!("no grant: {other:?}"),
        }
    }

    /// Lets rows of a grant be told by a name.
    pub fn call(&self, grant: GrantId, name: &str) {
        self.names.lock().unwrap().insert(grant, name.to_owned());
    }

    /// Burns credits.
    pub async fn consume(&self, wallet: &WalletKey, key: &str, credits: &str) -> Consumed {
        let work = Work::Consume(Box::new(item(wallet, key, credits)));
        match self.execute(wallet.environment, work).await.unwrap() {
            Answer::Consumed(consumed) => consumed,
            other => panic!("nothing consumed: {other:?}"),
        }
    }

    /// The wallet's balance, which exists.
    pub async fn balance(&self, wallet: &WalletKey) -> Balance {
        self.ledger.balance(wallet).await.unwrap().unwrap()
    }

    /// What can be burned, as text.
    pub async fn available(&self, wallet: &WalletKey) -> String {
        self.balance(wallet).await.available.to_string()
    }

    /// A grant as it is now.
    pub async fn grant_now(&self, id: GrantId) -> GrantView {
        self.ledger.grant(SANDBOX, id).await.unwrap().unwrap()
    }

    /// A record, if it exists.
    pub async fn record(&self, kind: RecordKind, id: &str) -> Option<Record> {
        self.ledger.record(SANDBOX, kind, id).await.unwrap()
    }

    /// A page of rows.
    pub async fn rows(&self, query: RowQuery) -> Page<RowView> {
        self.ledger.rows(query).await.unwrap()
    }

    /// All rows of a wallet as text, oldest first.
    pub async fn story(&self, wallet: &WalletKey) -> Vec<String> {
        let mut query = rows_of(wallet.customer.as_str());
        query.environment = wallet.environment;
        let page = self.rows(query).await;
        let of_wallet = page.items.iter().rev().filter(|(_, view)| view.wallet == *wallet);
        of_wallet.map(|(_, view)| self.tell(view)).collect()
    }

    /// A row in a line: instant, type, grant, amount, balance after it.
    pub fn tell(&self, view: &RowView) -> String {
        let names = self.names.lock().unwrap();
        let grant = names.get(&view.part.grant).map_or("overdraft", String::as_str);
        let event = view.part.event_type.as_str().trim_start_matches("CREDITS_");
        let at = view.row.recorded_at.to_string();
        let at = at.trim_end_matches(".000Z").trim_end_matches("T00:00:00");
        format!("{at} {event} {grant} {} = {}", view.part.amount, view.balance_after)
    }
}

/// An instant.
#[must_use]
pub fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Credits.
#[must_use]
pub fn credits(text: &str) -> Credits {
    Credits::parse(text).unwrap()
}

/// A wallet of the sandbox: `customer/currency` or `customer/currency/resource`.
#[must_use]
pub fn wallet(text: &str) -> WalletKey {
    let mut parts = text.split('/');
    let mut next = || parts.next();
    WalletKey {
        environment: SANDBOX,
        customer: CustomerId::parse(next().unwrap()).unwrap(),
        currency: CurrencyId::parse(next().unwrap()).unwrap(),
        resource: next().map(|resource| ResourceId::parse(resource).unwrap()),
    }
}

/// A record to be made, of members with texts.
#[must_use]
pub fn record(kind: RecordKind, id: &str, members: &[(&str, &str)]) -> NewRecord {
    NewRecord { kind, id: id.to_owned(), body: body(members) }
}

/// A JSON object of texts.
pub(super) fn body(members: &[(&str, &str)]) -> Map<String, Value> {
    members.iter().map(|(name, text)| ((*name).to_owned(), Value::from(*text))).collect()
}

/// A plain promotional grant.
#[must_use]
pub fn grant_of(wallet: &WalletKey, id: GrantId, name: &str, credits_: &str) -> CreateGrant {
    let words = Words { display_name: Some(name.to_owned()), ..Words::default() };
    let grant = NewGrant {
        id,
        grant_type: GrantType::Promotional,
        amount: credits(credits_),
        priority: Priority::DEFAULT,
        effective_at: None,
        expire_at: None,
        payment: PaymentState::Settled,
        cost: Money::FREE,
        words,
    };
    CreateGrant { wallet: wallet.clone(), grant, payment: Payment::None }
}

/// A plain consumption.
#[must_use]
pub fn item(wallet: &WalletKey, key: &str, credits_: &str) -> WalletConsume {
    let consume = Consume {
        amount: credits(credits_),
        key: IdempotencyKey::parse(key).unwrap(),
        created_at: None,
        dimensions: Dimensions::default(),
        on_insufficient: OnInsufficient::Overdraft,
    };
    WalletConsume { wallet: wallet.clone(), consume, as_currency_says: false }
}

/// All rows of a customer of the sandbox.
#[must_use]
pub fn rows_of(customer: &str) -> RowQuery {
    RowQuery {
        environment: SANDBOX,
        customer: CustomerId::parse(customer).unwrap(),
        resource: None,
        currency: None,
        event_types: Vec::new(),
        reservation: None,
        page: everything(),
    }
}

/// A page that takes all.
#[must_use]
pub const fn everything() -> PageRequest {
    PageRequest { start: Start::Newest, limit: 10_000 }
}
