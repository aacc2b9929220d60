//! A ledger that fails: what clients are told, and what they are not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use scrip_api::AppConfig;
use scrip_core::Timestamp;
use scrip_ledger::conformance::{Behind, Between};
use scrip_ledger::{Claim, ClaimState, Executed, Ledger, LedgerError, Order, Work};
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

async fn faulty(fault: Fault) -> World {
    World::with(AppConfig::default(), |inner| Arc::new(Behind { between: fault, inner })).await
}

#[async_trait]
impl Between for Fault {
    async fn execute(&self, inner: &dyn Ledger, order: Order) -> Result<Executed, LedgerError> {
        if matches!(order.work, Work::Consume(_) | Work::CreateGrant(_)) {
            match self {
                Self::With(error) => return Err(error.clone()),
                Self::Panic => panic!("secret"),
                Self::GrantIdsTaken(left) => {
                    let took = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                        left.checked_sub(1)
                    });
                    if took.is_ok() {
                        return Err(LedgerError::GrantIdTaken);
                    }
                }
                Self::Running => {}
            }
        }
        inner.execute(order).await
    }

    async fn claim(&self, inner: &dyn Ledger, claim: Claim) -> Result<ClaimState, LedgerError> {
        if matches!(self, Self::Running) {
            return Ok(ClaimState::Running);
        }
        inner.claim(claim).await
    }

    fn trusted_time(&self, _: &dyn Ledger) -> Option<Timestamp> {
        None
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
