//! An export on its way to a client: a stretch of rows at a time, when the client has taken the one
//! before.

use std::io;

use axum::body::Bytes;
use futures_util::stream::{self, Stream};
use scrip_core::{EnvironmentId, TraceId};
use scrip_ledger::{ExportQuery, ExportSlice, LedgerError, Point};
use tokio::sync::OwnedSemaphorePermit;

use super::format::Format;
use crate::app::App;
use crate::cursor::CursorScope;
use crate::error::ApiError;
use crate::http::{Call, Numbers};

/// An export that has begun.
pub(super) struct Export {
    app: App,
    trace_id: TraceId,
    numbers: Numbers,
    query: ExportQuery,
    format: Format,
    scope: CursorScope,
    /// The caller's.
    environment: EnvironmentId,
    /// How many rows were written.
    rows: u64,
    next: Next,
    /// A place among those that run at a time.
    _place: OwnedSemaphorePermit,
}

/// What is written next.
enum Next {
    /// This, with the head before it.
    First(ExportSlice),
    /// What lies behind a point, up to a position.
    Behind(Point, u64),
    Nothing,
}

impl Export {
    /// Reads the first stretch: what can be refused is refused before anything is answered.
    pub async fn begin(
        call: &Call,
        query: ExportQuery,
        after: Point,
        format: Format,
        scope: CursorScope,
    ) -> Result<Self, ApiError> {
        let app = call.app().clone();
        let place = app.export_place().ok_or_else(|| {
            ApiError::unavailable("too many exports are running: try again when one has ended")
        })?;
        let first = call.ledger().export(query.clone(), after, None).await?;
        let first = first.ok_or_else(|| {
            ApiError::bad_input("after names a row that was lost: export again from the beginning")
        })?;
        Ok(Self {
            trace_id: call.trace_id(),
            numbers: call.numbers(),
            environment: call.environment(),
            query,
            format,
            scope,
            rows: 0,
            next: Next::First(first),
            _place: place,
            app,
        })
    }

    /// Its bytes. An error breaks the connection off, so that nobody takes a part for the whole.
    pub fn into_stream(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::try_unfold(self, |mut export| async move {
            match export.step().await {
                Ok(Some(bytes)) => Ok(Some((Bytes::from(bytes), export))),
                Ok(None) => Ok(None),
                Err(error) => {
                    tracing::warn!(trace_id = %export.trace_id, %error, "an export broke off");
                    Err(io::Error::other(error))
                }
            }
        })
    }

    async fn step(&mut self) -> Result<Option<Vec<u8>>, LedgerError> {
        let mut bytes = Vec::new();
        loop {
            let slice = match std::mem::replace(&mut self.next, Next::Nothing) {
                Next::Nothing => return Ok(None),
                Next::First(slice) => {
                    bytes = self.format.head();
                    slice
                }
                Next::Behind(after, until) => {
                    // A stop does not wait for the end of an export: it goes on elsewhere.
                    if self.app.is_stopping() {
                        return Err(LedgerError::Closed);
                    }
                    let found = self.app.within(self.environment).export(
                        self.query.clone(),
                        after,
                        Some(until),
                    );
                    found.await?.ok_or_else(|| {
                        LedgerError::Internal("rows of a running export were lost".to_owned())
                    })?
                }
            };
            bytes.extend(self.format.lines(self.numbers, &self.scope, &slice, self.rows));
            self.rows = self.rows.saturating_add(slice.rows.len() as u64);
            if !slice.is_last() {
                self.next = Next::Behind(slice.reached, slice.until);
            }
            // What has no rows is passed over: an empty piece would say that nothing comes any more.
            if !bytes.is_empty() {
                return Ok(Some(bytes));
            }
        }
    }
}
