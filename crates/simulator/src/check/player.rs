//! One history, step by step, on the ledger and on the oracle.

use std::collections::BTreeSet;

use scrip_oracle::{
    Answer, Denied, Edit, Instant, InvoiceRefund, Oracle, Request, Settings, WalletName, made_id,
};

use super::{About, Found, Tally, same};
use crate::driver::{Driver, Target, made_grant};
use crate::history::{BEGINNING, Setup, Step};

/// A ledger and the oracle, which are asked the same.
pub(crate) struct Player {
    pub(crate) driver: Driver,
    pub(crate) oracle: Oracle,
    real: Instant,
    /// The test clock, once it is set.
    pub(crate) test: Option<Instant>,
    /// Something may have been brought back, and wallets that are low were not written since.
    pub(crate) is_behind: bool,
    /// All wallets that were named.
    pub(crate) wallets: BTreeSet<WalletName>,
    pub(crate) tally: Tally,
}

impl Player {
    pub(crate) fn new(target: &dyn Target, setup: &Setup) -> Result<Self, Found> {
        let driver = Driver::new(target, setup)?;
        Ok(Self {
            driver,
            oracle: Oracle::new(Settings::default()),
            real: BEGINNING,
            test: None,
            is_behind: false,
            wallets: BTreeSet::new(),
            tally: Tally::default(),
        })
    }

    /// What the environment's clock shows.
    pub(crate) fn now(&self) -> Instant {
        self.test.unwrap_or(self.real)
    }

    /// Carries out a step; the answer tells what came of it.
    pub(crate) fn step(&mut self, step: &Step) -> Result<String, Found> {
        self.wallets.extend(step.wallets().into_iter().cloned());
        self.tally.commands += step.commands();
        let told = match step {
            Step::Ask(Request::MoveClock(to)) if is_a_year(to - self.now()) => {
                "not asked: a year to some, and more to others".to_owned()
            }
            Step::Ask(request) => self.ask(request)?,
            Step::Clock(to) => {
                self.set_clock(*to)?;
                String::new()
            }
            Step::Restart => {
                self.tally.restarts += 1;
                self.driver.restart()?;
                String::new()
            }
            Step::WriteBehind => {
                self.driver.write_behind()?;
                String::new()
            }
            Step::Read(read) => {
                self.tally.reads += 1;
                self.read(read)?
            }
        };
        same(About::Clock, &self.now(), &self.driver.now())?;
        for wallet in step.wallets() {
            let expected = self.oracle.totals(wallet, self.now());
            same(About::Totals, &expected, &self.driver.totals(wallet)?)?;
        }
        Ok(told)
    }

    /// Compares everything, and closes the ledger.
    pub(crate) fn finish(mut self) -> Result<Tally, Found> {
        self.read_everything()?;
        let Self { driver, wallets, mut tally, .. } = self;
        driver.finish()?;
        tally.wallets = wallets.len();
        Ok(tally)
    }

    pub(crate) fn ask(&mut self, request: &Request) -> Result<String, Found> {
        self.catch_up()?;
        if changes_standing(request) {
            self.is_behind = true;
        }
        let now = self.now();
        let expected = self.oracle.ask(&in_words_of_the_oracle(request), now);
        let found = self.driver.ask(request)?;
        same(About::Answer, &expected, &found)?;
        match (&expected, request) {
            (Ok(_), Request::MoveClock(to)) => self.test = Some(*to),
            (Err(_), _) => self.tally.refused += 1,
            _ => {}
        }
        Ok(tell(&expected))
    }

    pub(crate) fn set_clock(&mut self, to: Instant) -> Result<(), Found> {
        self.catch_up()?;
        if to < self.real {
            self.write_due()?;
        }
        self.real = to;
        self.driver.set_clock(to);
        Ok(())
    }

    /// The ledger looks at a wallet only when something happens in it; the oracle's recharges when
    /// it is brought back.
    pub(crate) fn catch_up(&mut self) -> Result<(), Found> {
        if self.is_behind {
            self.write_due()?;
            self.is_behind = false;
        }
        Ok(())
    }

    /// What became due is written by and by. So that it does not matter when, all of it is written
    /// before a clock is set back.
    pub(crate) fn write_due(&mut self) -> Result<(), Found> {
        let wallets: Vec<_> = self.wallets.iter().cloned().collect();
        self.driver.write_due(&wallets)?;
        for wallet in &wallets {
            self.oracle.touch(wallet, self.now());
        }
        Ok(())
    }
}

/// Whether wallets may make grants by themselves afterwards that could not, or the other way round.
const fn changes_standing(request: &Request) -> bool {
    use Request as R;
    matches!(
        request,
        R::ArchiveCustomer(_)
            | R::UnarchiveCustomer(_)
            | R::CreateCurrency(_)
            | R::ArchiveCurrency(_)
            | R::UnarchiveCurrency(_)
    )
}

fn in_words_of_the_oracle(request: &Request) -> Request {
    let name = |id: &String| match made_grant(id) {
        Some((wallet, name)) => made_id(&wallet, &name),
        None => id.clone(),
    };
    match request {
        Request::Void(id) => Request::Void(name(id)),
        Request::Edit(Edit { id, change }) => {
            Request::Edit(Edit { id: name(id), change: change.clone() })
        }
        Request::RefundInvoice(refund) => {
            let grant = name(&refund.grant);
            Request::RefundInvoice(InvoiceRefund { grant, ..refund.clone() })
        }
        other => other.clone(),
    }
}

fn tell(answer: &Result<Answer, Denied>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(denied) => format!("{denied:?}"),
    }
}

/// Whether a move of the clock is a year to the oracle, whose years have 365 days, and more to the
/// calendar, or the other way round. A history makes few such moves by itself; but one that was not
/// taken makes the next one longer, and so does whoever makes a history short.
pub(crate) const fn is_a_year(milliseconds: i64) -> bool {
    const DAY: i64 = 24 * 60 * 60 * 1_000;
    milliseconds > 365 * DAY && milliseconds <= 366 * DAY
}
