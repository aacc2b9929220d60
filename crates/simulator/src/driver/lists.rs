//! Lists of a ledger under test, read page by page: down to the end and up again.

use std::collections::HashMap;
use std::fmt::Debug;

use anyhow::{Result, ensure};
use scrip_core::{CurrencyId, CustomerId, GrantType, ReservationId, ResourceId};
use scrip_ledger::{
    CreatedRange, GrantQuery, GrantView as LedgerGrant, Page, PageRequest, Point, RowQuery, Start,
};
use scrip_oracle::{GrantName, GrantView, RowView, WalletName};

use super::{Driver, number_of, words};
use crate::history::RowsRead;

/// What a list of grants is asked for.
pub(crate) struct GrantsOf<'a> {
    pub(crate) customer: &'a str,
    pub(crate) resource: Option<&'a str>,
    pub(crate) currency: Option<&'a str>,
    pub(crate) page: usize,
}

impl Driver {
    /// Grants, newest first.
    pub(crate) fn grants(&mut self, asked: &GrantsOf<'_>) -> Result<Vec<GrantView>> {
        let grants = self.ledger_grants(asked)?;
        self.name(&grants);
        grants.iter().map(|grant| words::grant_view(&self.names, grant)).collect()
    }

    /// Learns how the grants are called that a wallet made.
    pub(super) fn name_made(&mut self, wallet: &WalletName) -> Result<()> {
        let WalletName { customer, currency, resource } = wallet;
        let (resource, currency) = (resource.as_deref(), Some(currency.as_str()));
        let grants = self.ledger_grants(&GrantsOf { customer, resource, currency, page: 1_000 })?;
        self.name(&grants);
        Ok(())
    }

    fn ledger_grants(&self, asked: &GrantsOf<'_>) -> Result<Vec<LedgerGrant>> {
        let mut query = GrantQuery {
            environment: number_of(self.environment),
            customer: CustomerId::parse(asked.customer)?,
            resource: asked.resource.map(ResourceId::parse).transpose()?,
            currency: asked.currency.map(CurrencyId::parse).transpose()?,
            created: CreatedRange::default(),
            page: PageRequest { start: Start::Newest, limit: asked.page },
        };
        walk(asked.page, same_grant, |page| {
            query.page = page;
            Ok(self.runtime.block_on(self.ledger.grants(query.clone()))?)
        })
    }

    /// What wallets made has numbers of its own in each wallet, in order of creation.
    fn name(&mut self, newest_first: &[LedgerGrant]) {
        let mut counts: HashMap<_, u32> = HashMap::new();
        for grant in newest_first.iter().rev() {
            let id = grant.grant.name.id;
            // It keeps its name, whatever somebody calls it later.
            let known = self.names.get(&id).cloned();
            let Some(name) = known.or_else(|| made_name(grant)) else { continue };
            let count = counts.entry((&grant.wallet, numbered(&name, 0))).or_default();
            *count += 1;
            self.names.insert(id, numbered(&name, *count));
        }
    }

    /// Rows with the wallets that they belong to, newest first. The wallets are those that may
    /// have some.
    pub(crate) fn rows(
        &mut self,
        asked: &RowsRead,
        wallets: &[WalletName],
    ) -> Result<Vec<(WalletName, RowView)>> {
        let mut query = RowQuery {
            environment: number_of(self.environment),
            customer: CustomerId::parse(&asked.customer)?,
            resource: asked.resource.as_deref().map(ResourceId::parse).transpose()?,
            currency: asked.currency.as_deref().map(CurrencyId::parse).transpose()?,
            event_types: words::event_types(&asked.kinds),
            reservation: asked.reservation.as_deref().map(ReservationId::parse).transpose()?,
            page: PageRequest { start: Start::Newest, limit: asked.page },
        };
        let same = |one: &scrip_ledger::RowView, other: &scrip_ledger::RowView| {
            one.wallet == other.wallet && one.row == other.row && one.part == other.part
        };
        let rows = walk(asked.page, same, |page| {
            query.page = page;
            Ok(self.runtime.block_on(self.ledger.rows(query.clone()))?)
        })?;
        for wallet in wallets {
            self.name_made(wallet)?;
        }
        let view = |view: &scrip_ledger::RowView| {
            Ok((words::wallet_name(&view.wallet), words::row_view(&self.names, view)?))
        };
        rows.iter().map(view).collect()
    }
}

/// The same name with a number of its own, where it has one.
fn numbered(name: &GrantName, number: u32) -> GrantName {
    match name {
        GrantName::Given(id) => GrantName::Given(id.clone()),
        GrantName::Overdraft(_) => GrantName::Overdraft(number),
        GrantName::Recharge(_) => GrantName::Recharge(number),
        GrantName::Recurring(of, _) => GrantName::Recurring(of.clone(), number),
    }
}

/// How a grant is called, but for its number, if its wallet made it.
fn made_name(grant: &LedgerGrant) -> Option<GrantName> {
    match grant.grant.grant_type {
        GrantType::Overdraft => Some(GrantName::Overdraft(0)),
        _ if grant.is_recharge => Some(GrantName::Recharge(0)),
        GrantType::Recurring => {
            let of = grant.words.display_name.clone().unwrap_or_default();
            Some(GrantName::Recurring(of, 0))
        }
        _ => None,
    }
}

fn same_grant(one: &LedgerGrant, other: &LedgerGrant) -> bool {
    one == other
}

/// All items of a list. What every page says of what lies beyond it must be true, and the way up
/// must show what the way down did.
fn walk<T: Clone + Debug>(
    limit: usize,
    same: impl Fn(&T, &T) -> bool,
    mut read: impl FnMut(PageRequest) -> Result<Page<T>>,
) -> Result<Vec<T>> {
    let mut items: Vec<(Point, T)> = Vec::new();
    let mut start = Start::Newest;
    loop {
        let page = read(PageRequest { start, limit })?;
        ensure!(page.newer != items.is_empty(), "a page is wrong about what is newer");
        ensure!(page.items.len() <= limit, "a page of {} items", page.items.len());
        ensure!(!page.older || page.items.len() == limit, "a page is short, but not the last");
        let older = page.older_cursor();
        items.extend(page.items);
        match older {
            Some(point) => start = Start::After(point),
            None => break,
        }
    }
    let mut rest = items.len();
    while let Some((point, _)) = items.get(rest.wrapping_sub(1)) {
        // Up from the oldest: what is just newer than an item.
        let page = read(PageRequest { start: Start::Before(*point), limit })?;
        let from = (rest - 1).saturating_sub(limit);
        let expected = &items[from..rest - 1];
        let is_same = page.items.len() == expected.len()
            && page.items.iter().zip(expected).all(|(one, other)| same(&one.1, &other.1));
        ensure!(is_same, "upward: {:?} instead of {expected:?}", page.items);
        ensure!(page.older, "a page is wrong about what is older");
        ensure!(page.newer == (from > 0), "upward, a page is wrong about what is newer");
        rest = if expected.is_empty() { 0 } else { from + 1 };
    }
    Ok(items.into_iter().map(|(_, item)| item).collect())
}
