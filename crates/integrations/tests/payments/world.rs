//! A ledger whose time the test moves, a provider, and who collects.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scrip_core::{
    EnvironmentId, GrantId, GrantStatus, GrantType, Money, MoneyAmount, MoneyCurrency, PaymentState,
};
use scrip_integrations::payments::collector::{Collector, Handle, Options, Pauses, Providers};
use scrip_integrations::payments::provider::Provider;
use scrip_ledger::conformance::{Behind, Given, Made, Making, World as Books, grant_of, wallet};
use scrip_ledger::{
    Answer, Collection, GrantView, Invoice, InvoiceId, Memory, Payment, PaymentProvider,
    RecordKind, SANDBOX, StripeSettings, Work,
};

use crate::door::Door;
use crate::provider::{FakeProvider, Gate};

/// What a test waits for comes long before.
const PATIENCE: Duration = Duration::from_secs(20);
pub const MINUTE: i64 = 60_000;

pub struct World {
    pub books: Books,
    pub provider: Arc<FakeProvider>,
    pub gate: Arc<Gate>,
    pub options: Options,
    collectors: Vec<Collector>,
}

struct Always(Arc<FakeProvider>);

impl Providers for Always {
    fn of(&self, settings: &PaymentProvider) -> Result<Arc<dyn Provider>, String> {
        match settings {
            PaymentProvider::Stripe(stripe) if stripe.secret_key == "sk" => {
                Ok(Arc::clone(&self.0) as Arc<dyn Provider>)
            }
            _ => Err("not these settings".to_owned()),
        }
    }
}

impl World {
    /// One in which the provider of the sandbox is a fake, and nobody collects yet.
    pub async fn new() -> Self {
        let gate = Arc::new(Gate::default());
        let door = Arc::clone(&gate);
        let make = move |given: Given| -> Making {
            let gate = Arc::clone(&door);
            Box::pin(async move {
                let inner = Arc::new(Memory::with(given.clock, given.settings));
                let ledger = Arc::new(Behind { between: Door(gate), inner });
                Made { ledger, follows_given_clock: true, keep: Box::new(()) }
            })
        };
        let books = Books::new(&make).await;
        let provider = Arc::new(FakeProvider::behind(Arc::clone(&gate)));
        let options = Options {
            look_every: Duration::from_millis(5),
            look_later_every: Duration::from_millis(20),
            pauses: Pauses { again: Duration::from_millis(2), ..Pauses::default() },
            wait: PATIENCE,
            ..Options::default()
        };
        let world = Self { books, provider, gate, options, collectors: Vec::new() };
        world.settle_on(SANDBOX, "sk").await;
        world
    }

    /// Gives an environment a provider.
    pub async fn settle_on(&self, environment: EnvironmentId, secret_key: &str) {
        let secret_key = secret_key.to_owned();
        let disputes = scrip_ledger::DisputeHandling::AtOnce;
        let settings = StripeSettings { secret_key, webhook_secret: None, disputes };
        let work = Work::PutRecords(vec![PaymentProvider::Stripe(settings).record()]);
        self.books.execute(environment, work).await.unwrap();
    }

    /// Begins to collect.
    pub fn begin(&mut self) -> Handle {
        let providers = Arc::new(Always(Arc::clone(&self.provider)));
        let ledger = Arc::clone(&self.books.ledger);
        let collector = Collector::start(ledger, providers, self.options.clone());
        let handle = collector.handle();
        self.collectors.push(collector);
        handle
    }

    /// Ends who collects, wherever they are.
    pub fn crash(&mut self) {
        self.collectors.clear();
    }

    /// Stops who collect in good order.
    pub async fn stop(&mut self) {
        for collector in self.collectors.drain(..) {
            collector.stop(PATIENCE).await;
        }
    }

    /// A grant of 10 credits for `ann`, to be charged.
    pub async fn charge(&self) -> GrantId {
        self.buy(SANDBOX, Payment::Charge).await
    }

    pub async fn buy(&self, environment: EnvironmentId, payment: Payment) -> GrantId {
        let wallet = scrip_core::WalletKey { environment, ..wallet("ann/gold") };
        let mut create = grant_of(&wallet, self.books.mint(&wallet), "Bought", "10");
        create.payment = payment;
        create.grant.grant_type = GrantType::Paid;
        create.grant.payment = PaymentState::Pending;
        let currency = MoneyCurrency::parse("eur").unwrap();
        create.grant.cost = Money { amount: MoneyAmount::parse("49.9").unwrap(), currency };
        let id = create.grant.id;
        let work = Work::CreateGrant(Box::new(create));
        let answer = self.books.execute(environment, work).await.unwrap();
        assert!(matches!(answer, Answer::Grant(_)), "{answer:?}");
        id
    }

    pub async fn void(&self, grant: GrantId) {
        self.books.done(Work::VoidGrant(grant)).await;
    }

    pub async fn retry(&self, grant: GrantId) {
        self.books.done(Work::RetryInvoice(InvoiceId::of(grant))).await;
    }

    pub async fn grant(&self, grant: GrantId) -> GrantView {
        self.books.grant_now(grant).await
    }

    pub async fn invoice(&self, grant: GrantId) -> Invoice {
        self.grant(grant).await.latest_invoice().unwrap()
    }

    pub async fn todo(&self, grant: GrantId) -> Option<Collection> {
        let id = InvoiceId::of(grant).to_string();
        let record = self.books.record(RecordKind::Collection, &id).await?;
        Some(Collection::of(&record).unwrap())
    }

    /// Time passes until there is nothing left to do about a grant's invoice.
    pub async fn settled(&self, grant: GrantId) {
        until("settled", async || {
            self.books.pass(MINUTE);
            self.todo(grant).await.is_none().then_some(())
        })
        .await;
    }

    /// The grant was paid for, with money that was taken once, and counts.
    pub async fn is_paid_once(&self, grant: GrantId) {
        let view = self.grant(grant).await;
        assert_eq!(view.grant.status(), GrantStatus::Active);
        assert_eq!(view.latest_invoice().unwrap().status.as_str(), "PAID");
        assert_eq!(self.todo(grant).await, None);
        let invoices = self.provider.invoices(grant);
        assert_eq!(invoices.iter().map(|it| it.charges).collect::<Vec<_>>(), [1], "{invoices:?}");
        assert_eq!(self.books.available(&wallet("ann/gold")).await, "10");
    }
}

/// Waits for something.
pub async fn until<T>(what: &str, mut found: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = found().await {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "not {what}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}
