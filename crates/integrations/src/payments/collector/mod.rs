//! Who collects: finds what is to be done about invoices, asks their environments' providers, and writes
//! what they say to the ledger (decision 23).
//!
//! What is to be done is a record, written with the grant. Whoever finds it may do it: of two who do the
//! same, the provider takes one request, and the ledger one answer. So a process may end at any point,
//! and the next one asks the same again.

mod errand;
mod hearing;
mod keeper;
mod methods;
mod pauses;
mod rounds;
mod scout;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use scrip_core::EnvironmentId;
use scrip_ledger::{InvoiceId, Ledger, LedgerError, PaymentProvider};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::JoinHandle;

use self::keeper::Keeper;
use self::rounds::{Asked, Rounds};
use super::provider::{Answer, Provider, Trouble};

pub use hearing::NotTaken;
pub use methods::MethodTrouble;
pub use pauses::Pauses;

/// Requests that wait to be begun; more are found by whoever looks for them.
const ASKED_MAX: usize = 1_000;

/// Makes what speaks to a provider from an environment's settings.
pub trait Providers: Send + Sync + 'static {
    /// Whoever collects with these settings. Fails with a text for the log, without any secret, if the
    /// settings cannot be used here.
    fn of(&self, settings: &PaymentProvider) -> Result<Arc<dyn Provider>, String>;
}

/// How payments are collected.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether this process collects at all; if not, it still hears what providers send.
    pub collects: bool,
    /// How often it is looked for what is to be done soon.
    pub look_every: Duration,
    /// How often it is looked for what is to be done later.
    pub look_later_every: Duration,
    /// How long a provider may take for one answer, however many requests it needs for that.
    pub within: Duration,
    /// How long somebody waits for the outcome of his request at most.
    pub wait: Duration,
    /// Invoices of an environment that its provider is asked about at a time.
    pub at_once: usize,
    /// When a provider is asked again.
    pub pauses: Pauses,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            collects: true,
            look_every: Duration::from_secs(2),
            look_later_every: Duration::from_secs(10 * 60),
            within: Duration::from_secs(60),
            wait: Duration::from_secs(20),
            at_once: 16,
            pauses: Pauses::default(),
        }
    }
}

/// An invoice, and where it is.
type Place = (EnvironmentId, InvoiceId);

/// What everybody here shares.
struct Shared {
    keeper: Keeper,
    providers: Arc<dyn Providers>,
    options: Options,
    /// For each environment, who may ask its provider now: a slow one delays no other.
    places: Mutex<HashMap<EnvironmentId, Arc<Semaphore>>>,
}

/// The settings of an environment cannot be used, or there are none.
enum NoProvider {
    /// Nobody collects there.
    None,
    /// Somebody would, but cannot be spoken to from here.
    Unusable(String),
}

impl Shared {
    /// Whoever collects in an environment, by the settings of now.
    async fn provider(
        &self,
        environment: EnvironmentId,
    ) -> Result<Result<Arc<dyn Provider>, NoProvider>, LedgerError> {
        let settings = self.keeper.settings(environment).await?;
        if settings.kind().is_none() {
            return Ok(Err(NoProvider::None));
        }
        Ok(self.providers.of(&settings).map_err(NoProvider::Unusable))
    }

    /// Whoever may ask an environment's provider now.
    fn places(&self, environment: EnvironmentId) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Semaphore::new(self.options.at_once.max(1)));
        Arc::clone(places.entry(environment).or_insert_with(new))
    }

    /// A provider's answer, if it comes in time.
    async fn in_time<T>(&self, answer: Answer<'_, T>) -> Result<T, Trouble> {
        let silent = |_| Err(Trouble::Unknown("the provider did not answer in time".to_owned()));
        tokio::time::timeout(self.options.within, answer).await.unwrap_or_else(silent)
    }
}

/// Collects until it is stopped or dropped.
pub struct Collector {
    handle: Handle,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl Collector {
    /// Begins to collect what is to be collected in a store. Needs a runtime.
    #[must_use]
    pub fn start(ledger: Arc<dyn Ledger>, providers: Arc<dyn Providers>, options: Options) -> Self {
        let keeper = Keeper::new(ledger);
        let places = Mutex::default();
        let shared = Arc::new(Shared { keeper, providers, options, places });
        let (asked, requests) = mpsc::channel(ASKED_MAX);
        let (stop, stopped) = watch::channel(false);
        let rounds = Rounds::new(Arc::clone(&shared), requests, stopped);
        let running = tokio::spawn(rounds.run());
        Self { handle: Handle { shared, asked }, stop, running }
    }

    /// How others speak to it.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Begins nothing further, and waits for the answers that are awaited, but no longer than this.
    /// What is not known then is asked for again by whoever collects next.
    pub async fn stop(mut self, within: Duration) {
        let _ = self.stop.send(true);
        if tokio::time::timeout(within, &mut self.running).await.is_err() {
            tracing::warn!("some payments were left: their provider did not answer in time");
        }
    }
}

/// Whatever is under way ends where it is, as in a crash.
impl Drop for Collector {
    fn drop(&mut self) {
        self.running.abort();
    }
}

/// How a collector is spoken to. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    asked: mpsc::Sender<Asked>,
}

impl Handle {
    /// Has an invoice looked after now: one that was just made, or is to be collected again. It goes on
    /// whether or not somebody waits; whoever waits is woken when the provider has said something, or
    /// after [`Options::wait`].
    pub fn begin(
        &self,
        environment: EnvironmentId,
        invoice: InvoiceId,
    ) -> impl Future<Output = ()> + Send + use<> {
        let (waiter, waiting) = oneshot::channel();
        let asked = Asked { place: (environment, invoice), waiter };
        let is_begun = self.shared.options.collects && self.asked.try_send(asked).is_ok();
        let wait = self.shared.options.wait;
        async move {
            if is_begun {
                let _ = tokio::time::timeout(wait, waiting).await;
            }
        }
    }
}
