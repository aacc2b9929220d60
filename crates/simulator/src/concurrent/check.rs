//! The calls of a round, wallet by wallet.
//!
//! A wallet is the unit of consistency, so an order is looked for in each wallet for itself. Calls
//! about several wallets are calls of each of them, at the same time: a batch is, for a wallet, the
//! batch of that wallet's items, and happens to it at once; if it was refused for the sake of
//! another wallet, it does nothing. The clock and the archiving of a customer are calls of all the
//! wallets they concern. Customers and currencies are made before and do not change otherwise.
//!
//! Beyond the single wallets, a batch that died with the server happened everywhere or nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scrip_oracle::{Consume, Instant, Request, WalletName};

use super::Failure;
use super::call::{Call, Noted, Seen, SeenRow};
use super::linearize::{self, End, Ending, Entry, Model as _, Unexplained};
use super::model::{Environment, scope};
use super::plan::World;
use super::story::Story;

/// What the wallets may look like by now.
pub struct Checker {
    states: BTreeMap<WalletName, Vec<Environment>>,
}

/// A wallet's calls, and where each stands in the round.
struct History {
    entries: Vec<Entry<Call, Seen>>,
    places: Vec<usize>,
}

impl History {
    fn story(self, wallet: &WalletName, calls: &[Noted], order: Vec<usize>) -> Story {
        let threads = self.places.iter().map(|place| calls[*place].thread).collect();
        Story { wallet: wallet.clone(), entries: self.entries, threads, order }
    }
}

/// How many states a wallet may be in; beyond that its story is not followed.
const STATES_MAX: usize = 256;

impl Checker {
    /// Of new wallets, with a clock that stands there.
    pub fn new(world: &World, clock: Instant) -> Self {
        let state = |wallet: &WalletName| (wallet.clone(), vec![Environment::new(wallet, clock)]);
        Self { states: world.wallets.iter().map(state).collect() }
    }

    /// Finds an order for each wallet. False if that was too much for one of them.
    pub fn check(&mut self, world: &World, calls: &[Noted]) -> Result<bool, Failure> {
        let mut batches: BTreeMap<usize, Vec<(WalletName, bool, bool)>> = BTreeMap::new();
        for wallet in world.wallets.iter() {
            let history = history(world, wallet, calls);
            let mut starts = self.states.remove(wallet).unwrap_or_default();
            let (repeated, rows) = (repeated_keys(&history), last_rows(&history));
            starts.iter_mut().for_each(|start| start.begin(&repeated, rows.as_ref()));
            let endings = match linearize::endings(&starts, &history.entries) {
                Ok(endings) => endings,
                Err(Unexplained::TooMuch) => return Ok(false),
                Err(Unexplained::NoOrder(order)) => {
                    let order = longest(&mut starts, &repeated, &history).unwrap_or(order);
                    return Err(Failure::NoOrder(Box::new(history.story(wallet, calls, order))));
                }
            };
            note_batches(&mut batches, wallet, &history, &endings);
            let states = distinct(endings);
            if states.len() > STATES_MAX {
                return Ok(false);
            }
            self.states.insert(wallet.clone(), states);
        }
        for (place, wallets) in batches {
            let everywhere = wallets.iter().all(|(_, may_have_happened, _)| *may_have_happened);
            let nowhere = wallets.iter().all(|(_, _, may_have_not)| *may_have_not);
            if !everywhere && !nowhere {
                let stories = world
                    .wallets
                    .iter()
                    .map(|wallet| history(world, wallet, calls).story(wallet, calls, Vec::new()));
                let call = format!("{:?}", calls[place].call);
                return Err(Failure::TornBatch { call, wallets, stories: stories.collect() });
            }
        }
        Ok(true)
    }
}

/// The longest order that does not ask where it leads: it tells more.
fn longest(
    starts: &mut [Environment],
    repeated: &Arc<BTreeSet<String>>,
    history: &History,
) -> Option<Vec<usize>> {
    starts.iter_mut().for_each(|start| start.begin(repeated, None));
    match linearize::endings(starts, &history.entries) {
        Err(Unexplained::NoOrder(order)) => Some(order),
        _ => None,
    }
}

/// The `Idempotency-Key`s that were used more than once. No round uses those of another.
fn repeated_keys(history: &History) -> Arc<BTreeSet<String>> {
    let (mut known, mut repeated) = (BTreeSet::new(), BTreeSet::new());
    for entry in &history.entries {
        if let Call::Write { request, key: Some(key) } = &entry.call {
            let scope = scope(request, key);
            if !known.insert(scope.clone()) {
                repeated.insert(scope);
            }
        }
    }
    Arc::new(repeated)
}

/// The rows that were listed at the end, oldest first. Rows are only ever appended, so whatever
/// happened before leads to them; it tells orders apart long before the list is reached.
fn last_rows(history: &History) -> Option<Arc<[SeenRow]>> {
    history.entries.iter().rev().find_map(|entry| match &entry.end {
        End::Answered { answer: Seen::Rows(rows), .. } => {
            Some(rows.iter().rev().map(|(_, row)| row.clone()).collect())
        }
        _ => None,
    })
}

/// States that answer alike are one.
fn distinct(endings: Vec<Ending<Environment>>) -> Vec<Environment> {
    let states = endings.into_iter().map(|ending| ending.model);
    let by_digest: BTreeMap<_, _> = states.map(|state| (state.digest(), state)).collect();
    by_digest.into_values().collect()
}

/// Notes of each batch that died with the server whether it may have happened to the wallet, and whether it may not.
fn note_batches(
    batches: &mut BTreeMap<usize, Vec<(WalletName, bool, bool)>>,
    wallet: &WalletName,
    history: &History,
    endings: &[Ending<Environment>],
) {
    for (bit, (entry, place)) in history.entries.iter().zip(&history.places).enumerate() {
        if matches!(entry.end, End::Open { is_watched: true, .. }) {
            let happened = |ending: &Ending<_>| ending.happened >> bit & 1 == 1;
            batches.entry(*place).or_default().push((
                wallet.clone(),
                endings.iter().any(happened),
                endings.iter().any(|ending| !happened(ending)),
            ));
        }
    }
}

/// The calls that concern a wallet, as it sees them.
fn history(world: &World, wallet: &WalletName, calls: &[Noted]) -> History {
    let mut history = History { entries: Vec::new(), places: Vec::new() };
    for (place, noted) in calls.iter().enumerate() {
        let Some(call) = of_wallet(world, wallet, &noted.call) else { continue };
        let end = match &noted.end {
            End::Open { until, .. } => {
                let is_watched = *until != u64::MAX && is_of_several(&noted.call);
                End::Open { until: *until, is_watched }
            }
            End::Answered { at, answer } => {
                let answer = answer_of_wallet(wallet, &noted.call, answer);
                End::Answered { at: *at, answer }
            }
        };
        history.entries.push(Entry { call, called: noted.called, end });
        history.places.push(place);
    }
    history
}

/// It is a batch over several wallets.
fn is_of_several(call: &Call) -> bool {
    let Call::Write { request: Request::Batch(items), .. } = call else { return false };
    items.iter().any(|item| item.wallet != items[0].wallet)
}

/// The call as the wallet sees it; none if it does not concern it.
fn of_wallet(world: &World, wallet: &WalletName, call: &Call) -> Option<Call> {
    let request = match call {
        Call::Check { wallet: read, .. } | Call::Grants(read) => {
            return (read == wallet).then(|| call.clone());
        }
        Call::Rows(read) => return shows(read, wallet).then(|| Call::Rows(wallet.clone())),
        Call::Write { request, .. } => request,
    };
    let concerns = match request {
        Request::Consume(consume) => consume.wallet == *wallet,
        Request::Grant(grant) => grant.wallet == *wallet,
        Request::Void(name) => world.wallet_of(name) == Some(wallet),
        Request::Edit(edit) => world.wallet_of(&edit.id) == Some(wallet),
        Request::ArchiveCustomer(id) | Request::UnarchiveCustomer(id) => *id == wallet.customer,
        Request::Batch(items) => {
            let mine: Vec<Consume> = mine(wallet, items).map(|(_, item)| item.clone()).collect();
            let request = Request::Batch(mine);
            let Request::Batch(mine) = &request else { return None };
            return (!mine.is_empty()).then_some(Call::Write { request, key: None });
        }
        _ => true,
    };
    concerns.then(|| call.clone())
}

/// A list of rows without a resource shows all wallets of the customer.
fn shows(read: &WalletName, wallet: &WalletName) -> bool {
    read.customer == wallet.customer
        && read.currency == wallet.currency
        && (read.resource.is_none() || read.resource == wallet.resource)
}

fn mine<'a>(
    wallet: &'a WalletName,
    items: &'a [Consume],
) -> impl Iterator<Item = (usize, &'a Consume)> {
    items.iter().enumerate().filter(move |(_, item)| item.wallet == *wallet)
}

/// What the answer says about the wallet.
fn answer_of_wallet(wallet: &WalletName, call: &Call, answer: &Seen) -> Seen {
    match (call, answer) {
        (Call::Rows(_), Seen::Rows(rows)) => {
            Seen::Rows(rows.iter().filter(|(of, _)| of == wallet).cloned().collect())
        }
        (Call::Write { request: Request::Batch(items), .. }, Seen::Batch(rejected)) => {
            let mut refused = Vec::new();
            for (own, (place, _)) in mine(wallet, items).enumerate() {
                let code = rejected.iter().find(|(of, _)| *of == place);
                refused.extend(code.map(|(_, code)| (own, *code)));
            }
            Seen::Batch(refused)
        }
        (Call::Write { request: Request::Batch(items), .. }, Seen::Refused { item, .. }) => {
            let is_mine =
                item.and_then(|place| items.get(place)).is_none_or(|item| item.wallet == *wallet);
            if is_mine { answer.clone() } else { Seen::RefusedElsewhere }
        }
        _ => answer.clone(),
    }
}

#[cfg(test)]
mod tests;
