//! Reading balances, rows and grants, the same for every ledger that publishes its wallets.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use scrip_core::{
    Balance, CurrencyId, CustomerId, EnvironmentId, Grant, Origin, ResourceId, Row, Timestamp,
    Wallet, WalletKey, genesis,
};

use crate::anchors::{self, Links};
use crate::clock::Clocks;
use crate::history::{self, Entries, Head};
use crate::published::Published;
use crate::slot::Slot;
use crate::work::{Failure, StoreError};
use crate::{
    Advanced, Answer, Executed, Explained, GrantQuery, GrantRecord, Ledger, LedgerError, Order,
    Page, PageRequest, Point, RecordKind, RowQuery, RowView, Start, UsageQuery, UsageSeries,
    WalletAt, Work,
};

/// How many wallets one order brings up to date, so that no order holds up the others for long.
pub const ADVANCE_MOST: usize = 256;

/// The wallets that a query for rows concerns.
pub fn wallets_of_rows(
    published: &impl Published,
    query: &RowQuery,
) -> Result<Vec<WalletKey>, StoreError> {
    let filters = (query.resource.as_ref(), query.currency.as_ref());
    wallets_of(published, query.environment, &query.customer, filters)
}

/// A customer's wallets: of one resource or of all scopes, of one currency or of all.
pub fn wallets_of(
    published: &impl Published,
    environment: EnvironmentId,
    customer: &CustomerId,
    (resource, currency): (Option<&ResourceId>, Option<&CurrencyId>),
) -> Result<Vec<WalletKey>, StoreError> {
    let mut keys = published.wallets_of(environment, customer)?;
    keys.retain(|key| {
        resource.is_none_or(|asked| key.resource.as_ref() == Some(asked))
            && currency.is_none_or(|asked| key.currency == *asked)
    });
    Ok(keys)
}

/// The wallets that a query for grants concerns.
pub fn wallets_of_grants(
    published: &impl Published,
    query: &GrantQuery,
) -> Result<Vec<WalletKey>, StoreError> {
    let mut keys = published.wallets_of(query.environment, &query.customer)?;
    keys.retain(|key| {
        key.resource == query.resource
            && query.currency.as_ref().is_none_or(|asked| key.currency == *asked)
    });
    Ok(keys)
}

/// Of these wallets, those that have something due now.
pub fn due_among(
    published: &impl Published,
    clocks: &Clocks,
    keys: &[WalletKey],
) -> Result<Vec<WalletKey>, StoreError> {
    among(published, keys, |slot| {
        let now = clocks.now(slot.wallet.key().environment);
        slot.wallet.next_due().is_some_and(|next| next.at <= now)
    })
}

/// Of these wallets, those that may make grants by themselves with what is due now: how they are now
/// is known only when it is written.
pub fn own_due_among(
    published: &impl Published,
    clocks: &Clocks,
    keys: &[WalletKey],
) -> Result<Vec<WalletKey>, StoreError> {
    among(published, keys, |slot| makes_grants_now(slot, clocks))
}

fn among(
    published: &impl Published,
    keys: &[WalletKey],
    is_one: impl Fn(&Slot) -> bool,
) -> Result<Vec<WalletKey>, StoreError> {
    let mut found = Vec::new();
    for key in keys {
        if published.slot(key)?.is_some_and(|slot| is_one(&slot)) {
            found.push(key.clone());
        }
    }
    Ok(found)
}

/// The wallet may make grants by itself with what is due now.
pub fn makes_grants_now(slot: &Slot, clocks: &Clocks) -> bool {
    slot.wallet.may_make_grants_by(clocks.now(slot.wallet.key().environment))
}

/// Writes what is due in these wallets (decision 33). On a full disk reads go on: rows are those
/// that are there, and grants are folded. So they do where a wallet is frozen.
pub async fn write_due(
    ledger: &(impl Ledger + ?Sized),
    due: &[WalletKey],
) -> Result<(), LedgerError> {
    for keys in due.chunks(ADVANCE_MOST) {
        match write_due_or_fail(ledger, keys.to_vec()).await {
            Ok(()) | Err(LedgerError::DiskFull | LedgerError::Frozen) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes what is due in some wallets, slice by slice, or says why it is not written.
pub async fn write_due_or_fail(
    ledger: &(impl Ledger + ?Sized),
    mut due: Vec<WalletKey>,
) -> Result<(), LedgerError> {
    while let Some(environment) = due.first().map(|key| key.environment) {
        match ledger.execute(advance(environment, due)).await? {
            Executed::Fresh(Answer::Advanced(Advanced { left, rows }))
                if rows > 0 || left.is_empty() =>
            {
                due = left;
            }
            _ => return Err(LedgerError::Internal("time does not pass".to_owned())),
        }
    }
    Ok(())
}

/// Writes all that is due where `next` tells the wallets that are, slice by slice, so that others are
/// served in between.
pub async fn write_all_due<Next: Future<Output = Result<Vec<WalletKey>, LedgerError>>>(
    ledger: &(impl Ledger + ?Sized),
    next: impl Fn() -> Next,
) -> Result<(), LedgerError> {
    let mut before = Vec::new();
    loop {
        let due = next().await?;
        if due.is_empty() {
            return Ok(());
        }
        if due == before {
            return Err(LedgerError::Internal("time does not pass in some wallets".to_owned()));
        }
        match write_due_or_fail(ledger, due.clone()).await {
            Err(LedgerError::Busy) => tokio::time::sleep(BUSY_PAUSE).await,
            Err(error) => return Err(error),
            Ok(()) => before = due,
        }
    }
}

/// How long whoever writes what is due waits where too much waits already.
const BUSY_PAUSE: Duration = Duration::from_millis(5);

/// Whose due work an order must find written, or that of all: what fell due before a customer or a
/// currency is archived, or while it was, is decided as things stood then (decisions 48 and 74).
pub fn is_due_before(work: &Work) -> Option<Option<CustomerId>> {
    match work {
        Work::ArchiveRecord(RecordKind::Customer, id)
        | Work::UnarchiveRecord(RecordKind::Customer, id) => CustomerId::parse(id).ok().map(Some),
        Work::ArchiveRecord(RecordKind::CustomCurrency, _)
        | Work::UnarchiveRecord(RecordKind::CustomCurrency, _) => Some(None),
        // It may take the place of an archived one.
        Work::CreateRecord(new) if new.kind == RecordKind::CustomCurrency => Some(None),
        _ => None,
    }
}

/// The order that brings wallets up to date.
pub fn advance(environment: EnvironmentId, keys: Vec<WalletKey>) -> Order {
    let work = Work::Advance(keys);
    Order { environment, origin: Origin::SYSTEM, work, remember: None }
}

/// A wallet's balance now, folded without writing; none if it never changed.
pub fn balance(slot: &Slot, clocks: &Clocks) -> Result<Balance, StoreError> {
    let wallet = folded(slot, clocks)?;
    wallet.balance().map_err(|error| wrong(slot, &error))
}

/// A wallet now, folded without writing.
pub fn folded<'a>(slot: &'a Slot, clocks: &Clocks) -> Result<Cow<'a, Wallet>, StoreError> {
    let now = clocks.now(slot.wallet.key().environment);
    let later = slot.wallet.advanced(now).map_err(|error| wrong(slot, &error))?;
    Ok(later.map_or(Cow::Borrowed(&slot.wallet), Cow::Owned))
}

fn wrong(slot: &Slot, error: &impl std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("wallet {}: {error}", slot.number))
}

/// The balances of a customer's wallets of one scope, by currency.
pub fn balances(
    published: &impl Published,
    clocks: &Clocks,
    environment: EnvironmentId,
    customer: &CustomerId,
    resource: Option<&ResourceId>,
) -> Result<Vec<(WalletKey, Balance)>, StoreError> {
    let mut balances = Vec::new();
    for key in published.wallets_of(environment, customer)? {
        if key.resource.as_ref() == resource
            && let Some(slot) = published.slot(&key)?
        {
            balances.push((key, balance(&slot, clocks)?));
        }
    }
    Ok(balances)
}

/// Where the rows of these wallets end.
pub fn heads(published: &impl Published, keys: &[WalletKey]) -> Result<Vec<Head>, StoreError> {
    let mut heads = Vec::with_capacity(keys.len());
    for key in keys {
        if let Some(slot) = published.slot(key)? {
            heads.push(head(key, &slot));
        }
    }
    Ok(heads)
}

/// Links of a wallet's chain, from a sequence on; none if it has no rows.
pub fn links(
    entries: &impl Entries,
    published: &impl Published,
    wallet: &WalletKey,
    from: u64,
    most: u64,
) -> Result<Links, StoreError> {
    match published.slot(wallet)? {
        Some(slot) => anchors::links(entries, &head(wallet, &slot), from, most),
        None => Ok(Links { previous: genesis(wallet), links: Vec::new() }),
    }
}

/// Where the rows of a wallet end.
pub fn head(key: &WalletKey, slot: &Slot) -> Head {
    Head {
        key: key.clone(),
        number: slot.number,
        sequence: slot.wallet.sequence(),
        last: slot.links.last,
        last_notable: slot.links.last_notable,
    }
}

/// A page of rows.
pub fn rows(
    entries: &impl Entries,
    published: &impl Published,
    keys: &[WalletKey],
    query: &RowQuery,
) -> Result<Page<RowView>, LedgerError> {
    let heads = heads(published, keys).map_err(store_error)?;
    let page = history::page(entries, &heads, query).map_err(store_error)?;
    // A cursor that is authentic names a row of these wallets.
    page.ok_or_else(|| LedgerError::Internal("a cursor names no row of its query".to_owned()))
}

/// A wallet's newest row at or before an instant.
pub fn row_at(
    entries: &impl Entries,
    published: &impl Published,
    key: &WalletKey,
    at: Timestamp,
) -> Result<Option<Arc<Row>>, LedgerError> {
    let heads = heads(published, std::slice::from_ref(key)).map_err(store_error)?;
    let Some(head) = heads.first() else { return Ok(None) };
    let entry = history::newest_at(entries, head, at).map_err(store_error)?;
    Ok(entry.map(|entry| entry.row))
}

/// What was consumed of a wallet.
pub fn usage(
    entries: &impl Entries,
    published: &impl Published,
    query: &UsageQuery,
) -> Result<Option<Vec<UsageSeries>>, LedgerError> {
    let heads = heads(published, std::slice::from_ref(&query.wallet)).map_err(store_error)?;
    let Some(head) = heads.first() else { return Ok(Some(query.nothing())) };
    crate::usage::usage(entries, head, query).map_err(store_error)
}

/// A wallet as it is now, folded without writing; none if it never changed.
pub fn wallet_now(slot: &Slot, clocks: &Clocks) -> Result<WalletAt, StoreError> {
    let now = clocks.now(slot.wallet.key().environment);
    advanced(slot.number, slot.wallet.clone(), now)
}

/// A wallet as it was at an instant of the past, whose rows up to then are all there, or due.
pub fn wallet_at(
    entries: &impl Entries,
    published: &impl Published,
    key: &WalletKey,
    at: Timestamp,
) -> Result<Option<WalletAt>, StoreError> {
    let heads = heads(published, std::slice::from_ref(key))?;
    let Some(head) = heads.first() else { return Ok(None) };
    let Some(newest) = history::newest_at(entries, head, at)? else { return Ok(None) };
    let (wallet, _) = history::fold_to(entries, head, newest.row.sequence, |_| Ok(()))?;
    advanced(head.number, wallet, at).map(Some)
}

/// What a wallet's balance is made of, once everything is written that was due by then: at `at`,
/// or now, which is `now` unless its last row is later.
pub fn explain(
    entries: &impl Entries,
    published: &impl Published,
    key: &WalletKey,
    at: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Explained>, StoreError> {
    let heads = heads(published, std::slice::from_ref(key))?;
    let Some(head) = heads.first() else { return Ok(None) };
    let sequence = match at {
        None => Some(head.sequence),
        Some(at) => history::newest_at(entries, head, at)?.map(|newest| newest.row.sequence),
    };
    let Some(sequence) = sequence else { return Ok(None) };
    let mut rows = Vec::new();
    let (wallet, opening) = history::fold_to(entries, head, sequence, |entry| {
        rows.extend(history::parts_of(entries, key, entry)?);
        Ok(())
    })?;
    let then = WalletAt { at: at.unwrap_or_else(|| wallet.time_at(now)), wallet };
    Ok(Some(Explained { then, opening, rows }))
}

fn advanced(number: u64, wallet: Wallet, at: Timestamp) -> Result<WalletAt, StoreError> {
    let later = wallet
        .advanced(at)
        .map_err(|error| StoreError::Corrupt(format!("wallet {number}: {error}")))?;
    let mut wallet = later.unwrap_or(wallet);
    wallet.take_departed();
    Ok(WalletAt { at: wallet.time_at(at), wallet })
}

/// A wallet's living grants, and those that left it with what is due and not written yet.
pub struct Living {
    wallet: Wallet,
    departed: Vec<Grant>,
}

/// What the published wallets know of their living grants, folded up to now. Taken before the
/// records are read, so that a grant that ends in between is seen as it was. A grant that left its
/// wallet is seen by its record.
pub fn living(
    published: &impl Published,
    clocks: &Clocks,
    keys: &[WalletKey],
) -> Result<Vec<Living>, StoreError> {
    let mut living = Vec::with_capacity(keys.len());
    for key in keys {
        let Some(slot) = published.slot(key)? else { continue };
        // A wallet that cannot be folded is refused where it is written.
        let later = slot.wallet.advanced(clocks.now(key.environment)).ok().flatten();
        let mut wallet = later.unwrap_or_else(|| slot.wallet.clone());
        let departed = wallet.take_departed();
        living.push(Living { wallet, departed });
    }
    Ok(living)
}

/// Puts the living facts of a grant into its record.
pub fn enliven(record: &mut GrantRecord, living: &[Living]) {
    let name = record.grant.name;
    if let Some(of) = living.iter().find(|of| *of.wallet.key() == record.wallet) {
        let left = || of.departed.iter().find(|grant| grant.name == name);
        record.grant = of.wallet.grant(name.number).or_else(left).copied().unwrap_or(record.grant);
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
        StoreError::Frozen => LedgerError::Frozen,
        StoreError::Unavailable(_) => LedgerError::Unavailable,
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
