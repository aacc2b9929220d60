//! Ledgers with a planted fault: the simulator finds it, and tells it by a short history.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use async_trait::async_trait;
use scrip_core::{
    Balance, Credits, CustomerId, EnvironmentId, GrantId, ReservationId, ResourceId, Row,
    Timestamp, WalletKey,
};
use scrip_ledger::anchors::{HeadsBehind, Links};
use scrip_ledger::{
    Answer, Claim, ClaimState, EventQuery, EventView, Executed, Explained, ExportQuery,
    ExportSlice, GrantQuery, GrantView, KeyHolder, KeyRefusal, Ledger, LedgerError, Order, Page,
    Point, Record, RecordKind, RecordQuery, ReservationQuery, ReservationView, RevenueBooks,
    RowQuery, RowView, StoredAnswer, SystemClock, UsageQuery, UsageSeries, WalletAt, Work,
};
use scrip_simulator::check::About;
use scrip_simulator::driver::{InMemory, Store, Target};
use scrip_simulator::history::Setup;
use scrip_simulator::run::{Failure, simulate};

/// What is wrong with a ledger.
#[derive(Clone, Copy)]
enum Fault {
    /// Balances are a billionth off after so many orders.
    OffAfter(usize),
    /// A balance is a billionth off once something was voided.
    OffByVoids,
    /// Lists of rows lack their oldest one.
    ForgetsTheOldestRow,
    /// A release is answered with nothing consumed.
    AnswersReleasesWrong,
    /// An order panics once a hold is asked for.
    Panics,
}

struct Planted(Fault);

impl Target for Planted {
    fn name(&self) -> &'static str {
        "planted"
    }

    fn prepare(&self, setup: &Setup) -> Result<Box<dyn Store>> {
        Ok(Box::new(PlantedStore { fault: self.0, inner: InMemory.prepare(setup)? }))
    }
}

struct PlantedStore {
    fault: Fault,
    inner: Box<dyn Store>,
}

impl Store for PlantedStore {
    fn open(&mut self, clock: SystemClock) -> Result<Arc<dyn Ledger>> {
        let inner = self.inner.open(clock)?;
        let (orders, voids) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Ok(Arc::new(Wrong { fault: self.fault, inner, orders, voids }))
    }

    fn write_behind(&self, _: &dyn Ledger) -> Result<()> {
        Ok(())
    }

    fn verify(&self) -> Result<()> {
        self.inner.verify()
    }
}

struct Wrong {
    fault: Fault,
    inner: Arc<dyn Ledger>,
    orders: AtomicUsize,
    voids: AtomicUsize,
}

#[async_trait]
impl Ledger for Wrong {
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError> {
        if matches!((self.fault, &order.work), (Fault::Panics, Work::Reserve(_))) {
            panic!("a hold");
        }
        let is_void = matches!(order.work, Work::VoidGrant(_));
        let mut executed = self.inner.execute(order).await?;
        self.orders.fetch_add(1, Ordering::SeqCst);
        self.voids.fetch_add(usize::from(is_void), Ordering::SeqCst);
        if let (Fault::AnswersReleasesWrong, Executed::Fresh(Answer::Released(released))) =
            (self.fault, &mut executed)
        {
            released.consumed = Credits::ZERO;
        }
        Ok(executed)
    }

    async fn balance(&self, wallet: &WalletKey) -> Result<Option<Balance>, LedgerError> {
        let mut balance = self.inner.balance(wallet).await?;
        let is_off = match self.fault {
            Fault::OffAfter(orders) => self.orders.load(Ordering::SeqCst) > orders,
            Fault::OffByVoids => self.voids.load(Ordering::SeqCst) > 0,
            _ => false,
        };
        if let (Some(balance), true) = (&mut balance, is_off) {
            balance.granted = balance.granted.plus(Credits::SMALLEST).unwrap();
            balance.available = balance.available.plus(Credits::SMALLEST).unwrap();
        }
        Ok(balance)
    }

    async fn reservation(
        &self,
        wallet: &WalletKey,
        id: &ReservationId,
    ) -> Result<Option<ReservationView>, LedgerError> {
        self.inner.reservation(wallet, id).await
    }

    async fn reservations(
        &self,
        query: ReservationQuery,
    ) -> Result<Page<ReservationView>, LedgerError> {
        self.inner.reservations(query).await
    }

    async fn rows(&self, query: RowQuery) -> Result<Page<RowView>, LedgerError> {
        let mut page = self.inner.rows(query).await?;
        if matches!(self.fault, Fault::ForgetsTheOldestRow) && !page.older && !page.newer {
            page.items.pop();
        }
        Ok(page)
    }

    async fn erase_behind(&self, wallets: Vec<(WalletKey, u64)>) -> Result<(), LedgerError> {
        self.inner.erase_behind(wallets).await
    }

    async fn claim(&self, claim: Claim) -> Result<ClaimState, LedgerError> {
        self.inner.claim(claim).await
    }

    async fn answer_claim(&self, claim: Claim, answer: StoredAnswer) -> Result<(), LedgerError> {
        self.inner.answer_claim(claim, answer).await
    }

    fn key_holder(&self, key_hash: [u8; 32]) -> Result<Arc<KeyHolder>, KeyRefusal> {
        self.inner.key_holder(key_hash)
    }

    fn now(&self, environment: EnvironmentId) -> Timestamp {
        self.inner.now(environment)
    }

    fn trusted_time(&self) -> Option<Timestamp> {
        self.inner.trusted_time()
    }

    fn secret(&self) -> [u8; 32] {
        self.inner.secret()
    }

    async fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, LedgerError> {
        self.inner.record(environment, kind, id).await
    }

    async fn records(&self, query: RecordQuery) -> Result<Page<Record>, LedgerError> {
        self.inner.records(query).await
    }

    async fn balances(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
    ) -> Result<Vec<(WalletKey, Balance)>, LedgerError> {
        self.inner.balances(environment, customer, resource).await
    }

    async fn wallets(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, LedgerError> {
        self.inner.wallets(environment, customer).await
    }

    async fn wallet_at(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<WalletAt>, LedgerError> {
        self.inner.wallet_at(wallet, at).await
    }

    async fn explain(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<Explained>, LedgerError> {
        self.inner.explain(wallet, at).await
    }

    async fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantView>, LedgerError> {
        self.inner.grant(environment, id).await
    }

    async fn grants(&self, query: GrantQuery) -> Result<Page<GrantView>, LedgerError> {
        self.inner.grants(query).await
    }

    async fn export(
        &self,
        query: ExportQuery,
        after: Point,
        until: Option<u64>,
    ) -> Result<Option<ExportSlice>, LedgerError> {
        self.inner.export(query, after, until).await
    }

    async fn add_up_revenue(
        &self,
        books: Box<RevenueBooks>,
    ) -> Result<Box<RevenueBooks>, LedgerError> {
        self.inner.add_up_revenue(books).await
    }

    async fn events(&self, query: EventQuery) -> Result<Page<EventView>, LedgerError> {
        self.inner.events(query).await
    }

    async fn usage(&self, query: UsageQuery) -> Result<Option<Vec<UsageSeries>>, LedgerError> {
        self.inner.usage(query).await
    }

    async fn row_at(
        &self,
        wallet: &WalletKey,
        at: Timestamp,
    ) -> Result<Option<Arc<Row>>, LedgerError> {
        self.inner.row_at(wallet, at).await
    }

    async fn heads_behind(&self, position: u64) -> Result<HeadsBehind, LedgerError> {
        self.inner.heads_behind(position).await
    }

    async fn links(&self, wallet: &WalletKey, from: u64, most: u64) -> Result<Links, LedgerError> {
        self.inner.links(wallet, from, most).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// The first failure of some seeds.
fn found(fault: Fault) -> Box<Failure> {
    let fails = |seed| simulate(seed, 100, &[&Planted(fault)]).err();
    (0..20).find_map(fails).unwrap_or_else(|| panic!("the fault is not found"))
}

#[test]
fn a_billionth_too_much_after_the_thirtieth_order_is_found() {
    let failure = found(Fault::OffAfter(30));
    assert_eq!(failure.first.about, About::Totals);
    // Orders make the account and the keys too, and as many must be left over as it takes.
    assert!(failure.short.history.steps.len() <= 31, "{}", failure.report());
}

#[test]
fn a_fault_is_told_by_the_few_steps_that_it_takes() {
    let failure = found(Fault::OffByVoids);
    assert_eq!(failure.short.history.steps.len(), 4, "{}", failure.report());
    let report = failure.report();
    let again = format!("scrip-simulator --seed {} --steps 100 --target planted", failure.seed);
    assert!(report.contains(&again), "{report}");
    let pasted = report.split("agrees(\n        \"\n").nth(1).unwrap();
    let pasted = pasted.split('"').next().unwrap();
    assert_eq!(pasted.parse::<scrip_simulator::history::History>().unwrap(), failure.short.history);
}

#[test]
fn a_missing_row_is_found() {
    let failure = found(Fault::ForgetsTheOldestRow);
    assert!(failure.short.history.steps.len() <= 4, "{}", failure.report());
}

#[test]
fn a_wrong_answer_is_found() {
    let failure = found(Fault::AnswersReleasesWrong);
    assert_eq!(failure.first.about, About::Answer);
    assert!(failure.short.history.steps.len() <= 5, "{}", failure.report());
}

#[test]
fn a_panic_is_found() {
    let failure = found(Fault::Panics);
    assert_eq!((failure.first.about, failure.first.text.as_str()), (About::Panic, "a hold"));
    assert_eq!(failure.short.history.steps.len(), 1, "{}", failure.report());
}
