//! The oracle: all that was accepted in one environment.

use crate::facts::{Fact, What};
use crate::places::Places;
use crate::recompute::{Wallet, recompute, recompute_until};
use crate::{Denied, GrantName, GrantView, Instant, RowView, Settings, Totals, WalletName};

/// The model of one environment. A copy goes its own way, so that orders can be tried.
#[derive(Clone, Debug)]
pub struct Oracle {
    pub(crate) settings: Settings,
    pub(crate) places: Places,
    /// The wallets in order of their first change, each with its facts.
    pub(crate) wallets: Vec<(WalletName, Vec<Fact>)>,
    pub(crate) clock_was_set: bool,
}

/// The identifier by which a void or an edit names a wallet's overdraft of this number here; the
/// caller maps it to the product's own.
#[must_use]
pub fn overdraft_id(wallet: &WalletName, number: u32) -> String {
    made_id(wallet, &GrantName::Overdraft(number))
}

/// The same of anything that a wallet makes; of what somebody asked for, its identifier.
#[must_use]
pub fn made_id(wallet: &WalletName, name: &GrantName) -> String {
    let WalletName { customer, currency, resource } = wallet;
    match name {
        GrantName::Given(id) => id.clone(),
        made => format!("{made:?} of {customer} {currency} {resource:?}"),
    }
}

impl Oracle {
    /// An environment without customers, currencies and wallets.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, places: Places::default(), wallets: Vec::new(), clock_was_set: false }
    }

    /// The wallets that exist, in order of their first change.
    #[must_use]
    pub fn wallets(&self) -> Vec<WalletName> {
        self.wallets.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The numbers of a wallet; zeros if it does not exist.
    #[must_use]
    pub fn totals(&self, wallet: &WalletName, now: Instant) -> Totals {
        self.wallet(wallet, now).totals()
    }

    /// The wallet's grants in order of creation, overdrafts and ended ones included.
    #[must_use]
    pub fn grants(&self, wallet: &WalletName, now: Instant) -> Vec<GrantView> {
        let folded = self.wallet(wallet, now);
        (0..folded.grants.len()).map(|place| folded.view(place, wallet)).collect()
    }

    /// The wallet's rows, oldest first, with all that is due.
    #[must_use]
    pub fn rows(&self, wallet: &WalletName, now: Instant) -> Vec<RowView> {
        self.wallet(wallet, now).rows
    }

    /// The numbers of a wallet at an instant that has passed, by recorded time.
    #[must_use]
    pub fn at(&self, wallet: &WalletName, instant: Instant) -> Totals {
        recompute_until(self.facts(wallet), &self.settings, instant).totals()
    }

    /// Tells that the product wrote what was due in a wallet when the clock showed `now`.
    ///
    /// Reads of rows and grants do (decision 33), reads of balances do not. It makes a difference
    /// only if the clock steps back afterwards: a wallet's now does not go behind its last row.
    pub fn touch(&mut self, wallet: &WalletName, now: Instant) {
        let written = self.written(wallet);
        let due = self.wallet(wallet, now);
        if due.rows.len() > written.rows.len() || due.time > written.time {
            self.facts_mut(wallet).push(Fact { at: now, what: What::WroteDue });
        }
    }

    /// The wallet with all that is due by its now.
    pub(crate) fn wallet(&self, name: &WalletName, clock: Instant) -> Wallet {
        let mut wallet = self.written(name);
        wallet.advance(wallet.now(clock));
        wallet
    }

    /// The wallet's now: what a request is judged and recorded by.
    pub(crate) fn wallet_now(&self, name: &WalletName, clock: Instant) -> Instant {
        self.written(name).now(clock)
    }

    /// The wallet as its last fact left it.
    fn written(&self, name: &WalletName) -> Wallet {
        recompute(self.facts(name), &self.settings)
    }

    pub(crate) fn facts(&self, name: &WalletName) -> &[Fact] {
        match self.wallets.iter().find(|(known, _)| known == name) {
            Some((_, facts)) => facts,
            None => &[],
        }
    }

    /// Keeps a fact, unless a sum of the wallet would grow too large by it.
    pub(crate) fn keep(
        &mut self,
        name: &WalletName,
        at: Instant,
        what: What,
    ) -> Result<Wallet, Denied> {
        let mut facts = self.facts(name).to_vec();
        if facts.is_empty() && !self.places.is_live_wallet(name) {
            facts.push(Fact { at, what: What::Standing { is_live: false } });
        }
        facts.push(Fact { at, what });
        let wallet = recompute(&facts, &self.settings);
        if wallet.greatest_sum() > self.settings.wallet_sum {
            return Err(Denied::SumTooLarge);
        }
        *self.facts_mut(name) = facts;
        Ok(wallet)
    }

    /// Tells every wallet whose customer or currency was archived or brought back.
    pub(crate) fn note_standings(&mut self, clock: Instant) {
        for name in self.wallets() {
            let wallet = self.written(&name);
            let is_live = self.places.is_live_wallet(&name);
            if wallet.is_live != is_live {
                let at = wallet.now(clock);
                self.facts_mut(&name).push(Fact { at, what: What::Standing { is_live } });
            }
        }
    }

    fn facts_mut(&mut self, name: &WalletName) -> &mut Vec<Fact> {
        let place = match self.wallets.iter().position(|(known, _)| known == name) {
            Some(place) => place,
            None => {
                self.wallets.push((name.clone(), Vec::new()));
                self.wallets.len() - 1
            }
        };
        &mut self.wallets[place].1
    }
}
