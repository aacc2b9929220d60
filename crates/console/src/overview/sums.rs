//! Sums over wallets. The API tells what each customer has; up to a bound all of them are asked
//! for, and the page says of how many the sums are.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::api::{Api, Listed, target};
use crate::component::{Amount, Instant};
use crate::customers::model::Customer;
use crate::failure::Failure;
use crate::wallets::Wallet;

/// Customers that are added up: as many as are asked for quickly.
pub const CUSTOMERS_MAX: usize = 200;

/// What is known of the customers that were asked for.
pub struct Sums {
    /// How many they are.
    pub customers: usize,
    /// There are more.
    pub is_partial: bool,
    /// By currency.
    pub by_currency: BTreeMap<String, Sum>,
    /// Wallets with a deficit: whose, and what they are.
    pub overdrawn: Vec<(Customer, Wallet)>,
}

/// What wallets of one currency have together.
#[derive(Default)]
pub struct Sum {
    /// Wallets with a change.
    pub wallets: usize,
    /// What can be used, of wallets that have something.
    pub outstanding: Amount,
    /// What is set aside.
    pub reserved: Amount,
    /// The deficits.
    pub overdrawn: Amount,
    /// What each wallet loses next, if nobody uses it before.
    pub expiring: Amount,
    /// When the first of it goes.
    pub expires_first: Option<Instant>,
    /// What was consumed, day by day: when the day begins, and how much.
    pub burned: BTreeMap<Instant, Amount>,
}

#[derive(Deserialize)]
struct Usage {
    series: Vec<Series>,
}

#[derive(Deserialize)]
struct Series {
    points: Vec<Point>,
}

#[derive(Deserialize)]
struct Point {
    timestamp: Instant,
    value: Amount,
}

impl Sums {
    /// Adds up the newest customers.
    pub async fn of(api: &Api) -> Result<Self, Failure> {
        let (customers, is_partial) = newest(api).await?;
        let mut sums = Self {
            customers: customers.len(),
            is_partial,
            by_currency: BTreeMap::new(),
            overdrawn: Vec::new(),
        };
        for customer in customers {
            for wallet in Wallet::all_of(api, &customer.id).await? {
                let sum = sums.by_currency.entry(wallet.currency_id.clone()).or_default();
                sum.add(&wallet);
                sum.add_usage(api, &customer.id, &wallet).await?;
                if wallet.overdraft > Amount::ZERO {
                    sums.overdrawn.push((customer.clone(), wallet));
                }
            }
        }
        Ok(sums)
    }
}

impl Sum {
    fn add(&mut self, wallet: &Wallet) {
        let add = |sum: &mut Amount, amount: Amount| {
            *sum = sum.plus(amount).unwrap_or(*sum);
        };
        self.wallets += 1;
        add(&mut self.outstanding, wallet.available.at_least_zero());
        add(&mut self.reserved, wallet.reserved);
        add(&mut self.overdrawn, wallet.overdraft);
        if let Some(next) = &wallet.next_expiry {
            add(&mut self.expiring, next.amount);
            let is_first = self.expires_first.as_ref().is_none_or(|first| next.at < *first);
            if is_first {
                self.expires_first = Some(next.at.clone());
            }
        }
    }

    async fn add_usage(
        &mut self,
        api: &Api,
        customer: &str,
        wallet: &Wallet,
    ) -> Result<(), Failure> {
        let name = wallet.name();
        let [currency, resource] = name.query();
        let range = ("timeRange", Some("LAST_MONTH"));
        let query = [("customerId", Some(customer)), currency, resource, range];
        let usage: Usage = api.get(&target("/api/v1/credits/usage", &query)).await?;
        for point in usage.series.into_iter().flat_map(|series| series.points) {
            let sum = self.burned.entry(point.timestamp).or_default();
            *sum = sum.plus(point.value).unwrap_or(*sum);
        }
        Ok(())
    }

    /// What was consumed in all these days.
    pub fn burned(&self) -> Amount {
        let days = self.burned.values();
        days.fold(Amount::ZERO, |sum, day| sum.plus(*day).unwrap_or(sum))
    }
}

async fn newest(api: &Api) -> Result<(Vec<Customer>, bool), Failure> {
    let mut customers: Vec<Customer> = Vec::new();
    let mut after: Option<String> = None;
    while customers.len() < CUSTOMERS_MAX {
        let query = [("limit", Some("100")), ("after", after.as_deref())];
        let page: Listed<Customer> = api.list(&target("/api/v1/customers", &query)).await?;
        customers.extend(page.data);
        after = page.pagination.next;
        if after.is_none() {
            break;
        }
    }
    Ok((customers, after.is_some()))
}
