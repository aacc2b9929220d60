//! The one door to everything that is kept.

use std::sync::Arc;

use async_trait::async_trait;
use scrip_core::{
    Balance, Credits, CustomerId, EnvironmentId, GrantId, ReservationId, ResourceId, Row,
    Timestamp, Wallet, WalletKey,
};

use crate::anchors::{HeadsBehind, Links};
use crate::{
    Claim, EventQuery, EventView, Executed, ExportQuery, ExportSlice, Figure, GrantQuery,
    GrantView, KeyHolder, KeyRefusal, Order, OrderRefusal, Page, Point, Record, RecordKind,
    RecordQuery, RecordTimes, ReservationQuery, ReservationView, RevenueBooks, RowQuery, RowView,
    StoredAnswer, UsageQuery, UsageSeries,
};

/// Why a ledger gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// The state of the world does not allow it.
    #[error(transparent)]
    Refused(#[from] OrderRefusal),
    /// The identifier that was minted for a grant is taken; mint another.
    #[error("the minted grant id is taken")]
    GrantIdTaken,
    /// The `Idempotency-Key` was used before with another body.
    #[error("this Idempotency-Key was used before with a different body")]
    ClaimedForOther,
    /// Too much waits already; nothing was done.
    #[error("too many requests are waiting")]
    Busy,
    /// The database cannot be reached, or takes too long. Whether anything was done is known only to
    /// whoever asks again with the same key.
    #[error("the database cannot be reached")]
    Unavailable,
    /// There is no room on the disk; nothing was done.
    #[error("there is no room left on the disk")]
    DiskFull,
    /// The wallet takes no orders, because something about it is wrong; its owner knows more.
    #[error("the wallet is frozen, because its ledger rows are damaged; its owner was told")]
    Frozen,
    /// Nothing more is accepted.
    #[error("the ledger is closed")]
    Closed,
    /// Something is wrong inside; the text is for the log, never for a client.
    #[error("{0}")]
    Internal(String),
}

/// What is known of an `Idempotency-Key`.
pub enum ClaimState {
    /// Nothing: go on, and hold the guard until the answer is out.
    Open(ClaimGuard),
    /// Its answer.
    Answered(StoredAnswer),
    /// It belongs to another body.
    OtherBody,
    /// Its first request is still running.
    Running,
}

/// Keeps a claim for one request; dropping it lets the next one try.
pub struct ClaimGuard {
    pub(crate) release: Option<Box<dyn FnOnce() + Send>>,
}

impl Drop for ClaimGuard {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            release();
        }
    }
}

/// A wallet at an instant.
#[derive(Clone, Debug)]
pub struct WalletAt {
    /// The instant, up to which everything is folded: never before the wallet's last row.
    pub at: Timestamp,
    /// The wallet as it was then.
    pub wallet: Wallet,
}

/// What a wallet's balance is made of (decision 83): `opening` and the amounts of `rows` add up to
/// what was available.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The wallet, and when.
    pub then: WalletAt,
    /// The balance of the kept state from which the rows go on; 0 before a wallet's first row.
    pub opening: Credits,
    /// The rows since that state, oldest first: those of at most 4,096 stored rows and of one
    /// command more.
    pub rows: Vec<RowView>,
}

/// Makes decisions durable and answers questions about them.
///
/// What `execute` answered is durable, and visible to every read that begins afterwards.
#[async_trait]
pub trait Ledger: Send + Sync + 'static {
    /// Carries out an order. A dropped future does not undo it.
    async fn execute(&self, order: Order) -> Result<Executed, LedgerError>;

    /// Looks up, or opens, the claim of an `Idempotency-Key`.
    async fn claim(&self, claim: Claim) -> Result<ClaimState, LedgerError>;

    /// Stores the answer of a claimed request that needed no order: a definite refusal.
    async fn answer_claim(&self, claim: Claim, answer: StoredAnswer) -> Result<(), LedgerError>;

    /// Who an API key speaks for now, by the SHA-256 of its secret: from memory.
    fn key_holder(&self, key_hash: [u8; 32]) -> Result<Arc<KeyHolder>, KeyRefusal>;

    /// The environment's clock.
    fn now(&self, environment: EnvironmentId) -> Timestamp;

    /// Real time, whatever test clocks say, with `None` while the system clock is not trusted
    /// because it leapt ahead (decision 45).
    fn trusted_time(&self) -> Option<Timestamp>;

    /// A secret of the store, for cursors.
    fn secret(&self) -> [u8; 32];

    /// The record that has this identifier now: the live one, else the one archived last.
    async fn record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, LedgerError>;

    /// The same record, for whoever only looks. Cheaper where many ask.
    async fn shared_record(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Arc<Record>>, LedgerError> {
        Ok(self.record(environment, kind, id).await?.map(Arc::new))
    }

    /// Since when the record that has this identifier now is there, and archived. Cheaper than the record
    /// where many ask.
    async fn record_times(
        &self,
        environment: EnvironmentId,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<RecordTimes>, LedgerError> {
        let record = self.record(environment, kind, id).await?;
        Ok(record.as_ref().map(RecordTimes::of))
    }

    /// A page of records.
    async fn records(&self, query: RecordQuery) -> Result<Page<Record>, LedgerError>;

    /// A wallet's balance now; none if it never changed. Nothing is written.
    async fn balance(&self, wallet: &WalletKey) -> Result<Option<Balance>, LedgerError>;

    /// The balances of a customer's wallets of one scope, by currency. Nothing is written.
    async fn balances(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
    ) -> Result<Vec<(WalletKey, Balance)>, LedgerError>;

    /// The keys of a customer's wallets that have rows, by currency, without a resource first.
    async fn wallets(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<Vec<WalletKey>, LedgerError>;

    /// A wallet as it is now, folded without writing; or as it was at an instant of the past, by
    /// recorded time: what a balance read then was answered, whatever was recorded since. None if
    /// it had no rows. Before the past is read, what is due is written, unless there is no room or
    /// the wallet is frozen: the fold up to the instant says the same.
    async fn wallet_at(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<WalletAt>, LedgerError>;

    /// What a wallet's balance, now or at an instant of the past, is made of; none if it had no
    /// rows. What is due is written first: if it cannot be, there is no answer, for its rows would
    /// be missing.
    async fn explain(
        &self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Result<Option<Explained>, LedgerError>;

    /// A grant as it is now; what is due in its wallet is written first.
    async fn grant(
        &self,
        environment: EnvironmentId,
        id: GrantId,
    ) -> Result<Option<GrantView>, LedgerError>;

    /// A page of grants, newest first; what is due is written first.
    async fn grants(&self, query: GrantQuery) -> Result<Page<GrantView>, LedgerError>;

    /// A page of ledger rows, newest first; what is due is written first.
    async fn rows(&self, query: RowQuery) -> Result<Page<RowView>, LedgerError>;

    /// A stretch of rows behind a point, in the order in which they were recorded: up to `until`, or
    /// up to the last row that there is now, after what is due was written, unless there is no room
    /// or a wallet is frozen. None if rows were lost since the point was answered. Goes on with
    /// [`ExportSlice::reached`] and [`ExportSlice::until`]; from [`Point::END`] everything.
    async fn export(
        &self,
        query: ExportQuery,
        after: Point,
        until: Option<u64>,
    ) -> Result<Option<ExportSlice>, LedgerError>;

    /// Adds some rows more to a revenue report, until its books are whole; the first time, what is due is
    /// written before, unless there is no room or a wallet is frozen. Nothing is held between two times.
    async fn add_up_revenue(
        &self,
        books: Box<RevenueBooks>,
    ) -> Result<Box<RevenueBooks>, LedgerError>;

    /// A page of an environment's domain events, oldest first. Nothing is written, and none is ever
    /// skipped: whoever goes on after the last one that he has sees every later one.
    async fn events(&self, query: EventQuery) -> Result<Page<EventView>, LedgerError>;

    /// A reservation as it is now; none if the wallet knows none of this name, which it does for at
    /// least 30 days after it closed (decision 21). Nothing is written.
    async fn reservation(
        &self,
        wallet: &WalletKey,
        id: &ReservationId,
    ) -> Result<Option<ReservationView>, LedgerError>;

    /// A page of the reservations that are open now, newest first. Nothing is written.
    async fn reservations(
        &self,
        query: ReservationQuery,
    ) -> Result<Page<ReservationView>, LedgerError>;

    /// What was consumed of a wallet, in buckets and groups, series by their totals, descending; none
    /// if more than [`crate::USAGE_ROWS_MAX`] rows would have to be read. Nothing is written.
    async fn usage(&self, query: UsageQuery) -> Result<Option<Vec<UsageSeries>>, LedgerError>;

    /// A wallet's newest row at or before an instant, whose `balance_after` was the balance then;
    /// none if it had no rows yet. What is due is written first: if it cannot be, there is no
    /// answer, for the row might be missing that says what the balance was. What is yet to come is
    /// not foretold.
    async fn row_at(
        &self,
        wallet: &WalletKey,
        at: Timestamp,
    ) -> Result<Option<Arc<Row>>, LedgerError>;

    /// The newest rows of the wallets that some rows behind a position are of, as far as everything is
    /// told: no row comes before [`HeadsBehind::reached`] any more. Nothing is written.
    async fn heads_behind(&self, position: u64) -> Result<HeadsBehind, LedgerError>;

    /// Rows of a wallet as links of its chain, from a sequence on, at most so many. Nothing is written.
    async fn links(&self, wallet: &WalletKey, from: u64, most: u64) -> Result<Links, LedgerError>;

    /// Takes the words of rows that were erased out of what was made of them: of these wallets' rows, each
    /// up to a sequence. That is usage by dimensions, and what files keep of what was deleted.
    async fn erase_behind(&self, _wallets: Vec<(WalletKey, u64)>) -> Result<(), LedgerError> {
        Ok(())
    }

    /// What it counts about itself, always in the same order; nothing of any customer.
    fn figures(&self) -> Vec<Figure> {
        Vec::new()
    }

    /// Whether it is this node that tells the world of events now: of the nodes on one store at most
    /// one, as long as its connection stands. It asks again and again, and ends its turn by closing.
    async fn tells_the_world(&self) -> Result<bool, LedgerError> {
        Ok(true)
    }

    /// Whether it is this node that signs anchors now; as with [`Ledger::tells_the_world`].
    async fn signs_anchors(&self) -> Result<bool, LedgerError> {
        Ok(true)
    }

    /// Answers what was accepted, accepts nothing more, and closes. Idempotent.
    async fn close(&self);
}
