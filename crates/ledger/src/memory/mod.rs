//! The ledger that keeps everything in memory and nothing longer: for tests, and as the plainest
//! statement of what a ledger is.

mod state;
#[cfg(all(test, feature = "conformance"))]
mod tests;
mod views;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scrip_core::{
    Balance, CustomerId, EnvironmentId, GrantId, NameHash, ReservationId, ResourceId, Row,
    Timestamp, WalletKey,
};

use crate::anchors::{self, HeadsBehind, Links};
use crate::clock::{Clocks, SystemClock};
use crate::export::{self, Rows};
use crate::history::{Entries, Entry};
use crate::published::{Published as _, RunningClaims};
use crate::reading::{self, failure, store_error};
use crate::reservations;
use crate::revenue;
use crate::slot::{Position, WalletNumber};
use crate::work::{self, Settings, StoreError};
use crate::{
    Claim, ClaimState, EventQuery, EventView, Executed, Explained, ExportQuery, ExportSlice,
    GrantQuery, GrantView, KeyHolder, KeyRefusal, Ledger, LedgerError, Order, Page, PageRequest,
    Point, Record, RecordKind, RecordQuery, ReservationQuery, ReservationView, RevenueBooks,
    RowQuery, RowView, Start, StoredAnswer, UsageQuery, UsageSeries, WalletAt, Work,
};
use state::{Kept, Unit};
use views::Views;

/// A ledger in memory.
pub struct Memory {
    views: Views,
    clocks: Clocks,
    settings: Settings,
    secret: [u8; 32],
    running: RunningClaims,
    kept: Mutex<Kept>,
}

impl Memory {
    /// An empty ledger that follows the machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with(SystemClock::of_machine(), Settings::default())
    }

    /// An empty ledger with a clock and settings of its own.
    #[must_use]
    pub fn with(clock: SystemClock, settings: Settings) -> Self {
        Self {
            views: Views::default(),
            clocks: Clocks::new(clock),
            settings,
            secret: [7; 32],
            running: RunningClaims::default(),
            kept: Mutex::default(),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn write_due(&self, keys: &[WalletKey]) -> Result<(), LedgerError> {
        let due = reading::due_among(&self.views, &self.clocks, keys).map_err(store_error)?;
        reading::write_due(self, &due).await
    }

    async fn write_all_due(&self, environment: EnvironmentId) -> Result<(), LedgerError> {
        reading::write_all_due(self, || self.due_now(environment)).await
    }

    /// Some wallets of an environment that have something due now.
    async fn due_now(&self, environment: EnvironmentId) -> Result<Vec<WalletKey>, LedgerError> {
        let now = self.clocks.now(environment);
        self.views.due(environment, now, reading::ADVANCE_MOST).map_err(store_error)
    }

    /// Writes what is due where it may make grants.
    async fn make_due_grants(&self, keys: &[WalletKey]) -> Result<(), LedgerError> {
        let due = reading::own_due_among(&self.views, &self.clocks, keys).map_err(store_error)?;
        reading::write_due(self, &due).await
    }

    fn unit<'a>(&'a self, kept: &'a mut Kept) -> Unit<'a> {
        Unit { views: &self.views, clocks: &self.clocks, settings: self.settings, kept }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Entries for Memory {
    fn entry(&self, position: Position) -> Result<Option<Entry>, StoreError> {
        Ok(self.kept().entry(position))
    }

    fn newest_of(&self, name: NameHash) -> Result<Option<Position>, StoreError> {
        Ok(self.kept().newest_of(name))
    }
}

impl Rows for Memory {
    fn wallet_key(&self, number: WalletNumber) -> Result<Option<WalletKey>, StoreError> {
        Ok(self.views.key_of(number))
    }

    fn stretch(
        &self,
        after: Position,
        until: Position,
        asks_for: &mut dyn FnMut(WalletNumber) -> Result<bool, StoreError>,
    ) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for position in after.saturating_add(1)..=until {
            if let Some(entry) = Entries::entry(self, position)?
                && asks_for(entry.wallet)?
            {
                entries.push(entry);
            }
        }
        Ok(entries)
    }
}

#[async_trait]
impl Ledger for Memory {
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError> {
        match reading::is_due_before(&order.work) {
            Some(Some(customer)) => {
                let keys = self.views.wallets_of(order.environment, &customer);
                self.write_due(&keys.map_err(store_error)?).await?;
            }
            Some(None) => self.write_all_due(order.environment).await?,
            None => {}
        }
        let executed = {
            let mut kept = self.kept();
            work::run(&mut self.unit(&mut kept), &order).map_err(failure)?
        };
        if matches!(order.work, Work::MoveClock(_)) {
            self.write_all_due(order.environment).await?;
        }
        Ok(executed)
    }

    async fn claim(&self, claim: Claim) -> Result<ClaimState, LedgerError> {
        let Some(guard) = self.running.start(claim) else { return Ok(ClaimState::Running) };
        Ok(match self.kept().claims.get(&claim.scope) {
            None => ClaimState::Open(guard),
            Some((body, answer)) if *body == claim.body => ClaimState::Answered(answer.clone()),
            Some(_) => ClaimState::OtherBody,
        })
    }

    async fn answer_claim(&self, claim: Claim, answer: StoredAnswer) -> Result<(), LedgerError> {
        self.kept().claims.entry(claim.scope).or_insert((claim.body, answer));
        Ok(())
    }

    fn key_holder(&self, key_hash: [u8; 32]) -> Result<Arc<KeyHolder>, KeyRefusal> {
        self.views.key_holders.find(&key_hash, || self.clocks.system().now())
    }

    fn now(&self, environment: EnvironmentId) -> Timestamp {
        self.clocks.now(environment)
    }

    fn trusted_time(&self) -> Option<Timestamp> {
        let system = self.clocks.system();
        system.is_trusted().then(|| system.now())
    }

    fn secret(&self) -> [u8; 32] {
        self.secret
    }

    async fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, LedgerError> {
        Ok(self.kept().record(environment, kind, id))
    }

    async fn records(&self, query: RecordQuery) -> Result<Page<Record>, LedgerError> {
        let kept = self.kept();
        reading::by_ordinal(query.page, |page| Ok(stretch(kept.records_of(&query), page)))
    }

    async fn balance(&self, wallet: &WalletKey) -> Result<Option<Balance>, LedgerError> {
        self.make_due_grants(std::slice::from_ref(wallet)).await?;
        let slot = self.views.slot(wallet).map_err(store_error)?;
        slot.map(|slot| reading::balance(&slot, &self.clocks)).transpose().map_err(store_error)
    }

    async fn balances(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
    ) -> Result<Vec<(WalletKey, Balance)>, LedgerError> {
        let keys = self.views.wallets_of(environment, customer).map_err(store_error)?;
        self.make_due_grants(&keys).await?;
        reading::balances(&self.views, &self.clocks, environment, customer, resource)
            .map_err(store_error)
    }

    async fn wallets(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, LedgerError> {
        self.views.wallets_of(environment, customer).map_err(store_error)
    }

    async fn wallet_at(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<WalletAt>, LedgerError> {
        let Some(at) = at else {
            self.make_due_grants(std::slice::from_ref(wallet)).await?;
            let slot = self.views.slot(wallet).map_err(store_error)?;
            let now = slot.map(|slot| reading::wallet_now(&slot, &self.clocks));
            return now.transpose().map_err(store_error);
        };
        self.write_due(std::slice::from_ref(wallet)).await?;
        reading::wallet_at(self, &self.views, wallet, at).map_err(store_error)
    }

    async fn explain(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<Explained>, LedgerError> {
        let now = self.clocks.now(wallet.environment);
        let keys = std::slice::from_ref(wallet);
        let due = reading::due_among(&self.views, &self.clocks, keys).map_err(store_error)?;
        reading::write_due_or_fail(self, due).await?;
        reading::explain(self, &self.views, wallet, at, now).map_err(store_error)
    }

    async fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantView>, LedgerError> {
        let found = self.kept().grant(environment, id);
        let Some(record) = found else { return Ok(None) };
        let keys = [record.wallet];
        self.write_due(&keys).await?;
        // Nothing changes while this is held: the record and the wallet are of one instant.
        let kept = self.kept();
        let living = reading::living(&self.views, &self.clocks, &keys).map_err(store_error)?;
        Ok(kept.grant(environment, id).map(|mut record| {
            reading::enliven(&mut record, &living);
            record
        }))
    }

    async fn grants(&self, query: GrantQuery) -> Result<Page<GrantView>, LedgerError> {
        let keys = reading::wallets_of_grants(&self.views, &query).map_err(store_error)?;
        self.write_due(&keys).await?;
        let kept = self.kept();
        let keys = reading::wallets_of_grants(&self.views, &query).map_err(store_error)?;
        let living = reading::living(&self.views, &self.clocks, &keys).map_err(store_error)?;
        let matching = kept.grants.values().filter(|record| {
            keys.contains(&record.wallet) && query.created.contains(record.grant.created_at)
        });
        let items = matching.map(|record| (record.ordinal, record.clone()));
        let mut page = reading::by_ordinal(query.page, |page| {
            Ok::<_, LedgerError>(stretch(items.clone(), page))
        })?;
        for (_, record) in &mut page.items {
            reading::enliven(record, &living);
        }
        Ok(page)
    }

    async fn rows(&self, query: RowQuery) -> Result<Page<RowView>, LedgerError> {
        let keys = reading::wallets_of_rows(&self.views, &query).map_err(store_error)?;
        self.write_due(&keys).await?;
        reading::rows(self, &self.views, &keys, &query)
    }

    async fn export(
        &self,
        query: ExportQuery,
        after: Point,
        until: Option<u64>,
    ) -> Result<Option<ExportSlice>, LedgerError> {
        let until = match until {
            Some(until) => until,
            None => {
                self.write_all_due(query.environment).await?;
                self.kept().last_position()
            }
        };
        export::slice(self, &self.views, &query, after, until).map_err(store_error)
    }

    async fn add_up_revenue(
        &self,
        mut books: Box<RevenueBooks>,
    ) -> Result<Box<RevenueBooks>, LedgerError> {
        if books.is_new() {
            self.write_all_due(books.query().environment).await?;
            books.begin(self.kept().last_position());
        }
        revenue::read_on(self, &mut books).map_err(store_error)?;
        Ok(books)
    }

    async fn reservation(
        &self,
        wallet: &WalletKey,
        id: &ReservationId,
    ) -> Result<Option<ReservationView>, LedgerError> {
        self.make_due_grants(std::slice::from_ref(wallet)).await?;
        let found = reservations::reservation(self, &self.views, &self.clocks, wallet, id);
        found.map_err(store_error)
    }

    async fn reservations(
        &self,
        query: ReservationQuery,
    ) -> Result<Page<ReservationView>, LedgerError> {
        let keys = self.views.wallets_of(query.environment, &query.customer);
        self.make_due_grants(&keys.map_err(store_error)?).await?;
        reservations::reservations(self, &self.views, &self.clocks, &query)
    }

    async fn events(&self, query: EventQuery) -> Result<Page<EventView>, LedgerError> {
        let kept = self.kept();
        let matching = kept.events.iter().rev().filter(|event| query.asks_for(event));
        let items = matching.map(|event| {
            let Ok(view) = EventView::of(event.clone(), &*kept);
            (event.point().position, view)
        });
        reading::by_ordinal(query.page, |page| Ok(stretch(items.clone(), page)))
    }

    async fn usage(&self, query: UsageQuery) -> Result<Option<Vec<UsageSeries>>, LedgerError> {
        reading::usage(self, &self.views, &query)
    }

    async fn row_at(
        &self,
        wallet: &WalletKey,
        at: Timestamp,
    ) -> Result<Option<Arc<Row>>, LedgerError> {
        let keys = std::slice::from_ref(wallet);
        let due = reading::due_among(&self.views, &self.clocks, keys).map_err(store_error)?;
        reading::write_due_or_fail(self, due).await?;
        reading::row_at(self, &self.views, wallet, at)
    }

    async fn heads_behind(&self, position: u64) -> Result<HeadsBehind, LedgerError> {
        let last = self.kept().last_position();
        let until = last.min(position.saturating_add(anchors::STRETCH_ROWS));
        let mut gathering = anchors::Gathering::default();
        for entry in self.stretch(position, until, &mut |_| Ok(true)).map_err(store_error)? {
            gathering.take(entry.wallet, entry.row.sequence, entry.hash);
        }
        let key_of = |number| self.wallet_key(number);
        gathering.finish(until, until == last, key_of).map_err(store_error)
    }

    async fn links(&self, wallet: &WalletKey, from: u64, most: u64) -> Result<Links, LedgerError> {
        reading::links(self, &self.views, wallet, from, most).map_err(store_error)
    }

    async fn close(&self) {}
}

/// From items in ascending order, those that a page may show and one more, walking away from its
/// start.
fn stretch<T>(
    items: impl DoubleEndedIterator<Item = (u64, T)>,
    PageRequest { start, limit }: PageRequest,
) -> Vec<(u64, T)> {
    let most = limit.saturating_add(1);
    match start {
        Start::Newest => items.rev().take(most).collect(),
        Start::After(point) => {
            items.rev().skip_while(|(at, _)| *at >= point.position).take(most).collect()
        }
        Start::Before(point) => {
            items.skip_while(|(at, _)| *at <= point.position).take(most).collect()
        }
    }
}
