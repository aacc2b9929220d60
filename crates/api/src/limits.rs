//! Every bound of the HTTP side, in one place. Those of the rules stand in `scrip_core::limits`.

use std::time::Duration;

/// Bytes of a request's body (decision 52).
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of the body of a batch: async consumption, import of customers (decision 52).
pub const BATCH_BODY_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Bytes of an oversize body that are read and thrown away, so that its sender, who reads only
/// when all is written, gets to see the refusal.
pub const DISCARDED_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Bytes of a body that nobody wants, which are read so that its connection can go on.
pub const SKIPPED_BYTES_MAX: usize = 64 * 1024;
/// How long such a body may take to arrive.
pub const SKIP_TIME_MAX: Duration = Duration::from_secs(2);
/// How long a body may take to arrive.
pub const BODY_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of all names and values of a request's headers.
pub const HEADER_BYTES_MAX: usize = 32 * 1024;
/// Bytes of a request's path and query.
pub const TARGET_BYTES_MAX: usize = 16 * 1024;
/// Bytes of an `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// Items of a page, unless the request says.
pub const PAGE_DEFAULT: usize = 20;
/// Items of a page at most.
pub const PAGE_MAX: usize = 100;
/// How often a grant's identifier is minted anew when it is taken. Two of 2^50 rarely meet.
pub const MINT_TRIES: usize = 8;
/// Characters of an error's message that may come from what the client sent.
pub const MESSAGE_CHARACTERS_MAX: usize = 400;
/// When a client may come again after a 503.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);
/// When a client may ask again for a request that still runs.
pub const RUNNING_RETRY_AFTER: Duration = Duration::from_millis(250);
/// Exports at a time. Each has a stretch of rows in memory, however slowly its client reads.
pub const EXPORTS_MAX: usize = 8;
/// Revenue reports at a time. Each has every grant that cost something in memory.
pub const REPORTS_MAX: usize = 2;
/// Grants that a revenue report lists as JSON.
pub const REPORT_GRANTS_MAX: usize = 1_000;
/// Bytes of an address that is told of events.
pub const URL_MAX: usize = 2_048;
/// Characters of a secret that stands in a header as it is.
pub const PLAIN_SECRET_MAX: usize = 255;
/// How often it is written that an API key was used.
pub const KEY_USE_EVERY_SECONDS: u32 = 60 * 60;
/// Bytes of something that a payment provider sends by itself.
pub const PROVIDER_EVENT_BYTES_MAX: usize = 256 * 1024;
/// Characters of a payment provider's secret.
pub const PROVIDER_SECRET_MAX: usize = 255;
/// Characters of a custom currency's name and symbol (spec 1.8).
pub const CURRENCY_NAME_MAX: usize = 64;
