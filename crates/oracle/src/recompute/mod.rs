//! A wallet, recomputed from its facts.
//!
//! Everything here only carries out: whether a request may happen was decided before it became a
//! fact.

mod announcements;
mod burn;
mod due;
mod holds;
mod money_back;
mod moves;
mod overdraft;
mod own_grants;
mod recurring;
mod refunds;
mod view;

use crate::facts::{Fact, What};
use crate::{
    Amount, Change, EventKind, Grant, GrantKind, GrantName, GrantState, Instant, Invoice, Payment,
    RowView, Settings,
};
use announcements::Announcement;
use moves::Move;
use own_grants::WalletRecharge;
use recurring::WalletRecurring;
use refunds::{Consumption, RefundMade};

/// A wallet at some instant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wallet {
    /// In order of creation, overdrafts included.
    pub(crate) grants: Vec<WalletGrant>,
    /// In order of creation, closed ones included.
    pub(crate) holds: Vec<Hold>,
    /// Oldest first.
    pub(crate) rows: Vec<RowView>,
    /// In order of creation.
    pub(crate) refunds: Vec<RefundMade>,
    /// Keys of money that was given back, each with the invoice as it was then.
    pub(crate) money_back: Vec<(String, Invoice)>,
    consumptions: Vec<Consumption>,
    /// Oldest first.
    moves: Vec<Move>,
    /// When something was accepted or happened last, which may have made no row: a grant that is
    /// yet to begin.
    pub(crate) time: Option<Instant>,
    /// Neither customer nor currency is archived.
    pub(crate) is_live: bool,
    limits: Settings,
    recharge: Option<WalletRecharge>,
    /// In order of creation, removed ones included.
    recurring: Vec<WalletRecurring>,
}

/// A grant of a wallet.
#[derive(Clone, Debug)]
pub(crate) struct WalletGrant {
    pub(crate) name: GrantName,
    /// None is an overdraft.
    pub(crate) kind: Option<GrantKind>,
    pub(crate) state: GrantState,
    pub(crate) amount: Amount,
    pub(crate) consumed: Amount,
    /// Gone without being consumed: expired, voided or taken back.
    pub(crate) lost: Amount,
    /// The invoice that paid for it.
    pub(crate) invoice: Option<Invoice>,
    pub(crate) priority: u8,
    pub(crate) created_at: Instant,
    pub(crate) effective_at: Instant,
    pub(crate) expire_at: Option<Instant>,
    pub(crate) voided_at: Option<Instant>,
    announcement: Announcement,
}

impl WalletGrant {
    /// Its credits can be burned.
    pub(crate) fn is_usable(&self) -> bool {
        self.state == GrantState::Active
    }

    /// It has ended: expired or voided.
    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.state, GrantState::Expired | GrantState::Voided)
    }
}

/// A reservation's credits.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) reservation: String,
    pub(crate) amount: Amount,
    pub(crate) expires_at: Instant,
    pub(crate) is_open: bool,
    /// What the first release consumed.
    pub(crate) released: Option<Amount>,
    /// The backing grants by their places, in burn order of the instant it was placed.
    pub(crate) parts: Vec<(usize, Amount)>,
}

/// The wallet after these facts and all that was due before the last of them.
pub(crate) fn recompute(facts: &[Fact], limits: &Settings) -> Wallet {
    let mut wallet = Wallet::new(limits);
    for fact in facts {
        wallet.advance(fact.at);
        wallet.happen(fact);
    }
    wallet
}

/// The wallet at an instant, by recorded time: what it was before the first row that is later.
pub(crate) fn recompute_until(facts: &[Fact], limits: &Settings, instant: Instant) -> Wallet {
    let mut wallet = Wallet::new(limits);
    for fact in facts {
        let mut before = wallet.clone();
        wallet.advance(fact.at);
        wallet.happen(fact);
        if wallet.rows.last().is_some_and(|row| row.recorded_at > instant) {
            before.advance(instant);
            return before;
        }
    }
    wallet.advance(instant);
    wallet
}

impl Wallet {
    fn new(limits: &Settings) -> Self {
        Self { is_live: true, limits: *limits, ..Self::default() }
    }

    /// A wallet's now never goes behind its last row (decision 45). A grant that is scheduled has
    /// no row yet.
    pub(crate) fn now(&self, clock: Instant) -> Instant {
        let last_row = self.rows.last().map_or(clock, |row| row.recorded_at);
        clock.max(last_row).max(self.time.unwrap_or(clock))
    }

    fn happen(&mut self, fact: &Fact) {
        match &fact.what {
            What::Grant(asked) => self.grant(asked, fact.at),
            What::Void { grant } => self.void(*grant, fact.at),
            What::Edit { grant, change } => self.edit(*grant, change, fact.at),
            What::Consume(asked) => self.consume(asked, fact.at),
            What::Reserve(asked) => self.reserve(asked, fact.at),
            What::Extend { hold, expires_at } => self.holds[*hold].expires_at = *expires_at,
            What::Release { hold, consumed } => self.release(*hold, *consumed, fact.at),
            What::Refund(asked) => self.refund(asked, fact.at),
            What::RefundInvoice { grant, refund } => self.refund_invoice(*grant, refund),
            What::SetRecharge(setting) => self.set_recharge(setting),
            What::PutRecurring(terms) => self.put_recurring(terms, fact.at),
            What::RemoveRecurring(id) => self.remove_recurring(id),
            What::Standing { is_live } => {
                return self.stand(*is_live, fact.at);
            }
            What::WroteDue => return,
        }
        self.time = Some(fact.at);
        self.come_to_rest(fact.at);
        // A first period may begin at once.
        self.advance(fact.at);
    }

    /// What follows from anything that happens.
    fn come_to_rest(&mut self, at: Instant) {
        self.take_back(at);
        self.settle_overdraft(at);
        self.recharge_if_low(at);
        self.plan_announcements(at);
    }

    /// A recharge that was off with customer or currency is on again with them (decisions 25 and
    /// 48).
    fn stand(&mut self, is_live: bool, at: Instant) {
        self.is_live = is_live;
        let before = (self.rows.len(), self.recharge_stop());
        self.come_to_rest(at);
        if before != (self.rows.len(), self.recharge_stop()) {
            self.time = self.time.max(Some(at));
        }
    }

    fn grant(&mut self, asked: &Grant, at: Instant) {
        let effective_at = asked.effective_at.unwrap_or(at);
        let is_invoiced = asked.payment == Payment::PaidInvoice;
        self.grants.push(WalletGrant {
            name: GrantName::Given(asked.id.clone()),
            kind: Some(asked.kind),
            state: GrantState::Scheduled,
            amount: asked.amount,
            consumed: 0,
            lost: 0,
            invoice: is_invoiced.then_some(Invoice { total: asked.cost, refunded: 0 }),
            priority: asked.priority,
            created_at: at,
            effective_at,
            expire_at: asked.expire_at,
            voided_at: None,
            announcement: Announcement::default(),
        });
        if effective_at <= at {
            self.activate(self.grants.len() - 1, at);
        }
    }

    /// The credits become usable.
    fn activate(&mut self, grant: usize, at: Instant) {
        self.grants[grant].state = GrantState::Active;
        self.row(EventKind::Granted, grant, self.grants[grant].amount, at);
    }

    /// What is not held leaves the balance; what is held waits for its release (decision 17).
    fn expire(&mut self, grant: usize, at: Instant) {
        let rest = self.available(grant);
        self.grants[grant].state = GrantState::Expired;
        self.grants[grant].lost += rest;
        self.row(EventKind::Expired, grant, -rest, at);
    }

    /// What is not held leaves the balance; what is held waits for its release (decision 16). Of one
    /// that has not begun all is lost, which the balance never had.
    fn void(&mut self, grant: usize, at: Instant) {
        let rest = self.available(grant);
        let is_scheduled = self.grants[grant].state == GrantState::Scheduled;
        self.grants[grant].lost += if is_scheduled { self.grants[grant].amount } else { rest };
        self.grants[grant].state = GrantState::Voided;
        self.grants[grant].voided_at = Some(at);
        self.row(EventKind::Voided, grant, -rest, at);
    }

    fn edit(&mut self, grant: usize, change: &Change, at: Instant) {
        if let Some(priority) = change.priority {
            self.grants[grant].priority = priority;
        }
        if let Some(expire_at) = change.expire_at {
            self.grants[grant].expire_at = expire_at;
        }
        self.row(EventKind::Updated, grant, 0, at);
    }

    /// Writes a row, which members of its own may follow.
    fn row(
        &mut self,
        kind: EventKind,
        grant: usize,
        amount: Amount,
        recorded_at: Instant,
    ) -> &mut RowView {
        let balance_before = self.rows.last().map_or(0, |row| row.balance_after);
        let place = self.rows.len();
        self.rows.push(RowView {
            kind,
            grant: self.grants[grant].name.clone(),
            amount,
            recorded_at,
            attributed_at: recorded_at,
            balance_after: balance_before + amount,
            reservation: None,
            hold_returned: None,
            breakdown: Vec::new(),
        });
        &mut self.rows[place]
    }
}
