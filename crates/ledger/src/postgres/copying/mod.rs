//! A database that is copied, or copied to.

mod source;
mod target;

use super::session::Session;
use crate::work::StoreError;

pub use source::CopySource;
pub use target::CopyTarget;

/// Every transaction that adds rows holds this shared; see `horizon`.
const LOCK: i64 = 0x7363_7269_7001;
/// How long transactions that are under way may take to end.
const WITHIN: &str = "set lock_timeout = '20s'";

/// Keeps everybody from adding anything, as long as the connection stands.
fn hold(session: &Session) -> Result<(), StoreError> {
    session.wait_for_ever()?;
    session.run(WITHIN)?;
    session.query("select pg_advisory_lock($1) is null as held", &[&LOCK]).map(drop)
}
