//! A ledger that fails: what clients are told, and what they are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scrip_api::AppConfig;
use scrip_core::{
    Balance, CustomerId, EnvironmentId, GrantId, ReservationId, ResourceId, Row, Timestamp,
    WalletKey,
};
use scrip_ledger::{
    Claim, ClaimState, EventQuery, EventView, Executed, Explained, ExportQuery, ExportSlice,
    GrantQuery, GrantView, KeyHolder, Ledger, LedgerError, Order, Page, Point, Record, RecordKind,
    RecordQuery, ReservationQuery, ReservationView, RowQuery, RowView, StoredAnswer, UsageQuery,
    UsageSeries, WalletAt, Work,
};
use serde_json::json;

use crate::support::{World, consume_body, grant_body};

/// How the ledger fails when credits are consumed or granted.
#[derive(Clone)]
enum Fault {
    With(LedgerError),
    Panic,
    /// The first grant ids are taken.
    GrantIdsTaken(Arc<AtomicUsize>),
    /// Claims are running elsewhere.
    Running,
}

struct Faulty {
    inner: Arc<dyn Ledger>,
    fault: Fault,
}

async fn faulty(fault: Fault) -> World {
    World::with(AppConfig::default(), |inner| Arc::new(Faulty { inner, fault })).await
}

#[async_trait]
impl Ledger for Faulty {
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError> {
        if matches!(order.work, Work::Consume(_) | Work::CreateGrant(_)) {
            match &self.fault {
                Fault::With(error) => return Err(error.clone()),
                Fault::Panic => panic!("secret"),
                Fault::GrantIdsTaken(left) => {
                    let took = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                        left.checked_sub(1)
                    });
                    if took.is_ok() {
                        return Err(LedgerError::GrantIdTaken);
                    }
                }
                Fault::Running => {}
            }
        }
        self.inner.execute(order).await
    }

    async fn claim(&self, claim: Claim) -> Result<ClaimState, LedgerError> {
        if matches!(self.fault, Fault::Running) {
            return Ok(ClaimState::Running);
        }
        self.inner.claim(claim).await
    }

    async fn answer_claim(&self, claim: Claim, answer: StoredAnswer) -> Result<(), LedgerError> {
        self.inner.answer_claim(claim, answer).await
    }

    fn key_holder(&self, key_hash: [u8; 32]) -> Option<KeyHolder> {
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

    async fn close(&self) {
        self.inner.close().await;
    }
}

const CONSUMPTION: &str = "/api/v1/credits/consumption";
const GRANTS: &str = "/api/v1/credits/grants";

#[tokio::test]
async fn what_clients_are_told() {
    let inside = LedgerError::Internal("table entries, row 7: secret".to_owned());
    let rows = [
        (Fault::With(LedgerError::Busy), 503, "ServiceUnavailable", "true", "1"),
        (Fault::With(LedgerError::Closed), 503, "ServiceUnavailable", "true", "1"),
        (Fault::With(LedgerError::DiskFull), 507, "InsufficientStorage", "false", ""),
        (Fault::With(inside), 500, "UnexpectedError", "", ""),
        (Fault::Panic, 500, "UnexpectedError", "", ""),
    ];
    for (fault, status, code, should_retry, retry_after) in rows {
        let world = faulty(fault).await;
        world.furnish().await;
        for headers in [&[][..], &[("idempotency-key", "k")]] {
            let body = consume_body(1, "k").to_string();
            let told = world.send("POST", CONSUMPTION, headers, body).await;
            let told = told.refuses(status, code, "");
            assert_eq!(told.header("x-should-retry"), should_retry);
            assert_eq!(told.header("retry-after"), retry_after);
            assert!(!told.text.contains("secret"), "{}", told.text);
            assert_eq!(told.header("idempotent-replayed"), "", "it is not stored");
        }
    }
}

#[tokio::test]
async fn taken_grant_ids_are_minted_anew() {
    let world = faulty(Fault::GrantIdsTaken(Arc::new(AtomicUsize::new(3)))).await;
    world.furnish().await;
    world.post(GRANTS, grant_body(1)).await.is(201);
    let world = faulty(Fault::GrantIdsTaken(Arc::new(AtomicUsize::new(99)))).await;
    world.furnish().await;
    world.post(GRANTS, grant_body(1)).await.refuses(500, "UnexpectedError", "");
}

#[tokio::test]
async fn a_claim_that_runs_elsewhere() {
    let world = faulty(Fault::Running).await;
    world.furnish().await;
    let headers = [("idempotency-key", "k")];
    let told = world.send("POST", GRANTS, &headers, grant_body(1).to_string()).await;
    let told = told.refuses(409, "ObjectAlreadyBeingUsedByAnotherRequestError", "Idempotency-Key");
    assert_eq!(told.header("x-should-retry"), "true");
    assert_eq!(told.header("retry-after-ms"), "250");
}

#[tokio::test]
async fn a_clock_that_is_not_trusted() {
    let world = faulty(Fault::Running).await;
    world.get("/readyz").await.refuses(503, "ServiceUnavailable", "");
    world.post("/api/v1/customers", json!({"id": "c"})).await.is(201);
}
