//! The oracle as a wallet sees it: its own calls, the clock, and what is remembered by key.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::Arc;

use scrip_oracle::{Instant, Oracle, Request, Settings, Totals, WalletName};

use super::call::{Call, Seen, SeenRow, seen, seen_grant, seen_row};
use super::linearize::Model;

/// An environment in which one wallet is looked at.
#[derive(Clone, Debug)]
pub struct Environment {
    oracle: Oracle,
    clock: Instant,
    archived: bool,
    /// What is answered again under an `Idempotency-Key`.
    remembered: BTreeMap<String, (Request, Seen)>,
    /// The keys that are used more than once. Nobody can tell whether others are remembered.
    repeated: Arc<BTreeSet<String>>,
    wallet: WalletName,
    leads_to: Option<Arc<[SeenRow]>>,
    /// Of what happened, in its order.
    happened: u64,
    /// Of what is remembered, in no order.
    memory: u64,
}

impl Environment {
    /// With the customer and currency of a wallet, and a clock that was set.
    pub fn new(wallet: &WalletName, clock: Instant) -> Self {
        let mut oracle = Oracle::new(Settings::default());
        for made in [
            Request::CreateCustomer(wallet.customer.clone()),
            Request::CreateCurrency(wallet.currency.clone()),
            Request::MoveClock(clock),
        ] {
            // Nothing is there that it could be refused for.
            let _ = oracle.ask(&made, clock);
        }
        Self {
            oracle,
            clock,
            archived: false,
            remembered: BTreeMap::new(),
            repeated: Arc::default(),
            wallet: wallet.clone(),
            leads_to: None,
            happened: 0,
            memory: 0,
        }
    }

    fn write(&mut self, request: &Request, key: Option<&str>) -> Seen {
        let Some(key) = key else { return self.ask(request) };
        let scope = scope(request, key);
        if let Some((first, answer)) = self.remembered.get(&scope) {
            return if first == request { answer.clone() } else { key_reused() };
        }
        let answer = self.ask(request);
        // What it did depends on when it came, though its answer does not.
        let is_archiving =
            matches!(request, Request::ArchiveCustomer(_) | Request::UnarchiveCustomer(_));
        if !is_archiving && !self.repeated.contains(&scope) {
            return answer;
        }
        self.memory = self.memory.wrapping_add(digest((&scope, format!("{answer:?}"))));
        self.remembered.insert(scope, (request.clone(), answer.clone()));
        answer
    }

    fn ask(&mut self, request: &Request) -> Seen {
        // A consumption that is known writes no row, and a new one does.
        let burns = matches!(request, Request::Consume(_) | Request::Batch(_));
        let rows = |oracle: &Oracle| burns.then(|| oracle.rows(&self.wallet, self.clock).len());
        let rows_before = rows(&self.oracle);
        let answer = self.oracle.ask(request, self.clock);
        let has_written = !burns || rows(&self.oracle) != rows_before;
        if answer.is_ok() && has_written {
            match request {
                Request::MoveClock(to) => self.clock = *to,
                Request::ArchiveCustomer(_) => self.archived = true,
                Request::UnarchiveCustomer(_) => self.archived = false,
                _ => self.happened = digest((self.happened, self.clock, format!("{request:?}"))),
            }
        }
        seen(request, answer)
    }

    fn check(&self, wallet: &WalletName, requested: Option<i128>) -> Seen {
        if self.archived {
            let denied = Some("CustomerIsArchived".to_owned());
            return Seen::Check { denied, totals: Totals::default() };
        }
        let totals = self.oracle.totals(wallet, self.clock);
        let balance = totals.balance();
        let is_enough = balance > 0 && requested.is_none_or(|wanted| wanted <= balance);
        let denied = (!is_enough).then(|| "InsufficientCredits".to_owned());
        Seen::Check { denied, totals }
    }

    fn has_rows(&self, wallet: &WalletName, seen: &Seen) -> bool {
        let Seen::Rows(rows) = seen else { return false };
        let known = self.oracle.rows(wallet, self.clock);
        known.iter().rev().map(seen_row).eq(rows.iter().map(|(_, row)| row.clone()))
    }

    /// Begins a round, in which keys are new, some are repeated, and at the end of which the
    /// wallet has these rows, oldest first, if they are known.
    pub fn begin(&mut self, repeated: &Arc<BTreeSet<String>>, rows: Option<&Arc<[SeenRow]>>) {
        self.remembered.clear();
        self.memory = 0;
        self.repeated = Arc::clone(repeated);
        self.leads_to = rows.cloned();
    }

    fn is_on_the_way(&self) -> bool {
        let Some(end) = &self.leads_to else { return true };
        let known = self.oracle.rows(&self.wallet, self.clock);
        known.len() <= end.len() && known.iter().zip(&**end).all(|(row, end)| seen_row(row) == *end)
    }
}

impl Model for Environment {
    type Call = Call;
    type Answer = Seen;

    fn step(&mut self, call: &Call, answer: Option<&Seen>) -> bool {
        if answer == Some(&Seen::RefusedElsewhere) {
            return true;
        }
        let Call::Write { request, key } = call else { return true };
        let given = self.write(request, key.as_deref());
        answer.is_none_or(|answer| explains(&given, answer)) && self.is_on_the_way()
    }

    fn read(&self, call: &Call, answer: &Seen) -> Option<bool> {
        match call {
            Call::Write { .. } => None,
            Call::Check { wallet, requested } => Some(self.check(wallet, *requested) == *answer),
            Call::Grants(wallet) => {
                let grants = self.oracle.grants(wallet, self.clock);
                let grants = grants.iter().rev().map(seen_grant).collect();
                Some(*answer == Seen::Grants(grants))
            }
            Call::Rows(wallet) => Some(self.has_rows(wallet, answer)),
        }
    }

    fn digest(&self) -> u64 {
        digest((self.happened, self.memory, self.clock, self.archived))
    }
}

/// A refusal may name an item, which the model does not.
fn explains(given: &Seen, answer: &Seen) -> bool {
    match (given, answer) {
        (
            Seen::Refused { status, code, .. },
            Seen::Refused { status: seen_status, code: seen_code, .. },
        ) => (status, code) == (seen_status, seen_code),
        _ => given == answer,
    }
}

fn key_reused() -> Seen {
    Seen::Refused { status: 409, code: "DuplicatedEntityNotAllowed".to_owned(), item: None }
}

/// Where a key is looked for: it belongs to a path, and another body under it is refused.
pub fn scope(request: &Request, key: &str) -> String {
    let path = match request {
        Request::Grant(_) => "grants".to_owned(),
        Request::Void(name) => format!("void {name}"),
        Request::Edit(edit) => format!("edit {}", edit.id),
        Request::Consume(_) => "consumption".to_owned(),
        Request::MoveClock(_) => "clock".to_owned(),
        other => format!("{other:?}"),
    };
    format!("{path} {key}")
}

fn digest(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}
