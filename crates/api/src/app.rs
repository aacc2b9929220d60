//! What every request shares.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use scrip_core::{Actor, EnvironmentId, Origin, Timestamp, TraceId};
use scrip_ledger::{ApiKeyChange, ApiKeyDeed, KeyHolder, Ledger, Order, SYSTEM, Work};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::{RateLimit, Within};
use crate::ids::IdSource;
use crate::limits::{EXPORTS_MAX, KEY_USE_EVERY_SECONDS, REPORTS_MAX, URL_MAX};
use crate::payments::{CollectPayments, Payments};
use crate::users::{Users, VerifyUsers};

/// How the API behaves.
#[derive(Clone, Debug, Default)]
pub struct AppConfig {
    /// Requests that a key may send in a second, and at once after a rest; none is no bound.
    pub requests_a_second: Option<NonZeroU32>,
    /// Environments in which the retries that official SDKs make by themselves are requests like
    /// any other; elsewhere they are recognised (decision 41).
    pub ignore_sdk_retries_in: Vec<EnvironmentId>,
    /// Which addresses may be told of events.
    pub webhook_urls: UrlCheck,
    /// Who collects payments.
    pub payments: Payments,
    /// What this server signs anchors with, if it does.
    pub anchor_signing: Option<AnchorSigning>,
    /// Who verifies the tokens of users.
    pub users: Users,
}

/// How anchors are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnchorSigning {
    /// The Ed25519 public key.
    pub public_key: [u8; 32],
    /// How far anchors are apart.
    pub every_seconds: u32,
}

/// Says why a URL may not be told of events, in words that go on after its name. By default every URL
/// of the web may.
#[derive(Clone)]
pub struct UrlCheck(pub Arc<CheckUrl>);

type CheckUrl = dyn Fn(&str) -> Result<(), String> + Send + Sync;

impl Default for UrlCheck {
    fn default() -> Self {
        Self(Arc::new(|url| {
            let is_of_the_web = url.starts_with("https://") || url.starts_with("http://");
            let is_sound = is_of_the_web && url.len() <= URL_MAX;
            is_sound.then_some(()).ok_or_else(|| "must be an http or https URL".to_owned())
        }))
    }
}

impl fmt::Debug for UrlCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlCheck")
    }
}

/// A ledger and how it is spoken to over HTTP. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Shared>);

struct Shared {
    ledger: Arc<dyn Ledger>,
    ids: Arc<dyn IdSource>,
    config: AppConfig,
    ready: AtomicBool,
    stopping: AtomicBool,
    exports: Arc<Semaphore>,
    reports: Arc<Semaphore>,
    secret: [u8; 32],
    rate_limit: Option<RateLimit>,
    born: Instant,
    /// Records of keys that were used, and when, until somebody writes it.
    key_uses: Mutex<Vec<(Box<str>, Timestamp)>>,
    /// Numbers of environments by what they are called; they may have been reset since.
    numbers: Mutex<HashMap<Box<str>, EnvironmentId>>,
}

impl App {
    /// An application that says it is not ready until [`App::set_ready`].
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, ids: Arc<dyn IdSource>, config: AppConfig) -> Self {
        let secret = ledger.secret();
        let rate_limit = config.requests_a_second.map(RateLimit::a_second);
        Self(Arc::new(Shared {
            ledger,
            ids,
            config,
            ready: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            exports: Arc::new(Semaphore::new(EXPORTS_MAX)),
            reports: Arc::new(Semaphore::new(REPORTS_MAX)),
            secret,
            rate_limit,
            born: Instant::now(),
            key_uses: Mutex::default(),
            numbers: Mutex::default(),
        }))
    }

    /// Says whether requests should be sent here.
    pub fn set_ready(&self, ready: bool) {
        self.0.ready.store(ready, Ordering::Release);
    }

    /// Says that the server stops: it is not ready any more, and answers that would go on for long
    /// break off, to be gone on with elsewhere.
    pub fn begin_stop(&self) {
        self.set_ready(false);
        self.0.stopping.store(true, Ordering::Release);
    }

    /// Requests should be sent here: it was said so, and the system clock is trusted.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.0.ready.load(Ordering::Acquire) && self.0.ledger.trusted_time().is_some()
    }

    /// Writes when API keys were used, as far as requests noted it: at most once in an hour for each.
    /// Whoever serves calls it now and then, and before the ledger closes; what cannot be written is lost.
    pub async fn write_key_uses(&self) {
        let uses = std::mem::take(&mut *self.key_uses());
        for (record_id, at) in uses {
            let record_id = record_id.into_string();
            let change = ApiKeyChange { record_id, deed: ApiKeyDeed::NoteUse(at) };
            let work = Work::ChangeApiKey(Box::new(change));
            let trace_id = TraceId(self.ids().sixteen());
            let origin = Origin { actor: Actor::System, trace_id, salt: self.ids().sixteen() };
            let order = Order { environment: SYSTEM, origin, work, remember: None };
            if let Err(error) = self.whole_ledger().execute(order).await {
                tracing::warn!(%error, "writing when an API key was used");
            }
        }
    }

    /// A key was used, at an instant of the process's own clock.
    pub(crate) fn note_key_use(&self, holder: &KeyHolder, at: Instant) {
        let age = at.saturating_duration_since(self.0.born).as_secs();
        let seconds = u32::try_from(age).unwrap_or(u32::MAX).saturating_add(1);
        if holder.last_use.note(seconds, KEY_USE_EVERY_SECONDS) {
            self.key_uses().push((holder.record_id.clone(), self.whole_ledger().now(SYSTEM)));
        }
    }

    fn key_uses(&self) -> MutexGuard<'_, Vec<(Box<str>, Timestamp)>> {
        self.0.key_uses.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number that an environment was found under last, if it was.
    pub(crate) fn number_called(&self, id: &str) -> Option<EnvironmentId> {
        self.numbers().get(id).copied()
    }

    /// Remembers the number of an environment.
    pub(crate) fn note_number(&self, id: &str, number: EnvironmentId) {
        self.numbers().insert(id.into(), number);
    }

    fn numbers(&self) -> MutexGuard<'_, HashMap<Box<str>, EnvironmentId>> {
        self.0.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of it: for what stands above the environments. Requests ask [`App::within`] theirs.
    pub(crate) fn whole_ledger(&self) -> &dyn Ledger {
        self.0.ledger.as_ref()
    }

    /// The ledger within a caller's environment.
    pub(crate) fn within(&self, environment: EnvironmentId) -> Within<'_> {
        Within::new(self.whole_ledger(), environment)
    }

    pub(crate) fn ids(&self) -> &dyn IdSource {
        self.0.ids.as_ref()
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.0.stopping.load(Ordering::Acquire)
    }

    /// A place for an export, if there is one.
    pub(crate) fn export_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.exports).try_acquire_owned().ok()
    }

    /// A place for a revenue report, if there is one.
    pub(crate) fn report_place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.0.reports).try_acquire_owned().ok()
    }

    pub(crate) fn rate_limit(&self) -> Option<&RateLimit> {
        self.0.rate_limit.as_ref()
    }

    /// Whether the retries of official SDKs are recognised in an environment, by the number that it had
    /// first.
    pub(crate) fn recognises_sdk_retries(&self, home: EnvironmentId) -> bool {
        !self.0.config.ignore_sdk_retries_in.contains(&home)
    }

    /// Says why a URL may not be told of events.
    pub(crate) fn check_url(&self, url: &str) -> Result<(), String> {
        (self.0.config.webhook_urls.0)(url)
    }

    /// How this server signs anchors, if it does.
    pub(crate) fn anchor_signing(&self) -> Option<AnchorSigning> {
        self.0.config.anchor_signing
    }

    /// Who collects payments, if anybody does.
    pub(crate) fn payments(&self) -> Option<&dyn CollectPayments> {
        self.0.config.payments.0.as_deref()
    }

    /// Who verifies the tokens of users, if anybody does.
    pub(crate) fn users(&self) -> Option<&dyn VerifyUsers> {
        self.0.config.users.0.as_deref()
    }

    pub(crate) fn secret(&self) -> &[u8; 32] {
        &self.0.secret
    }
}
