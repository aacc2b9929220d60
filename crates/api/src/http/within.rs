//! The ledger as a request may ask it: within the caller's environment, and nowhere else.
//!
//! Endpoints have no other way to the ledger. Whatever they ask for goes through [`Within::permit`],
//! which says whether it is the caller's; identifiers and cursors from outside name things of the
//! caller's environment only, because it is not they who say where to look.

use std::sync::Arc;

use scrip_core::{
    Balance, CustomerId, EnvironmentId, GrantId, Origin, ReservationId, ResourceId, Timestamp,
    WalletKey,
};
use scrip_ledger::anchors::{self, NotProven, Proof};
use scrip_ledger::{
    ApiKey, ClosedMonth, CreatedRange, Environment, EventMarks, EventQuery, EventView, Executed,
    Explained, ExportQuery, ExportSlice, GrantQuery, GrantView, Ledger, LedgerError, Order, Page,
    PageRequest, Point, Record, RecordKind, RecordQuery, RecordTimes, ReservationQuery,
    ReservationView, RevenueBooks, RowQuery, RowView, SPANS, SYSTEM, UsageQuery, UsageSeries,
    WalletAt, begin_erasing, environment_numbered, event_at, go_on_erasing, newest_event,
};
use tracing::Instrument as _;

type Answered<T> = Result<T, LedgerError>;

/// A ledger within one environment.
#[derive(Clone, Copy)]
pub(crate) struct Within<'a> {
    ledger: &'a dyn Ledger,
    environment: EnvironmentId,
}

impl<'a> Within<'a> {
    /// Of a caller's environment.
    pub(crate) fn new(ledger: &'a dyn Ledger, environment: EnvironmentId) -> Self {
        Self { ledger, environment }
    }

    /// The one check: what a request asks for is of its caller's environment, and that is one. A number
    /// belongs to one environment of one account for ever, so it is of the caller's account too.
    fn permit(self, environment: EnvironmentId) -> Answered<&'a dyn Ledger> {
        if environment == self.environment && environment != SYSTEM {
            return Ok(self.ledger);
        }
        let text = "a request of one environment asked for something of another";
        Err(LedgerError::Internal(text.to_owned()))
    }

    fn here(self) -> Answered<&'a dyn Ledger> {
        self.permit(self.environment)
    }

    pub async fn execute(self, order: Order) -> Answered<Executed> {
        // Waiting for the ledger, and being carried out.
        let span = tracing::trace_span!(target: SPANS, "ledger");
        self.permit(order.environment)?.execute(order).instrument(span).await
    }

    pub async fn record(self, kind: RecordKind, id: &str) -> Answered<Option<Record>> {
        self.here()?.record(self.environment, kind, id).await
    }

    pub async fn shared_record(self, kind: RecordKind, id: &str) -> Answered<Option<Arc<Record>>> {
        self.here()?.shared_record(self.environment, kind, id).await
    }

    pub async fn record_times(self, kind: RecordKind, id: &str) -> Answered<Option<RecordTimes>> {
        self.here()?.record_times(self.environment, kind, id).await
    }

    pub async fn records(self, query: RecordQuery) -> Answered<Page<Record>> {
        self.permit(query.environment)?.records(query).await
    }

    pub async fn wallets(self, customer: &CustomerId) -> Answered<Vec<WalletKey>> {
        self.here()?.wallets(self.environment, customer).await
    }

    pub async fn balance(self, wallet: &WalletKey) -> Answered<Option<Balance>> {
        self.permit(wallet.environment)?.balance(wallet).await
    }

    pub async fn balances(
        self,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
    ) -> Answered<Vec<(WalletKey, Balance)>> {
        self.here()?.balances(self.environment, customer, resource).await
    }

    pub async fn wallet_at(
        self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Answered<Option<WalletAt>> {
        self.permit(wallet.environment)?.wallet_at(wallet, at).await
    }

    pub async fn explain(
        self,
        wallet: &WalletKey,
        at: Option<Timestamp>,
    ) -> Answered<Option<Explained>> {
        self.permit(wallet.environment)?.explain(wallet, at).await
    }

    pub async fn grant(self, id: GrantId) -> Answered<Option<GrantView>> {
        self.here()?.grant(self.environment, id).await
    }

    pub async fn grants(self, query: GrantQuery) -> Answered<Page<GrantView>> {
        self.permit(query.environment)?.grants(query).await
    }

    pub async fn rows(self, query: RowQuery) -> Answered<Page<RowView>> {
        self.permit(query.environment)?.rows(query).await
    }

    pub async fn export(
        self,
        query: ExportQuery,
        after: Point,
        until: Option<u64>,
    ) -> Answered<Option<ExportSlice>> {
        self.permit(query.environment)?.export(query, after, until).await
    }

    pub async fn events(self, query: EventQuery) -> Answered<Page<EventView>> {
        self.permit(query.environment)?.events(query).await
    }

    pub async fn event_at(self, position: u64) -> Answered<Option<EventView>> {
        event_at(self.here()?, self.environment, position).await
    }

    pub async fn newest_event(self) -> Answered<u64> {
        newest_event(self.here()?, self.environment).await
    }

    pub async fn reservation(
        self,
        wallet: &WalletKey,
        id: &ReservationId,
    ) -> Answered<Option<ReservationView>> {
        self.permit(wallet.environment)?.reservation(wallet, id).await
    }

    pub async fn reservations(self, query: ReservationQuery) -> Answered<Page<ReservationView>> {
        self.permit(query.environment)?.reservations(query).await
    }

    pub async fn usage(self, query: UsageQuery) -> Answered<Option<Vec<UsageSeries>>> {
        self.permit(query.wallet.environment)?.usage(query).await
    }

    /// The months that are closed, in the order in which they were.
    pub async fn closed_months(self) -> Answered<Vec<ClosedMonth>> {
        ClosedMonth::all(self.here()?, self.environment).await
    }

    pub async fn add_up_revenue(self, books: Box<RevenueBooks>) -> Answered<Box<RevenueBooks>> {
        self.permit(books.query().environment)?.add_up_revenue(books).await
    }

    /// The environment's clock.
    pub fn now(self) -> Timestamp {
        self.ledger.now(self.environment)
    }

    /// Real time, whatever test clocks say.
    pub fn real_now(self) -> Timestamp {
        self.ledger.now(SYSTEM)
    }

    /// The environment's own keys, revoked ones too. They lie where no environment is, with the number of
    /// theirs, by which they are asked for here.
    pub async fn api_keys(self, page: PageRequest) -> Answered<Page<Record>> {
        let query = RecordQuery {
            environment: SYSTEM,
            kind: RecordKind::ApiKey,
            matching: vec![(ApiKey::ENVIRONMENT, self.environment.0.to_string())],
            created: CreatedRange::default(),
            archived: None,
            page,
        };
        self.here()?.records(query).await
    }

    /// The anchors of the whole store: they name nobody.
    pub async fn anchors(self, page: PageRequest) -> Answered<Page<Record>> {
        let query = RecordQuery {
            environment: SYSTEM,
            kind: RecordKind::Anchor,
            matching: Vec::new(),
            created: CreatedRange::default(),
            archived: None,
            page,
        };
        self.here()?.records(query).await
    }

    /// That a row of a wallet is one of those that an anchor covers.
    pub async fn prove(
        self,
        wallet: &WalletKey,
        sequence: u64,
        from: u64,
    ) -> Result<Proof, NotProven> {
        let ledger = self.permit(wallet.environment).map_err(NotProven::Ledger)?;
        anchors::prove(ledger, wallet, sequence, from).await
    }

    /// Takes all steps of erasing a customer but the last, and says in which round.
    pub async fn erase(self, customer: &CustomerId, origin: Origin) -> Answered<u64> {
        let (ledger, environment) = (self.here()?, self.environment);
        let erasure = begin_erasing(ledger, environment, customer, origin).await?;
        go_on_erasing(ledger, environment, customer, &erasure).await?;
        Ok(erasure.round)
    }

    /// Which events of the store are kept.
    pub async fn event_marks(self) -> Answered<EventMarks> {
        let found = self.ledger.record(SYSTEM, RecordKind::EventMarks, EventMarks::ID).await?;
        Ok(found.as_ref().and_then(EventMarks::of).unwrap_or_default())
    }

    /// The environment itself; none if it was reset since the caller was let in.
    pub async fn environment(self) -> Answered<Option<Environment>> {
        environment_numbered(self.here()?, self.environment).await
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use scrip_ledger::Memory;

    use super::*;

    const HERE: EnvironmentId = EnvironmentId(1);

    #[test]
    fn nothing_but_the_callers_environment_is_permitted() {
        let ledger = Memory::new();
        let within = |caller| Within::new(&ledger, EnvironmentId(caller));
        for (caller, asked, may) in
            [(1, 1, true), (1, 2, false), (2, 1, false), (1, 0, false), (0, 0, false)]
        {
            assert_eq!(
                within(caller).permit(EnvironmentId(asked)).is_ok(),
                may,
                "{caller} {asked}"
            );
        }
    }

    #[tokio::test]
    async fn a_question_about_another_environment_is_refused() {
        let ledger = Memory::new();
        let page = PageRequest { start: scrip_ledger::Start::Newest, limit: 1 };
        for (environment, is_refused) in [(HERE, false), (EnvironmentId(2), true), (SYSTEM, true)] {
            let query = EventQuery { environment, kinds: Vec::new(), page };
            let answered = Within::new(&ledger, HERE).events(query).await;
            assert_eq!(answered.is_err(), is_refused, "{environment:?}");
        }
    }

    /// Where the ledger is asked without a caller's environment: what is let in, what is remembered, and
    /// what stands above the environments. Whoever adds a file here says why it cannot be `Within`.
    const ABOVE: [&str; 9] = [
        // Who is let in at all.
        "http/observe.rs",
        "http/user.rs",
        // Answers, by a hash that has the environment in it.
        "http/endpoint.rs",
        // Orders on keys, accounts and environments, after `places` or `Within` found them.
        "http/call.rs",
        "places.rs",
        // People, their sessions and what was done about them, by the account, which is the caller's.
        "people/list.rs",
        "people/mod.rs",
        "people/sessions/mod.rs",
        "audit_log/list.rs",
    ];

    #[test]
    fn endpoints_have_no_other_way_to_the_ledger() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut folders = vec![root.clone()];
        let mut found: Vec<String> = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path: PathBuf = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if std::fs::read_to_string(&path).unwrap().contains("whole_ledger()") {
                    found.push(path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.retain(|file| !["app.rs", "http/within.rs"].contains(&file.as_str()));
        found.sort_unstable();
        let mut told = ABOVE.map(str::to_owned).to_vec();
        told.sort_unstable();
        assert_eq!(found, told);
    }
}
