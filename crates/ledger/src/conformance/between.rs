//! A ledger of a test's own in front of a real one: it says what happens in between, and everything else
//! is passed on.

use std::sync::Arc;

use async_trait::async_trait;
use scrip_core::{
    Balance, CustomerId, EnvironmentId, GrantId, ReservationId, ResourceId, Row, Timestamp,
    WalletKey,
};

use crate::anchors::{HeadsBehind, Links};
use crate::{
    Claim, ClaimState, EventQuery, EventView, Executed, Explained, ExportQuery, ExportSlice,
    GrantQuery, GrantView, KeyHolder, KeyRefusal, Ledger, LedgerError, Order, Page, Point, Record,
    RecordKind, RecordQuery, ReservationQuery, ReservationView, RevenueBooks, RowQuery, RowView,
    StoredAnswer, UsageQuery, UsageSeries, WalletAt,
};

/// What happens in between; unless said otherwise, nothing.
#[async_trait]
pub trait Between: Send + Sync + 'static {
    /// An order is carried out.
    async fn execute(&self, inner: &dyn Ledger, order: Order) -> Result<Executed, LedgerError> {
        inner.execute(order).await
    }

    /// A claim is asked for.
    async fn claim(&self, inner: &dyn Ledger, claim: Claim) -> Result<ClaimState, LedgerError> {
        inner.claim(claim).await
    }

    /// It is asked what time it is, if the clock can be trusted.
    fn trusted_time(&self, inner: &dyn Ledger) -> Option<Timestamp> {
        inner.trusted_time()
    }
}

/// A ledger behind it.
pub struct Behind<B> {
    /// What happens in between.
    pub between: B,
    /// The real one.
    pub inner: Arc<dyn Ledger>,
}

#[async_trait]
impl<B: Between> Ledger for Behind<B> {
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError> {
        self.between.execute(self.inner.as_ref(), order).await
    }

    async fn erase_behind(&self, wallets: Vec<(WalletKey, u64)>) -> Result<(), LedgerError> {
        self.inner.erase_behind(wallets).await
    }

    async fn claim(&self, claim: Claim) -> Result<ClaimState, LedgerError> {
        self.between.claim(self.inner.as_ref(), claim).await
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
        self.between.trusted_time(self.inner.as_ref())
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

    async fn balance(&self, wallet: &WalletKey) -> Result<Option<Balance>, LedgerError> {
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
        self.inner.rows(query).await
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

    async fn signs_anchors(&self) -> Result<bool, LedgerError> {
        self.inner.signs_anchors().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
