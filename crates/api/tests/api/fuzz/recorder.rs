//! A ledger that notes what requests meant, and refuses it.

use std::fmt::Debug;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use scrip_core::{
    Balance, CustomerId, EnvironmentId, GrantId, ReservationId, ResourceId, Row, Timestamp,
    WalletKey,
};
use scrip_ledger::anchors::{HeadsBehind, Links};
use scrip_ledger::{
    Claim, ClaimState, EventQuery, EventView, Executed, Explained, ExportQuery, ExportSlice,
    GrantQuery, GrantView, KeyHolder, KeyRefusal, Ledger, LedgerError, Order, Page, Point, Record,
    RecordKind, RecordQuery, ReservationQuery, ReservationView, RevenueBooks, RowQuery, RowView,
    StoredAnswer, UsageQuery, UsageSeries, WalletAt, Work,
};

/// Notes orders and questions as texts.
pub struct Recorder {
    inner: Arc<dyn Ledger>,
    refuses: AtomicBool,
    noted: Mutex<Vec<String>>,
}

impl Recorder {
    pub fn around(inner: Arc<dyn Ledger>) -> Arc<Self> {
        Arc::new(Self { inner, refuses: AtomicBool::new(false), noted: Mutex::default() })
    }

    /// From here on no order is carried out.
    pub fn refuse_everything(&self) {
        self.refuses.store(true, Ordering::Relaxed);
        self.take();
    }

    /// What was meant since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.noted.lock().unwrap())
    }

    fn note(&self, what: &impl Debug) {
        self.noted.lock().unwrap().push(format!("{what:?}"));
    }
}

#[async_trait]
impl Ledger for Recorder {
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError> {
        if !self.refuses.load(Ordering::Relaxed) {
            return self.inner.execute(order).await;
        }
        let mut work = order.work;
        if let Work::CreateGrant(create) = &mut work {
            // Minted anew for each request.
            create.grant.id = GrantId::mint(0, 0);
        }
        self.note(&work);
        Err(LedgerError::Closed)
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
        None
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
        self.note(&query);
        self.inner.records(query).await
    }

    async fn balance(&self, wallet: &WalletKey) -> Result<Option<Balance>, LedgerError> {
        self.note(wallet);
        self.inner.balance(wallet).await
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
        self.note(&(wallet, at));
        self.inner.wallet_at(wallet, at).await
    }

    async fn explain(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<Explained>, LedgerError> {
        self.note(&(wallet, at));
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
        self.note(&query);
        self.inner.grants(query).await
    }

    async fn reservation(
        &self,
        wallet: &WalletKey,
        id: &ReservationId,
    ) -> Result<Option<ReservationView>, LedgerError> {
        self.note(&(wallet, id));
        self.inner.reservation(wallet, id).await
    }

    async fn reservations(
        &self,
        query: ReservationQuery,
    ) -> Result<Page<ReservationView>, LedgerError> {
        self.note(&query);
        self.inner.reservations(query).await
    }

    async fn rows(&self, query: RowQuery) -> Result<Page<RowView>, LedgerError> {
        self.note(&query);
        self.inner.rows(query).await
    }

    async fn export(
        &self,
        query: ExportQuery,
        after: Point,
        until: Option<u64>,
    ) -> Result<Option<ExportSlice>, LedgerError> {
        self.note(&query);
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
