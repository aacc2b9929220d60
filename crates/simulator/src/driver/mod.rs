//! A ledger under test, asked in the oracle's words.

mod clock;
mod database;
mod lists;
mod own_grants;
mod target;
mod words;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use scrip_core::{
    Actor, EnvironmentId, GrantId, Origin, ReservationId, Timestamp, TraceId, WalletKey,
};
use scrip_ledger::{
    Advanced, Answer as LedgerAnswer, Executed, InvoiceId, Ledger, LedgerError, Order, PRODUCTION,
    ProvidedKeys, SANDBOX, Value, WalletRelease, WalletReserve, Work, bootstrap,
};
use scrip_oracle::{
    Amount, Answer, Consumed, Denied, GrantName, Instant, Invoice, Refunded, Release, Request,
    Reserve, Totals, WalletName,
};
use tokio::runtime::{Builder, Runtime};

use crate::history::{BEGINNING, Environment, Setup};
pub use clock::SimulatedClock;
pub use database::InDatabase;
pub(crate) use lists::GrantsOf;
pub use target::{InDirectory, InMemory, Store, Target};
use words::Names;

/// A ledger under test.
pub struct Driver {
    runtime: Runtime,
    store: Box<dyn Store>,
    ledger: Arc<dyn Ledger>,
    clock: SimulatedClock,
    environment: Environment,
    names: Names,
    /// The ledger's identifiers of the grants that were given names: each has its customer's bucket in
    /// it, by which it is found.
    given: HashMap<String, GrantId>,
}

/// The number of an environment in every store.
const fn number_of(environment: Environment) -> EnvironmentId {
    match environment {
        Environment::Production => PRODUCTION,
        Environment::Sandbox => SANDBOX,
    }
}

impl Driver {
    /// Opens a new ledger, whose real time stands at the beginning.
    pub fn new(target: &dyn Target, setup: &Setup) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build().context("a runtime")?;
        let clock = SimulatedClock::at(BEGINNING);
        let mut store = target.prepare(setup)?;
        let ledger = store.open(clock.for_ledger())?;
        let keys = ProvidedKeys {
            production: Some("server-production".to_owned()),
            sandbox: Some("server-sandbox".to_owned()),
        };
        runtime.block_on(bootstrap(ledger.as_ref(), keys, |_| Ok(())))?;
        let (environment, names) = (setup.environment, Names::new());
        let given = HashMap::new();
        Ok(Self { runtime, store, ledger, clock, environment, names, given })
    }

    /// Lets real time pass up to an instant, or sets the clock back to it.
    pub fn set_clock(&self, to: Instant) {
        self.clock.set(to);
    }

    /// What the environment's clock shows.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.ledger.now(number_of(self.environment)).milliseconds()
    }

    /// Closes the ledger and opens it again.
    pub fn restart(&mut self) -> Result<()> {
        self.close();
        self.open()
    }

    /// Closes the ledger.
    pub(crate) fn close(&mut self) {
        self.runtime.block_on(self.ledger.close());
        // It owns its directory until it is gone.
        self.ledger = Arc::new(scrip_ledger::Memory::new());
    }

    /// Opens the ledger that was closed.
    pub(crate) fn open(&mut self) -> Result<()> {
        self.ledger = self.store.open(self.clock.for_ledger())?;
        Ok(())
    }

    /// Another place for the ledger, which is closed; the answer is the one before.
    pub(crate) fn replace_store(&mut self, store: Box<dyn Store>) -> Box<dyn Store> {
        std::mem::replace(&mut self.store, store)
    }

    /// Whether some wallet takes no orders because something about it is wrong.
    pub(crate) fn has_frozen(&self) -> bool {
        let figures = self.ledger.figures();
        let frozen = figures.iter().find(|figure| figure.name == "scrip_wallets_frozen");
        frozen.is_some_and(|frozen| frozen.value != Value::Whole(0))
    }

    /// Recomputes everything that can be, of a ledger that is closed.
    pub(crate) fn verify(&self) -> Result<()> {
        self.store.verify()
    }

    /// Lets everything be written that is written behind.
    pub fn write_behind(&self) -> Result<()> {
        self.store.write_behind(self.ledger.as_ref())
    }

    /// Closes the ledger for good, and recomputes everything that can be.
    pub fn finish(self) -> Result<()> {
        self.runtime.block_on(self.ledger.close());
        drop(self.ledger);
        self.store.verify()
    }

    /// Has everything written that is due in these wallets.
    pub fn write_due(&self, wallets: &[WalletName]) -> Result<()> {
        let keys = wallets.iter().map(|wallet| self.key(wallet)).collect::<Result<Vec<_>>>()?;
        let mut due = keys;
        while !due.is_empty() {
            match self.carry_out(Work::Advance(due))? {
                Ok(LedgerAnswer::Advanced(Advanced { left, rows }))
                    if rows > 0 || left.is_empty() =>
                {
                    due = left;
                }
                other => bail!("time does not pass: {other:?}"),
            }
        }
        Ok(())
    }

    /// Asks for something.
    pub fn ask(&mut self, request: &Request) -> Result<Result<Answer, Denied>> {
        let work = self.work(request)?;
        if let Request::Grant(grant) = request {
            let name = GrantName::Given(grant.id.clone());
            let id = words::given_id(&grant.id, &self.key(&grant.wallet)?)?;
            self.names.insert(id, name);
            self.given.insert(grant.id.clone(), id);
        }
        match self.carry_out(work)? {
            Ok(answer) => Ok(Ok(self.answer(answer)?)),
            Err(denied) => Ok(Err(denied)),
        }
    }

    /// A wallet's numbers; zeros if it does not exist.
    pub fn totals(&self, wallet: &WalletName) -> Result<Totals> {
        let key = self.key(wallet)?;
        let balance = self.runtime.block_on(self.ledger.balance(&key))?;
        if let Some(balance) = &balance {
            let difference = balance.granted.minus(balance.used)?;
            anyhow::ensure!(balance.available == difference, "what is available: {balance:?}");
        }
        Ok(balance.as_ref().map(words::totals).unwrap_or_default())
    }

    /// The balance at an instant; 0 before the first row.
    pub fn balance_at(&self, wallet: &WalletName, at: Instant) -> Result<Amount> {
        let (key, at) = (self.key(wallet)?, words::timestamp(at)?);
        let row = self.runtime.block_on(self.ledger.row_at(&key, at))?;
        Ok(row.map_or(0, |row| row.balance_after.billionths()))
    }

    fn key(&self, wallet: &WalletName) -> Result<WalletKey> {
        words::wallet_key(self.environment, wallet)
    }

    fn carry_out(&self, work: Work) -> Result<Result<LedgerAnswer, Denied>> {
        let actor = Actor::ApiKey("key_1".into());
        let origin = Origin { actor, trace_id: TraceId([5; 16]), salt: [6; 16] };
        let environment = number_of(self.environment);
        let order = Order { environment, origin, work, remember: None };
        match self.runtime.block_on(self.ledger.execute(order)) {
            Ok(Executed::Fresh(answer)) => Ok(Ok(answer)),
            Ok(Executed::Replayed(answer)) => bail!("nothing was remembered: {answer:?}"),
            Err(LedgerError::Refused(refused)) => Ok(Err(words::denied(&refused.refusal)?)),
            Err(error) => Err(anyhow::Error::new(error).context("the ledger gave no answer")),
        }
    }

    fn work(&mut self, request: &Request) -> Result<Work> {
        Ok(match request {
            Request::Void(id) => Work::VoidGrant(self.grant_id(id)?),
            Request::Edit(edit) => {
                Work::EditGrant(Box::new(words::edit(self.grant_id(&edit.id)?, edit)?))
            }
            Request::Reserve(Reserve { wallet, reservation, amount, expires_at }) => {
                let amount = scrip_core::Credits::from_billionths(*amount);
                let expires_at = words::timestamp(*expires_at)?;
                let reserve = scrip_core::Reserve {
                    reservation: ReservationId::parse(reservation)?,
                    amount,
                    ends: expires_at.into(),
                    fingerprint: words::fingerprint(amount, expires_at),
                    metadata: BTreeMap::new(),
                };
                let wallet = self.key(wallet)?;
                Work::Reserve(Box::new(WalletReserve { wallet, reserve }))
            }
            Request::Release(Release { wallet, reservation, consumed }) => {
                let release = scrip_core::Release {
                    reservation: ReservationId::parse(reservation)?,
                    consumed: scrip_core::Credits::from_billionths(*consumed),
                };
                let wallet = self.key(wallet)?;
                Work::Release(Box::new(WalletRelease { wallet, release }))
            }
            Request::RefundInvoice(refund) => {
                let invoice = InvoiceId::of(self.grant_id(&refund.grant)?);
                Work::RefundInvoice(Box::new(words::money_back(invoice, refund)?))
            }
            other => words::work(self.environment, other)?,
        })
    }

    /// The ledger's identifier of a grant: one that was given, or one that a wallet made. One that
    /// never was has an identifier that names nothing.
    fn grant_id(&mut self, id: &str) -> Result<GrantId> {
        let Some((wallet, made)) = made_grant(id) else {
            return Ok(self.given.get(id).copied().unwrap_or(GrantId::mint(4, 2)));
        };
        self.name_made(&wallet)?;
        let key = self.key(&wallet)?;
        let mut known = Vec::new();
        for (id, name) in &self.names {
            if *name == made {
                known.push(*id);
            }
        }
        for id in known {
            let grant = self.runtime.block_on(self.ledger.grant(key.environment, id))?;
            if grant.is_some_and(|grant| grant.wallet == key) {
                return Ok(id);
            }
        }
        Ok(GrantId::mint(4, 1))
    }

    fn answer(&self, answer: LedgerAnswer) -> Result<Answer> {
        let milliseconds = Timestamp::milliseconds;
        Ok(match answer {
            LedgerAnswer::Record(_)
            | LedgerAnswer::Clock(_)
            | LedgerAnswer::Advanced(_)
            | LedgerAnswer::Forgotten(_)
            | LedgerAnswer::Done => Answer::Done,
            LedgerAnswer::Grant(grant) => Answer::Grant(words::grant_view(&self.names, &grant)?),
            LedgerAnswer::Consumed(consumed) => Answer::Consumed(Consumed {
                amount: consumed.amount.billionths(),
                attributed_at: milliseconds(consumed.attributed_at),
                totals: words::totals(&consumed.balance),
            }),
            LedgerAnswer::Batch(rejected) => {
                let denied = rejected
                    .iter()
                    .map(|item| words::denied(&item.refusal).map(|denied| (item.index, denied)));
                Answer::Batch(denied.collect::<Result<_>>()?)
            }
            LedgerAnswer::Reserved(reserved) => Answer::Reserved {
                amount: reserved.amount.billionths(),
                is_open: reserved.is_open,
                expires_at: milliseconds(reserved.expires_at),
                totals: words::totals(&reserved.balance),
            },
            LedgerAnswer::Released(released) => Answer::Released {
                amount: released.amount.billionths(),
                consumed: released.consumed.billionths(),
                totals: words::totals(&released.balance),
            },
            LedgerAnswer::Refunded(refunded) => Answer::Refunded(Refunded {
                amount: refunded.amount.billionths(),
                refunded: refunded.refunded.billionths(),
                at: milliseconds(refunded.at),
                totals: words::totals(&refunded.balance),
            }),
            LedgerAnswer::Recharge(view) => Answer::Recharge(own_grants::recharged(&view)),
            LedgerAnswer::RecurringGrant(view) => Answer::Recurring(own_grants::recurs(&view)),
            LedgerAnswer::Invoice(invoice) => Answer::Invoice(Invoice {
                total: invoice.total.amount.billionths(),
                refunded: invoice.refunded.billionths(),
            }),
            LedgerAnswer::Imported(_) | LedgerAnswer::CustomerLink(_) | LedgerAnswer::Erased(_) => {
                bail!("nobody asked for that: {answer:?}")
            }
        })
    }
}

/// The wallet and the name of a grant that it made: of an overdraft `ann/gold#1`, of a recharge's
/// grant `ann/gold#recharge-1`, of a recurring grant's `ann/gold#p1-1`.
pub(crate) fn made_grant(id: &str) -> Option<(WalletName, GrantName)> {
    let (wallet, made) = id.split_once('#')?;
    let name = match made.rsplit_once('-') {
        None => GrantName::Overdraft(made.parse().ok()?),
        Some(("recharge", number)) => GrantName::Recharge(number.parse().ok()?),
        Some((id, number)) => GrantName::Recurring(id.to_owned(), number.parse().ok()?),
    };
    let mut parts = wallet.split('/').map(str::to_owned);
    let (customer, currency, resource) = (parts.next()?, parts.next()?, parts.next());
    Some((WalletName { customer, currency, resource }, name))
}
