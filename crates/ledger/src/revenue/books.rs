//! Rows, added up grant by grant.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use scrip_core::{
    CurrencyId, Deed, Event, Gone, GrantId, GrantType, MoneyBack, MoneyCurrency, Paid, Timestamp,
    WalletKey, deeds_of,
};

use super::{ClosedMonth, GrantRevenue, RevenueBetween, RevenueQuery, RevenueTotal};
use crate::export::{Rows, Skims};
use crate::fast_map::FastMap;
use crate::slot::{Position, WalletNumber};
use crate::work::StoreError;

/// How many rows are read at once.
const STRETCH_ROWS: u64 = 4_096;
/// How many rows are read before others get their turn.
const SLICE_ROWS: u64 = 16 * STRETCH_ROWS;

/// A report in the making: some 300 bytes for each grant that cost something, and a number and a flag for
/// each wallet that has rows.
#[derive(Debug)]
pub struct RevenueBooks {
    query: RevenueQuery,
    /// The beginning of the first open month behind a row, by the row up to which the months before were
    /// closed.
    closed: Vec<(Position, Timestamp)>,
    reached: Position,
    until: Option<Position>,
    /// Of the wallets that were met, whether they are asked for.
    wallets: FastMap<WalletNumber, bool>,
    keys: HashMap<WalletNumber, Arc<WalletKey>>,
    grants: HashMap<GrantId, OnBooks>,
    /// Wallets in which money of a grant went back: a grant of theirs may have come with a dispute.
    returned_in: HashSet<WalletNumber>,
    /// The grants whose money went back.
    returned: BTreeSet<GrantId>,
    /// Some grant may have come with a dispute that was won.
    may_restore: bool,
}

/// A grant that cost something, or may have come with a dispute that was won.
#[derive(Debug)]
struct OnBooks {
    wallet: Arc<WalletKey>,
    money: MoneyCurrency,
    paid: Paid,
    /// Its money is there since then: nothing is earned of it before.
    since: Option<Timestamp>,
    /// Its credits became usable.
    counts: bool,
    begin: Gone,
    end: Gone,
}

impl RevenueBooks {
    /// Nothing is read yet. The months in the order in which they were closed.
    #[must_use]
    pub fn new(query: RevenueQuery, closed: &[ClosedMonth]) -> Self {
        Self {
            query,
            closed: closed.iter().map(|month| (month.until, month.month.end())).collect(),
            reached: 0,
            until: None,
            wallets: FastMap::default(),
            keys: HashMap::new(),
            grants: HashMap::new(),
            returned_in: HashSet::new(),
            returned: BTreeSet::new(),
            may_restore: false,
        }
    }

    /// What is asked.
    #[must_use]
    pub const fn query(&self) -> &RevenueQuery {
        &self.query
    }

    /// Every row is in them that there was when they were begun.
    #[must_use]
    pub fn are_whole(&self) -> bool {
        self.until.is_some_and(|until| self.reached >= until)
    }

    /// The last row that is in them, once they are whole.
    #[must_use]
    pub fn until(&self) -> Position {
        self.until.unwrap_or(0)
    }

    /// Nothing was read: until when rows are to be read is not known yet.
    pub(crate) const fn is_new(&self) -> bool {
        self.until.is_none()
    }

    pub(crate) const fn begin(&mut self, until: Position) {
        self.until = Some(until);
    }

    /// The grants whose invoices must be looked at ([`RevenueBooks::restore`]): money that came back with
    /// a dispute stands in no row.
    #[must_use]
    pub fn asks_for(&self) -> Vec<GrantId> {
        let asked = self.returned.iter().filter(|_| self.may_restore);
        asked.copied().collect()
    }

    /// What an invoice's money came to: grants of disputes that were won stand for some of it.
    pub fn restore(&mut self, of: GrantId, money: &MoneyBack) {
        let Some(currency) = self.grants.get(&of).map(|first| first.money) else { return };
        for (grant, amount) in money.restored_grants() {
            if let Some(known) = self.grants.get_mut(&grant) {
                known.paid.money = amount;
                known.money = currency;
            }
        }
    }

    /// The lines of grants of which something was deferred or happened, by wallet and grant.
    #[must_use]
    pub fn lines(&self) -> Vec<GrantRevenue> {
        let mut lines: Vec<_> = self.each().filter(|line| !line.revenue.is_empty()).collect();
        lines.sort_by(|one, other| {
            let key = |line: &GrantRevenue| {
                let WalletKey { customer, currency, resource, .. } = line.wallet.as_ref();
                (currency.clone(), customer.clone(), resource.clone(), line.grant)
            };
            key(one).cmp(&key(other))
        });
        lines
    }

    /// The sums, by currency and money.
    #[must_use]
    pub fn totals(&self) -> Vec<RevenueTotal> {
        let mut totals = BTreeMap::<(CurrencyId, &str), RevenueTotal>::new();
        for line in self.each().filter(|line| !line.revenue.is_empty()) {
            let (currency, money) = (line.wallet.currency.clone(), line.money);
            let total = totals.entry((currency.clone(), money.as_str())).or_insert(RevenueTotal {
                currency,
                money,
                revenue: RevenueBetween::default(),
                grants: 0,
            });
            total.revenue.begin += line.revenue.begin;
            total.revenue.end += line.revenue.end;
            total.grants += 1;
        }
        totals.into_values().collect()
    }

    fn each(&self) -> impl Iterator<Item = GrantRevenue> {
        self.grants.iter().map(|(grant, known)| GrantRevenue {
            wallet: Arc::clone(&known.wallet),
            grant: *grant,
            money: known.money,
            revenue: RevenueBetween {
                begin: known.begin.revenue(&known.paid),
                end: known.end.revenue(&known.paid),
            },
        })
    }

    fn asks_for_wallet(
        &mut self,
        rows: &impl Rows,
        number: WalletNumber,
    ) -> Result<bool, StoreError> {
        if let Some(known) = self.wallets.get(&number) {
            return Ok(*known);
        }
        let key = wallet_key(rows, number)?;
        let RevenueQuery { environment, currency, .. } = &self.query;
        let is_asked = key.environment == *environment
            && currency.as_ref().is_none_or(|asked| *asked == key.currency);
        self.wallets.insert(number, is_asked);
        Ok(is_asked)
    }

    /// The instant to which a row belongs.
    fn instant_of(&self, attributed_at: Timestamp, position: Position) -> Timestamp {
        let before = self.closed.partition_point(|(until, _)| *until < position);
        let open = before.checked_sub(1).and_then(|last| self.closed.get(last));
        open.map_or(attributed_at, |(_, begin)| attributed_at.max(*begin))
    }

    /// Adds what a row says. It fails only before anything is changed.
    fn add(
        &mut self,
        rows: &impl Rows,
        (position, wallet): (Position, WalletNumber),
        event: &Event,
        attributed_at: Timestamp,
    ) -> Result<(), StoreError> {
        match event {
            Event::GrantCreated { grant, grant_type, amount, cost, .. } => {
                let is_restored = cost.amount.is_zero();
                let may_be = *grant_type == GrantType::Paid && self.returned_in.contains(&wallet);
                if is_restored && !may_be {
                    return Ok(());
                }
                self.may_restore |= is_restored;
                let paid = Paid { amount: *amount, money: cost.amount, is_restored };
                let on_books = OnBooks {
                    wallet: self.key(rows, wallet)?,
                    money: cost.currency,
                    paid,
                    since: None,
                    counts: false,
                    begin: Gone::default(),
                    end: Gone::default(),
                };
                self.grants.insert(grant.id, on_books);
            }
            Event::Granted(leg) => {
                if let Some(known) = self.grants.get_mut(&leg.grant.id) {
                    known.counts = true;
                }
            }
            Event::MoneyReturned { grant, .. } => {
                self.returned_in.insert(wallet);
                if self.grants.contains_key(&grant.id) {
                    self.returned.insert(grant.id);
                }
            }
            _ => {}
        }
        let at = self.instant_of(attributed_at, position);
        let RevenueQuery { from, to, .. } = self.query;
        let mut deeds = Vec::new();
        let counts = |grant: GrantId| self.grants.get(&grant).is_none_or(|known| known.counts);
        deeds_of(event, counts, |grant, deed| deeds.push((grant, deed)));
        for (grant, deed) in deeds {
            let Some(known) = self.grants.get_mut(&grant) else { continue };
            if deed == Deed::Granted {
                known.since = Some(at);
            }
            let at = known.since.map_or(at, |since| at.max(since));
            if at < from {
                known.begin.add(deed, &known.paid);
            }
            if at < to {
                known.end.add(deed, &known.paid);
            }
        }
        Ok(())
    }

    fn key(
        &mut self,
        rows: &impl Rows,
        number: WalletNumber,
    ) -> Result<Arc<WalletKey>, StoreError> {
        if let Some(known) = self.keys.get(&number) {
            return Ok(Arc::clone(known));
        }
        let key = Arc::new(wallet_key(rows, number)?);
        self.keys.insert(number, Arc::clone(&key));
        Ok(key)
    }
}

/// Reads some rows more. Whoever meets an error may go on: each row is in the books once.
pub(crate) fn read_on(rows: &impl Rows, books: &mut RevenueBooks) -> Result<(), StoreError> {
    let until = books.until().min(books.reached.saturating_add(SLICE_ROWS));
    while books.reached < until {
        let (begin, end) = (books.reached, until.min(books.reached.saturating_add(STRETCH_ROWS)));
        rows.skim(begin, end, &mut Reading { rows, books })?;
        books.reached = end;
    }
    Ok(())
}

/// The books, and where wallets are looked up.
struct Reading<'a, R> {
    rows: &'a R,
    books: &'a mut RevenueBooks,
}

impl<R: Rows> Skims for Reading<'_, R> {
    fn asks_for(&mut self, wallet: WalletNumber) -> Result<bool, StoreError> {
        self.books.asks_for_wallet(self.rows, wallet)
    }

    fn take(
        &mut self,
        position: Position,
        wallet: WalletNumber,
        event: &Event,
        attributed_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.books.add(self.rows, (position, wallet), event, attributed_at)?;
        self.books.reached = position;
        Ok(())
    }
}

fn wallet_key(rows: &impl Rows, number: WalletNumber) -> Result<WalletKey, StoreError> {
    rows.wallet_key(number)?.ok_or_else(|| {
        StoreError::Corrupt(format!("wallets {number}: it has rows and is not there"))
    })
}
