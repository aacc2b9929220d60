//! Sums over all wallets, made of what the API tells of each customer.

use std::collections::BTreeMap;
use std::time::{Duration, Instant as Moment};

use serde::Deserialize;

use super::gathered::Progress;
use crate::api::{Api, Listed, target};
use crate::component::{Amount, Instant};
use crate::customers::model::Customer;
use crate::failure::Failure;
use crate::settings::Clock;
use crate::wallets::Wallet;

/// Deficits that are named one by one.
const NAMED: usize = 5;
/// Whoever adds up for longer than this rests half of the time: others ask the ledger too.
const WITHOUT_REST: Duration = Duration::from_secs(1);

/// What is known of all customers.
#[derive(Default)]
pub struct Sums {
    /// How many they are.
    pub customers: usize,
    /// By currency.
    pub by_currency: BTreeMap<String, Sum>,
    /// Some wallets with a deficit: whose, and what they are.
    pub overdrawn: Vec<(Customer, Wallet)>,
    /// How many wallets have a deficit.
    pub overdrawn_wallets: usize,
    /// When the first was looked at.
    pub from: Instant,
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
    /// What was consumed in all days.
    pub burned: Amount,
    /// The days, when each begins, and what was consumed in it.
    pub days: BTreeMap<Instant, Amount>,
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
    /// Adds up all customers, however many they are.
    pub async fn of(api: Api, progress: Progress) -> Result<Self, Failure> {
        let mut sums = Self { from: Clock::get(&api).await?.now, ..Self::default() };
        let begun = Moment::now();
        let mut after: Option<String> = None;
        loop {
            let page_begun = Moment::now();
            let query = [("limit", Some("100")), ("after", after.as_deref())];
            let page: Listed<Customer> = api.list(&target("/api/v1/customers", &query)).await?;
            for customer in page.data {
                sums.add(&api, customer).await?;
                progress.add(1);
            }
            after = page.pagination.next;
            if after.is_none() {
                break;
            }
            if begun.elapsed() > WITHOUT_REST {
                tokio::time::sleep(page_begun.elapsed()).await;
            }
        }
        Ok(sums)
    }

    async fn add(&mut self, api: &Api, customer: Customer) -> Result<(), Failure> {
        self.customers += 1;
        for wallet in Wallet::all_of(api, &customer.id).await? {
            let sum = self.by_currency.entry(wallet.currency_id.clone()).or_default();
            sum.add(&wallet)?;
            sum.add_usage(api, &customer.id, &wallet).await?;
            if wallet.overdraft > Amount::ZERO {
                self.overdrawn_wallets += 1;
                if self.overdrawn.len() < NAMED {
                    self.overdrawn.push((customer.clone(), wallet));
                }
            }
        }
        Ok(())
    }
}

impl Sum {
    fn add(&mut self, wallet: &Wallet) -> Result<(), Failure> {
        self.wallets += 1;
        add(&mut self.outstanding, wallet.available.at_least_zero())?;
        add(&mut self.reserved, wallet.reserved)?;
        add(&mut self.overdrawn, wallet.overdraft)?;
        if let Some(next) = &wallet.next_expiry {
            add(&mut self.expiring, next.amount)?;
            let is_first = self.expires_first.as_ref().is_none_or(|first| next.at < *first);
            if is_first {
                self.expires_first = Some(next.at.clone());
            }
        }
        Ok(())
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
            add(&mut self.burned, point.value)?;
            add(self.days.entry(point.timestamp).or_default(), point.value)?;
        }
        Ok(())
    }
}

/// Adds to a sum. One that cannot be written is an error, never a smaller sum.
fn add(sum: &mut Amount, amount: Amount) -> Result<(), Failure> {
    let too_large = || Failure::Internal("the sum of all wallets is too large".to_owned());
    *sum = sum.plus(amount).ok_or_else(too_large)?;
    Ok(())
}
