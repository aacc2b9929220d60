//! What is simpler than a history or a step. Whatever is offered is simpler in the same sense, so
//! that simplifying ends.

use std::collections::BTreeMap;

use scrip_oracle::{
    Amount, Change, Consume, Edit, Extend, Grant, GrantKind, Instant, InvoiceRefund, Payment,
    Period, Recharge, Recurring, Refund, Release, Request, Reserve, Short, Threshold, WalletName,
};

use crate::history::{BEGINNING, Environment, History, Read, RowsRead, Setup, Step};

const ONE: Amount = 1_000_000_000;

/// The history in a plainer setup, and with instants that lie closer together.
pub(super) fn histories(history: &History) -> Vec<History> {
    let setup = Setup { environment: history.setup.environment, ..Setup::default() };
    let steps = history.steps.clone();
    let roomy = History { setup, steps };
    let mut plain = roomy.clone();
    plain.setup.environment = Environment::Production;
    for step in &mut plain.steps {
        if let Step::Ask(Request::MoveClock(to)) = step {
            *step = Step::Clock(*to);
        }
    }
    vec![roomy, plain, closer(history)]
}

/// Each named instant a second after the one before.
fn closer(history: &History) -> History {
    let mut named = Vec::new();
    let mut closer = history.clone();
    for step in &mut closer.steps {
        instants(step, &mut |at| named.push(*at));
    }
    named.push(BEGINNING);
    named.sort_unstable();
    named.dedup();
    let rank = |at: Instant| named.binary_search(&at).unwrap_or(0);
    let origin = rank(BEGINNING);
    let moved: BTreeMap<Instant, Instant> = named
        .iter()
        .map(|at| {
            let (place, origin) = (rank(*at) as i64, origin as i64);
            (*at, BEGINNING + (place - origin) * 1_000)
        })
        .collect();
    for step in &mut closer.steps {
        instants(step, &mut |at| {
            if let Some(other) = moved.get(at) {
                *at = *other;
            }
        });
    }
    closer
}

/// Shows every instant that a step names.
fn instants(step: &mut Step, see: &mut dyn FnMut(&mut Instant)) {
    match step {
        Step::Clock(at) | Step::Read(Read::At(_, at)) => see(at),
        Step::Ask(request) => match request {
            Request::Grant(grant) => {
                grant.effective_at.iter_mut().chain(&mut grant.expire_at).for_each(see);
            }
            Request::Edit(edit) => edit.change.expire_at.iter_mut().flatten().for_each(see),
            Request::Consume(consume) => consume.created_at.iter_mut().for_each(see),
            Request::Batch(items) => {
                items.iter_mut().filter_map(|item| item.created_at.as_mut()).for_each(see);
            }
            Request::Reserve(reserve) => see(&mut reserve.expires_at),
            Request::PutRecurring(put) => put.anchor.iter_mut().for_each(see),
            Request::Extend(extend) => see(&mut extend.expires_at),
            Request::MoveClock(at) => see(at),
            _ => {}
        },
        _ => {}
    }
}

/// Steps that are simpler than this one, each in one respect.
pub(super) fn steps(step: &Step) -> Vec<Step> {
    match step {
        Step::Ask(request) => requests(request).into_iter().map(Step::Ask).collect(),
        Step::Read(read) => reads(read).into_iter().map(Step::Read).collect(),
        Step::Clock(_) | Step::Restart | Step::WriteBehind => Vec::new(),
    }
}

fn requests(request: &Request) -> Vec<Request> {
    match request {
        Request::Grant(grant) => grants(grant).into_iter().map(Request::Grant).collect(),
        Request::Consume(consume) => consumes(consume).into_iter().map(Request::Consume).collect(),
        Request::Batch(items) => {
            let of_item = |place: usize| {
                let simpler = consumes(&items[place]).into_iter();
                simpler.map(move |item| {
                    let mut items = items.clone();
                    items[place] = item;
                    Request::Batch(items)
                })
            };
            (0..items.len()).flat_map(of_item).collect()
        }
        Request::Edit(Edit { id, change }) => {
            let Change { priority, expire_at, display_name } = change.clone();
            let changes = [
                Change { priority: None, expire_at, display_name: display_name.clone() },
                Change { priority, expire_at: None, display_name },
                Change { priority, expire_at, display_name: None },
            ];
            let edit = |change| Request::Edit(Edit { id: id.clone(), change });
            changes.into_iter().map(edit).collect()
        }
        Request::Reserve(reserve) => {
            let wallets = wallets(&reserve.wallet).into_iter();
            let wallets = wallets.map(|wallet| Reserve { wallet, ..reserve.clone() });
            let amounts = amounts(reserve.amount).into_iter();
            let amounts = amounts.map(|amount| Reserve { amount, ..reserve.clone() });
            wallets.chain(amounts).map(Request::Reserve).collect()
        }
        Request::Extend(extend) => {
            let wallets = wallets(&extend.wallet).into_iter();
            wallets.map(|wallet| Request::Extend(Extend { wallet, ..extend.clone() })).collect()
        }
        Request::PutRecurring(put) => {
            let wallets = wallets(&put.wallet).into_iter();
            let wallets = wallets.map(|wallet| Recurring { wallet, ..put.clone() });
            let amounts = amounts(put.amount).into_iter();
            let amounts = amounts.map(|amount| Recurring { amount, ..put.clone() });
            let plainer = [
                Recurring { anchor: None, ..put.clone() },
                Recurring { priority: 50, ..put.clone() },
                Recurring { cadence: Period::Month, ..put.clone() },
            ];
            wallets.chain(amounts).chain(plainer).map(Request::PutRecurring).collect()
        }
        Request::SetRecharge(recharge) => {
            recharges(recharge).into_iter().map(Request::SetRecharge).collect()
        }
        Request::Release(release) => {
            let wallets = wallets(&release.wallet).into_iter();
            let wallets = wallets.map(|wallet| Release { wallet, ..release.clone() });
            let amounts = amounts(release.consumed).into_iter().chain([0]);
            let amounts = amounts.map(|consumed| Release { consumed, ..release.clone() });
            wallets.chain(amounts).map(Request::Release).collect()
        }
        Request::Refund(refund) => {
            let wallets = wallets(&refund.wallet).into_iter();
            let wallets = wallets.map(|wallet| Refund { wallet, ..refund.clone() });
            let amounts = refund.amount.into_iter().flat_map(amounts).map(Some).chain([None]);
            let amounts = amounts.map(|amount| Refund { amount, ..refund.clone() });
            wallets.chain(amounts).map(Request::Refund).collect()
        }
        Request::RefundInvoice(refund) => {
            let amounts = amounts(refund.amount).into_iter();
            let amounts = amounts.map(|amount| InvoiceRefund { amount, ..refund.clone() });
            amounts.map(Request::RefundInvoice).collect()
        }
        _ => Vec::new(),
    }
}

fn grants(grant: &Grant) -> Vec<Grant> {
    let mut simpler: Vec<_> = wallets(&grant.wallet)
        .into_iter()
        .map(|wallet| Grant { wallet, ..grant.clone() })
        .chain(amounts(grant.amount).into_iter().map(|amount| Grant { amount, ..grant.clone() }))
        .collect();
    simpler.extend([
        Grant { kind: GrantKind::Promotional, ..grant.clone() },
        Grant { priority: 50, ..grant.clone() },
        Grant { effective_at: None, ..grant.clone() },
        Grant { expire_at: None, ..grant.clone() },
        Grant { cost: 0, payment: Payment::Nothing, ..grant.clone() },
    ]);
    simpler.extend(amounts(grant.cost).into_iter().map(|cost| Grant { cost, ..grant.clone() }));
    simpler
}

fn consumes(consume: &Consume) -> Vec<Consume> {
    let mut simpler: Vec<_> = wallets(&consume.wallet)
        .into_iter()
        .map(|wallet| Consume { wallet, ..consume.clone() })
        .chain(
            amounts(consume.amount).into_iter().map(|amount| Consume { amount, ..consume.clone() }),
        )
        .collect();
    simpler.extend([
        Consume { created_at: None, ..consume.clone() },
        Consume { dimensions: BTreeMap::new(), ..consume.clone() },
        Consume { short: Short::Overdraft, ..consume.clone() },
    ]);
    simpler
}

fn recharges(recharge: &Recharge) -> Vec<Recharge> {
    let wallets = wallets(&recharge.wallet).into_iter();
    let wallets = wallets.map(|wallet| Recharge { wallet, ..recharge.clone() });
    let targets = amounts(recharge.target).into_iter();
    let targets = targets.map(|target| Recharge { target, ..recharge.clone() });
    let thresholds = match recharge.threshold {
        Threshold::Credits(below) => amounts(below),
        Threshold::Money(_) => Vec::new(),
    };
    let thresholds = thresholds.into_iter().map(Threshold::Credits);
    let thresholds = thresholds.map(|threshold| Recharge { threshold, ..recharge.clone() });
    let plainer = [
        Recharge { spend_limit: None, ..recharge.clone() },
        Recharge { lasts: Period::Month, ..recharge.clone() },
    ];
    wallets.chain(targets).chain(thresholds).chain(plainer).collect()
}

fn reads(read: &Read) -> Vec<Read> {
    match read {
        Read::Rows(rows) => [
            RowsRead { resource: None, ..rows.clone() },
            RowsRead { currency: None, ..rows.clone() },
            RowsRead { kinds: Vec::new(), ..rows.clone() },
            RowsRead { reservation: None, ..rows.clone() },
            RowsRead { page: 100, ..rows.clone() },
        ]
        .into_iter()
        .map(Read::Rows)
        .collect(),
        _ => Vec::new(),
    }
}

/// Round amounts that are smaller in print.
fn amounts(amount: Amount) -> Vec<Amount> {
    let length = |amount: Amount| crate::history::amount_text(amount).len();
    let round = [ONE, 2 * ONE, 5 * ONE, 10 * ONE, amount / ONE * ONE, amount / 2 / ONE * ONE];
    let is_simpler =
        |other: &Amount| *other > 0 && (length(*other), *other) < (length(amount), amount);
    round.into_iter().filter(is_simpler).collect()
}

fn wallets(wallet: &WalletName) -> Option<WalletName> {
    wallet.resource.is_some().then(|| WalletName { resource: None, ..wallet.clone() })
}
