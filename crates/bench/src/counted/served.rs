//! Requests that reach the router without a socket.

use std::path::Path;

use anyhow::bail;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request as HttpRequest;
use scrip_core::limits::BATCH_MAX;
use scrip_ledger::Ledger as _;
use scrip_ledger::embedded::Embedded;
use tower::ServiceExt as _;

use super::{WALLETS, embedding};
use crate::client::writer::Writer;
use crate::server;
use crate::workload::{API_KEY, Among};

/// What is asked.
#[derive(Clone, Copy)]
pub enum Request {
    /// One consumption.
    Single,
    /// As many as a batch may have.
    Batch,
    /// Whether something may be used.
    Check,
}

/// Opens a ledger, asks so often, one request after the other, and closes it.
pub fn ask(directory: &Path, times: u32, request: Request) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let embedded = Embedded::open(directory, embedding(), |_, _| {})?;
    runtime.block_on(async {
        let router = scrip_api::router(server::app(embedded.clone()).await?);
        let mut writer = Writer::new(Among::all(WALLETS), 1, 0);
        for _ in 0..times {
            let request = match request {
                Request::Single => post(writer.single())?,
                Request::Batch => post(writer.batch(BATCH_MAX))?,
                Request::Check => HttpRequest::get(writer.balance())
                    .header("x-api-key", API_KEY)
                    .body(Body::empty())?,
            };
            answered(&router, request).await?;
        }
        embedded.close().await;
        Ok(())
    })
}

fn post((path, body): (&str, &str)) -> anyhow::Result<HttpRequest<Body>> {
    let request = HttpRequest::post(path)
        .header("x-api-key", API_KEY)
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))?;
    Ok(request)
}

async fn answered(router: &Router, request: HttpRequest<Body>) -> anyhow::Result<()> {
    let asked = format!("{} {}", request.method(), request.uri());
    let answer = router.clone().oneshot(request).await?;
    let status = answer.status();
    let body = to_bytes(answer.into_body(), usize::MAX).await?;
    if status.is_success() {
        Ok(())
    } else {
        bail!("{asked}: {status}: {}", String::from_utf8_lossy(&body))
    }
}
