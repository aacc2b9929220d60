//! Histories from a seed: the same seed and number of steps give the same steps.

mod again;
mod money_back;
mod own_grants;

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use scrip_oracle::{
    Change, Consume, Edit, Grant, GrantKind, Instant, Overdraft, Request, Reserve, Short,
    WalletName,
};

use super::profile::{Deed, Profile};
use super::times::Times;
use super::{BEGINNING, Environment, History, Read, RowsRead, Step};
use money_back::Invoiced;

const CUSTOMERS: [&str; 3] = ["ann", "bob", "cleo"];
const CURRENCIES: [&str; 2] = ["gold", "silver"];
const RESOURCES: [&str; 2] = ["site", "app"];

/// The history of a seed. The customers and currencies that it begins with are not counted.
#[must_use]
pub fn generate(seed: u64, steps: usize) -> History {
    let mut rng = StdRng::seed_from_u64(seed);
    let profile = Profile::draw(&mut rng);
    let times = Times::new(profile.spread);
    let mut generator = Generator {
        rng,
        profile,
        times,
        real: BEGINNING,
        test: None,
        grants: Vec::new(),
        asked: Vec::new(),
        overdrafts: Vec::new(),
        recurring: Vec::new(),
        invoiced: Vec::new(),
        steps: Vec::new(),
    };
    generator.begin();
    let begun = generator.steps.len();
    while generator.steps.len() < begun + steps {
        generator.step();
    }
    History { setup: generator.profile.setup, steps: generator.steps }
}

struct Generator {
    rng: StdRng,
    profile: Profile,
    times: Times,
    real: Instant,
    test: Option<Instant>,
    /// Identifiers of grants that were asked for.
    grants: Vec<String>,
    /// What was asked for and can be asked for again.
    asked: Vec<Request>,
    /// Wallets that may have an overdraft, or other grants that they made.
    overdrafts: Vec<WalletName>,
    /// Recurring grants that were asked for.
    recurring: Vec<(WalletName, String)>,
    /// Grants that were asked for with an invoice.
    invoiced: Vec<Invoiced>,
    steps: Vec<Step>,
}

impl Generator {
    fn begin(&mut self) {
        let customers = CUSTOMERS[..self.profile.customers].iter();
        let customers = customers.map(|id| Request::CreateCustomer((*id).to_owned()));
        let currencies = CURRENCIES[..self.profile.currencies].iter();
        let currencies = currencies.map(|id| Request::CreateCurrency((*id).to_owned()));
        for request in customers.chain(currencies) {
            // Now and then one is missing, or comes later.
            if !self.rng.random_ratio(1, 40) {
                self.steps.push(Step::Ask(request));
            }
        }
    }

    fn now(&self) -> Instant {
        self.test.unwrap_or(self.real)
    }

    fn percent(&mut self, percent: u32) -> bool {
        self.rng.random_ratio(percent.min(100), 100)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.random_range(0..bound.max(1))
    }

    fn step(&mut self) {
        let step = match self.profile.deed(&mut self.rng) {
            Deed::Grant => Step::Ask(self.grant()),
            Deed::Consume => Step::Ask(Request::Consume(self.consume())),
            Deed::Batch => Step::Ask(self.batch()),
            Deed::Void => Step::Ask(Request::Void(self.grant_id())),
            Deed::Edit => Step::Ask(self.edit()),
            Deed::Reserve => Step::Ask(self.reserve()),
            Deed::Extend => Step::Ask(self.extend()),
            Deed::Release => Step::Ask(self.release()),
            Deed::Refund => Step::Ask(self.refund()),
            Deed::MoneyBack => Step::Ask(self.money_back()),
            Deed::Recharge => Step::Ask(self.recharge()),
            Deed::Recurring => Step::Ask(self.recurring()),
            Deed::Time => self.time(),
            Deed::Back => self.back(),
            Deed::Standing => Step::Ask(self.standing()),
            Deed::Repeat => Step::Ask(self.repeat()),
            Deed::Restart => Step::Restart,
            Deed::WriteBehind => Step::WriteBehind,
            Deed::Read => Step::Read(self.read()),
        };
        if let Step::Ask(request) = &step {
            self.remember(request);
        }
        self.steps.push(step);
    }

    fn remember(&mut self, request: &Request) {
        match request {
            Request::Grant(_) | Request::MoveClock(_) => return,
            Request::Consume(consume) => self.overdrafts.push(consume.wallet.clone()),
            Request::PutRecurring(put) => self.overdrafts.push(put.wallet.clone()),
            Request::SetRecharge(recharge) => self.overdrafts.push(recharge.wallet.clone()),
            _ => {}
        }
        self.asked.push(request.clone());
    }

    fn wallet(&mut self) -> WalletName {
        let customer = CUSTOMERS[self.below(self.profile.customers)].to_owned();
        let currency = CURRENCIES[self.below(self.profile.currencies)].to_owned();
        let resource = match self.below(self.profile.resources + 1) {
            0 => None,
            place => Some(RESOURCES[place - 1].to_owned()),
        };
        WalletName { customer, currency, resource }
    }

    fn grant(&mut self) -> Request {
        let now = self.now();
        let id = format!("g{}", self.grants.len() + 1);
        self.grants.push(id.clone());
        let kinds = [GrantKind::Promotional, GrantKind::Recurring, GrantKind::Paid];
        let place = self.below(self.profile.priorities.len());
        let wallet = self.wallet();
        let kind = kinds[self.below(3)];
        let amount = self.profile.amounts.pick(&mut self.rng);
        let priority = self.profile.priorities[place];
        let effective_at = self.percent(35).then(|| self.times.instant(&mut self.rng, now));
        let ends = self.percent(self.profile.ending_percent);
        let mut expire_at = ends.then(|| self.times.instant(&mut self.rng, now));
        // Most ends that would be refused are moved to where they are not.
        let begins = effective_at.unwrap_or(now).max(now);
        if expire_at.is_some_and(|at| at <= begins) && self.percent(85) {
            let later = begins + 1 + self.rng.random_range(0..3);
            self.times.name(later);
            expire_at = Some(later);
        }
        let (cost, payment) = self.payment(kind);
        let grant =
            Grant { wallet, id, kind, amount, priority, effective_at, expire_at, cost, payment };
        self.note_invoice(&grant);
        Request::Grant(grant)
    }

    fn key(&mut self) -> String {
        format!("k{}", self.rng.random_range(0..self.profile.keys))
    }

    fn consume(&mut self) -> Consume {
        let now = self.now();
        let short = self.short();
        let mut dimensions = BTreeMap::new();
        if self.percent(10) {
            let model = ["small", "large"][self.below(2)];
            dimensions.insert("model".to_owned(), model.to_owned());
        }
        Consume {
            wallet: self.wallet(),
            key: self.key(),
            amount: self.profile.amounts.pick(&mut self.rng),
            created_at: self.times.attributed(&mut self.rng, now),
            dimensions,
            short,
        }
    }

    fn short(&mut self) -> Short {
        if self.percent(self.profile.reject_percent) {
            Short::Reject
        } else if self.percent(self.profile.unsaid_percent) {
            Short::Unsaid
        } else {
            Short::Overdraft
        }
    }

    fn batch(&mut self) -> Request {
        let most = [1, 3, 10, 40][self.below(4)];
        let count = 1 + self.below(most);
        // One bad item refuses all, so most batches have none.
        let is_spoiled = self.percent(15);
        let mut items: Vec<Consume> = Vec::with_capacity(count);
        for _ in 0..count {
            let item = match (items.is_empty(), self.below(30)) {
                (false, 0..3) => {
                    let place = self.below(items.len());
                    items[place].clone()
                }
                (false, 3) if is_spoiled => {
                    let place = self.below(items.len());
                    let item = items[place].clone();
                    self.altered(item)
                }
                (_, 4..6) => self.asked_consume().unwrap_or_else(|| self.consume()),
                _ => self.consume(),
            };
            items.push(if is_spoiled { item } else { self.unspoiled(item, &items) });
        }
        self.overdrafts.extend(items.iter().map(|item| item.wallet.clone()));
        Request::Batch(items)
    }

    /// An item that does not refuse the batch: not out of range, and a key has one content.
    fn unspoiled(&self, mut item: Consume, before: &[Consume]) -> Consume {
        let now = self.now();
        item.created_at = item.created_at.filter(|at| (now - 10_000_000_000..=now).contains(at));
        let is_same = |other: &&Consume| other.key == item.key && other.wallet == item.wallet;
        before.iter().find(is_same).cloned().unwrap_or(item)
    }

    fn asked_consume(&mut self) -> Option<Consume> {
        let place = self.below(self.asked.len());
        match self.asked.get(place) {
            Some(Request::Consume(consume)) => Some(consume.clone()),
            _ => None,
        }
    }

    /// A grant that was asked for, one that a wallet made, or one that nobody knows.
    fn grant_id(&mut self) -> String {
        match self.below(14) {
            12.. if !self.recurring.is_empty() => {
                let place = self.below(self.recurring.len());
                let (wallet, id) = self.recurring[place].clone();
                format!("{}#{id}-{}", super::wallet_text(&wallet), 1 + self.below(3))
            }
            0 | 12 if !self.overdrafts.is_empty() => {
                let place = self.below(self.overdrafts.len());
                let wallet = super::wallet_text(&self.overdrafts[place]);
                let made = ["", "", "recharge-"][self.below(3)];
                format!("{wallet}#{made}{}", 1 + self.below(2))
            }
            1 => "g999999".to_owned(),
            2..7 if self.grants.len() > 4 => {
                let recent = self.grants.len() - 4;
                let place = recent + self.below(4);
                self.grants[place].clone()
            }
            _ => {
                let place = self.below(self.grants.len());
                self.grants.get(place).cloned().unwrap_or_else(|| "g1".to_owned())
            }
        }
    }

    fn edit(&mut self) -> Request {
        let now = self.now();
        let mut change = Change::default();
        if self.percent(40) {
            let place = self.below(self.profile.priorities.len());
            change.priority = Some(self.profile.priorities[place]);
        }
        if self.percent(50) {
            let never = self.percent(25);
            change.expire_at = Some((!never).then(|| self.times.instant(&mut self.rng, now)));
        }
        if self.percent(20) {
            change.display_name = Some("another".to_owned());
        }
        Request::Edit(Edit { id: self.grant_id(), change })
    }

    fn reserve(&mut self) -> Request {
        let now = self.now();
        let reservation = format!("r{}", self.rng.random_range(0..self.profile.keys));
        let amount = self.profile.amounts.pick(&mut self.rng);
        let expires_at = self.times.hold_end(&mut self.rng, now);
        Request::Reserve(Reserve { wallet: self.wallet(), reservation, amount, expires_at })
    }

    /// Time passes: by itself, or by moving the test clock.
    fn time(&mut self) -> Step {
        let sandbox = self.profile.setup.environment == Environment::Sandbox;
        if !sandbox || self.percent(10) {
            self.real = self.times.ahead(&mut self.rng, self.real);
            return Step::Clock(self.real);
        }
        let now = self.now();
        let to = match self.below(25) {
            0 => now - 1,
            1 => now + 366 * 86_400_000 + 1,
            2 => now,
            _ => self.times.ahead(&mut self.rng, now),
        };
        // Decisions 40 and 66, as far as it matters for what comes next: a move of a calendar
        // year is followed wherever the ledger follows it.
        if to >= now && (self.test.is_none() || to <= now + 365 * 86_400_000) {
            self.test = Some(to);
        }
        Step::Ask(Request::MoveClock(to))
    }

    /// Somebody sets the clock back; a test clock cannot be.
    fn back(&mut self) -> Step {
        self.real = self.times.back(&mut self.rng, self.real);
        Step::Clock(self.real)
    }

    fn standing(&mut self) -> Request {
        let customer = CUSTOMERS[self.below(self.profile.customers)].to_owned();
        let currency = CURRENCIES[self.below(self.profile.currencies)].to_owned();
        match self.below(18) {
            0 => Request::ArchiveCustomer(customer),
            1..4 => Request::UnarchiveCustomer(customer),
            4 => Request::ArchiveCurrency(currency),
            5..7 => Request::UnarchiveCurrency(currency),
            7 => Request::CreateCurrency(currency),
            8 => Request::CreateCustomer(customer),
            10..14 => {
                let says = [Overdraft::Allow, Overdraft::Deny, Overdraft::Deny, Overdraft::Unset];
                Request::SetOverdraft(currency, says[self.below(4)])
            }
            14..18 => Request::SetPrice(currency, self.price()),
            _ => Request::UnarchiveCustomer("nobody".to_owned()),
        }
    }

    fn read(&mut self) -> Read {
        let wallet = self.wallet();
        let page = [1, 2, 3, 7, 100][self.below(5)];
        let currency = self.percent(60).then(|| wallet.currency.clone());
        let WalletName { customer, resource, .. } = wallet.clone();
        match self.below(10) {
            0..2 => Read::Totals(wallet),
            2..4 => {
                let now = self.now();
                let at = self.times.instant(&mut self.rng, now);
                Read::At(wallet, at)
            }
            4..7 => Read::Grants { customer, resource, currency, page },
            _ => {
                let kinds = super::text::some_kinds(self.rng.random_range(0..=0x7FFF_u32));
                let named = self.percent(15);
                let reservation =
                    named.then(|| format!("r{}", self.rng.random_range(0..self.profile.keys)));
                let read = RowsRead { customer, resource, currency, kinds, reservation, page };
                Read::Rows(read)
            }
        }
    }
}
