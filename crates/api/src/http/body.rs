//! Reads a request's body whole, within bounds of size and time.

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures_util::StreamExt;

use crate::error::ApiError;
use crate::limits::{BODY_TIME_MAX, DISCARDED_BYTES_MAX, SKIP_TIME_MAX, SKIPPED_BYTES_MAX};

/// The body's bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, ApiError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    tokio::time::timeout(BODY_TIME_MAX, collect(body.into_data_stream(), limit))
        .await
        .unwrap_or_else(|_| Err(ApiError::body_too_slow()))
}

async fn collect(mut stream: BodyDataStream, limit: usize) -> Result<Bytes, ApiError> {
    let mut first = Bytes::new();
    let mut all = Vec::new();
    let mut length = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::bad_input("the body ended before its end"))?;
        length = length.saturating_add(chunk.len());
        if length > limit {
            let whole = discard(stream, DISCARDED_BYTES_MAX.saturating_sub(length)).await;
            return Err(ApiError::body_too_large(limit).closing_unless(whole));
        }
        // Most bodies come in one piece and are not copied.
        if first.is_empty() {
            first = chunk;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&first);
            }
            all.extend_from_slice(&chunk);
        }
    }
    Ok(if all.is_empty() { first } else { all.into() })
}

/// Reads a body that nobody wants, within bounds, and says whether that was all of it. If not, the
/// connection has to end: the rest would be taken for the next request.
pub(crate) async fn skip(body: Body) -> bool {
    if body.is_end_stream() {
        return true;
    }
    let discarded = discard(body.into_data_stream(), SKIPPED_BYTES_MAX);
    tokio::time::timeout(SKIP_TIME_MAX, discarded).await.unwrap_or(false)
}

async fn discard(mut stream: BodyDataStream, mut bytes_max: usize) -> bool {
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) if chunk.len() <= bytes_max => bytes_max -= chunk.len(),
            _ => return false,
        }
    }
    true
}
