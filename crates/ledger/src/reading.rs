//! Reading rows and grants, the same for every ledger that keeps its wallets in [`Views`].

use std::sync::Arc;

use scrip_core::{
    Actor, EnvironmentId, Grant, GrantNumber, Origin, Row, Timestamp, TraceId, WalletKey,
};

use crate::clock::Clocks;
use crate::history::{self, Entries};
use crate::views::Views;
use crate::work::{Failure, StoreError};
use crate::{
    GrantQuery, GrantRecord, Ledger, LedgerError, Order, Page, PageRequest, Point, RowQuery,
    RowView, Start, Work,
};

/// How many wallets one order brings up to date, so that no order holds up the others for long.
pub const ADVANCE_MOST: usize = 256;

/// The wallets that a query for rows concerns.
pub fn wallets_of_rows(views: &Views, query: &RowQuery) -> Vec<WalletKey> {
    let mut keys = views.wallets_of(query.environment, &query.customer);
    keys.retain(|key| {
        query.resource.as_ref().is_none_or(|asked| key.resource.as_ref() == Some(asked))
            && query.currency.as_ref().is_none_or(|asked| key.currency == *asked)
    });
    keys
}

/// The wallets that a query for grants concerns.
pub fn wallets_of_grants(views: &Views, query: &GrantQuery) -> Vec<WalletKey> {
    let mut keys = views.wallets_of(query.environment, &query.customer);
    keys.retain(|key| {
        key.resource == query.resource
            && query.currency.as_ref().is_none_or(|asked| key.currency == *asked)
    });
    keys
}

/// Writes what is due in these wallets (decision 33). On a full disk reads go on: rows are those
/// that are there, and grants are folded.
pub async fn write_due(
    ledger: &(impl Ledger + ?Sized),
    views: &Views,
    clocks: &Clocks,
    keys: &[WalletKey],
) -> Result<(), LedgerError> {
    let due = views.due_among(keys, clocks);
    for keys in due.chunks(ADVANCE_MOST) {
        if let Some(first) = keys.first() {
            match ledger.execute(advance(first.environment, keys.to_vec())).await {
                Ok(_) | Err(LedgerError::DiskFull) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Writes what is due in a wallet, or says why it is not written.
pub async fn write_due_or_fail(
    ledger: &(impl Ledger + ?Sized),
    views: &Views,
    clocks: &Clocks,
    key: &WalletKey,
) -> Result<(), LedgerError> {
    let due = views.due_among(std::slice::from_ref(key), clocks);
    if !due.is_empty() {
        ledger.execute(advance(key.environment, due)).await?;
    }
    Ok(())
}

/// Writes everything that is due in an environment, slice by slice.
pub async fn write_all_due(
    ledger: &(impl Ledger + ?Sized),
    views: &Views,
    clocks: &Clocks,
    environment: EnvironmentId,
) -> Result<(), LedgerError> {
    let until = clocks.now(environment);
    loop {
        let keys = views.due(environment, until, ADVANCE_MOST);
        if keys.is_empty() {
            return Ok(());
        }
        ledger.execute(advance(environment, keys)).await?;
    }
}

/// The order that brings wallets up to date.
pub fn advance(environment: EnvironmentId, keys: Vec<WalletKey>) -> Order {
    let origin = Origin { actor: Actor::System, trace_id: TraceId::default(), salt: [0; 16] };
    Order { environment, origin, work: Work::Advance(keys), remember: None }
}

/// A page of rows.
pub fn rows(
    entries: &impl Entries,
    views: &Views,
    keys: &[WalletKey],
    query: &RowQuery,
) -> Result<Page<RowView>, LedgerError> {
    let heads = views.heads(keys);
    let page = history::page(entries, &heads, query).map_err(store_error)?;
    // A cursor that is authentic names a row of these wallets.
    page.ok_or_else(|| LedgerError::Internal("a cursor names no row of its query".to_owned()))
}

/// A wallet's newest row at or before an instant.
pub fn row_at(
    entries: &impl Entries,
    views: &Views,
    key: &WalletKey,
    at: Timestamp,
) -> Result<Option<Arc<Row>>, LedgerError> {
    let heads = views.heads(std::slice::from_ref(key));
    let Some(head) = heads.first() else { return Ok(None) };
    let entry = history::newest_at(entries, head, at).map_err(store_error)?;
    Ok(entry.map(|entry| entry.row))
}

/// What the published wallets know of their living grants, folded up to now. Taken before the
/// records are read, so that a grant that ends in between is seen as it was.
pub fn living(views: &Views, clocks: &Clocks, keys: &[WalletKey]) -> Vec<(WalletKey, Vec<Grant>)> {
    let grants = |key: &WalletKey| {
        let slot = views.slot(key)?;
        // A wallet that cannot be folded is refused where it is written.
        let later = slot.wallet.advanced(clocks.now(key.environment)).ok().flatten();
        let Some(mut later) = later else { return Some(slot.wallet.grants().to_vec()) };
        let mut grants = later.take_departed();
        grants.extend_from_slice(later.grants());
        grants.sort_unstable_by_key(|grant| grant.name.number);
        Some(grants)
    };
    keys.iter().filter_map(|key| Some((key.clone(), grants(key)?))).collect()
}

/// Puts the living facts of a grant into its record.
pub fn enliven(record: &mut GrantRecord, living: &[(WalletKey, Vec<Grant>)]) {
    let number: GrantNumber = record.grant.name.number;
    let grants = living.iter().find(|(key, _)| *key == record.wallet).map(|(_, grants)| grants);
    if let Some(grants) = grants
        && let Ok(index) = grants.binary_search_by_key(&number, |grant| grant.name.number)
    {
        record.grant = grants[index];
    }
}

/// A page of records or grants by ordinal, of `read`, which answers a request with the items that
/// its page may show and one more, walking away from its start.
pub fn by_ordinal<T, E>(
    request: PageRequest,
    mut read: impl FnMut(PageRequest) -> Result<Vec<(u64, T)>, E>,
) -> Result<Page<T>, E> {
    let items = read(request)?;
    let found = items
        .into_iter()
        .map(|(ordinal, item)| (Point { position: ordinal, part: 0 }, item))
        .collect();
    // What the cursor named may match no more, so the other side is looked at.
    let other_side = match request.start {
        Start::Newest => None,
        Start::After(Point { position, part }) => {
            Some(Start::Before(Point { position: position.saturating_sub(1), part }))
        }
        Start::Before(Point { position, part }) => {
            Some(Start::After(Point { position: position.saturating_add(1), part }))
        }
    };
    let behind = match other_side {
        Some(start) => !read(PageRequest { start, limit: 0 })?.is_empty(),
        None => false,
    };
    Ok(Page::of_walk(found, behind, request))
}

/// What the caller is told of a failure of the store.
pub fn store_error(error: StoreError) -> LedgerError {
    match error {
        StoreError::DiskFull => LedgerError::DiskFull,
        StoreError::Corrupt(text) | StoreError::Failed(text) => LedgerError::Internal(text),
    }
}

/// What the caller is told of an order that was not carried out.
pub fn failure(failure: Failure) -> LedgerError {
    match failure {
        Failure::Refused(refusal) => LedgerError::Refused(refusal),
        Failure::GrantIdTaken => LedgerError::GrantIdTaken,
        Failure::ClaimedForOther => LedgerError::ClaimedForOther,
        Failure::Broken(broken) => LedgerError::Internal(broken.to_string()),
        Failure::Store(error) => store_error(error),
    }
}
