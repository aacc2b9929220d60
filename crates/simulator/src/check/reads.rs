//! What can be read of a ledger, compared with the oracle.

use std::cmp::Reverse;

use scrip_oracle::{GrantView, RowView, WalletName};

use super::player::Player;
use super::{About, Found, same, same_items};
use crate::driver::GrantsOf;
use crate::history::{Read, RowsRead};

impl Player {
    /// Reads and compares; the answer tells how much it was.
    pub(crate) fn read(&mut self, read: &Read) -> Result<String, Found> {
        self.catch_up()?;
        match read {
            Read::Totals(wallet) => {
                let expected = self.oracle.totals(wallet, self.now());
                same(About::Totals, &expected, &self.driver.totals(wallet)?)?;
                Ok(format!("{expected:?}"))
            }
            Read::At(wallet, at) => {
                // What is yet to come is not foretold.
                let at = (*at).min(self.now());
                let expected = self.oracle.at(wallet, at).balance();
                same(About::Past, &expected, &self.driver.balance_at(wallet, at)?)?;
                self.oracle.touch(wallet, self.now());
                Ok(expected.to_string())
            }
            Read::Grants { customer, resource, currency, page } => {
                let (resource, currency) = (resource.as_deref(), currency.as_deref());
                let asked = GrantsOf { customer, resource, currency, page: *page };
                self.read_grants(&asked)
            }
            Read::Rows(rows) => self.read_rows(rows),
        }
    }

    /// Everything of every wallet.
    pub(crate) fn read_everything(&mut self) -> Result<(), Found> {
        let wallets: Vec<_> = self.wallets.iter().cloned().collect();
        for wallet in &wallets {
            let WalletName { customer, currency, resource } = wallet.clone();
            self.read(&Read::Totals(wallet.clone()))?;
            let (page, in_currency) = (50, Some(currency.clone()));
            let grants = Read::Grants { customer, resource, currency: in_currency, page };
            self.read(&grants)?;
            self.read(&Read::At(wallet.clone(), self.now() - 1))?;
        }
        let mut customers: Vec<_> = wallets.into_iter().map(|wallet| wallet.customer).collect();
        customers.dedup();
        self.tally.reads += 3 * self.wallets.len() + customers.len();
        for customer in customers {
            let (resource, currency, kinds) = (None, None, Vec::new());
            let (reservation, page) = (None, 50);
            let rows = RowsRead { customer, resource, currency, kinds, reservation, page };
            self.read_rows(&rows)?;
            let rows = self.concerned(|wallet| wallet.customer == rows.customer);
            let now = self.now();
            let count = |wallet: &WalletName| self.oracle.rows(wallet, now).len();
            self.tally.rows += rows.iter().map(count).sum::<usize>();
        }
        Ok(())
    }

    fn concerned(&self, is_concerned: impl Fn(&WalletName) -> bool) -> Vec<WalletName> {
        self.wallets.iter().filter(|wallet| is_concerned(wallet)).cloned().collect()
    }

    /// Grants of several wallets are listed in the order in which they were made. The oracle knows
    /// that order within each wallet only.
    fn read_grants(&mut self, asked: &GrantsOf<'_>) -> Result<String, Found> {
        let now = self.now();
        let wallets = self.concerned(|wallet| {
            wallet.customer == asked.customer
                && wallet.resource.as_deref() == asked.resource
                && asked.currency.is_none_or(|currency| currency == wallet.currency)
        });
        let found = self.driver.grants(asked)?;
        let mut expected_count = 0;
        for wallet in &wallets {
            let mut expected = self.oracle.grants(wallet, now);
            self.oracle.touch(wallet, now);
            expected.reverse();
            expected_count += expected.len();
            let of_wallet: Vec<GrantView> =
                found.iter().filter(|grant| grant.wallet == *wallet).cloned().collect();
            same_items(About::Grants, &expected, &of_wallet)?;
        }
        same(About::Grants, &expected_count, &found.len())?;
        Ok(format!("{expected_count} grants"))
    }

    /// Newest first; at one instant by currency, then resource, without a resource first.
    fn read_rows(&mut self, asked: &RowsRead) -> Result<String, Found> {
        let now = self.now();
        let wallets = self.concerned(|wallet| {
            wallet.customer == asked.customer
                && (asked.resource.is_none() || wallet.resource == asked.resource)
                && asked.currency.as_ref().is_none_or(|currency| *currency == wallet.currency)
        });
        let mut expected: Vec<(WalletName, RowView)> = Vec::new();
        for wallet in &wallets {
            let rows = self.oracle.rows(wallet, now).into_iter().rev().filter(|row| {
                (asked.kinds.is_empty() || asked.kinds.contains(&row.kind))
                    && (asked.reservation.is_none() || row.reservation == asked.reservation)
            });
            expected.extend(rows.map(|row| (wallet.clone(), row)));
            self.oracle.touch(wallet, now);
        }
        // The sort keeps the order of a wallet's rows of one instant.
        expected.sort_by_key(|(wallet, row)| {
            (Reverse(row.recorded_at), wallet.currency.clone(), wallet.resource.clone())
        });
        let found = self.driver.rows(asked, &wallets)?;
        same_items(About::Rows, &expected, &found)?;
        Ok(format!("{} rows", expected.len()))
    }
}
