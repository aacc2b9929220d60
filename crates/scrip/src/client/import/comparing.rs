//! What the source has, beside what is here, wallet by wallet.

use std::collections::BTreeMap;
use std::sync::Arc;

use form_urlencoded::Serializer;
use scrip_core::{Credits, Timestamp};
use serde::Deserialize;

use super::carrying::side_by_side;
use super::plan::{Customer, Plan, WalletName};
use crate::client::asking::Asker;
use crate::client::failure::Failure;
use crate::client::output::{items, parse};

/// A wallet at both sides.
#[derive(Debug)]
pub struct Pair {
    /// Whose it is.
    pub customer: String,
    /// Which it is.
    pub wallet: WalletName,
    /// What the export says.
    pub source: Credits,
    /// What the server says: what was granted without what was consumed.
    pub here: Credits,
    /// The latter without the former.
    pub difference: Credits,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Balance {
    currency_id: String,
    resource_id: Option<String>,
    granted: String,
    consumed: String,
    at: String,
}

/// Compares all wallets of a plan: those of the export at the instant at which the server looked at its
/// own, since credits may have begun to count, or ended, meanwhile.
pub async fn compare(
    asker: &Arc<Asker>,
    plan: &Arc<Plan>,
    in_flight: u16,
) -> Result<Vec<Pair>, Failure> {
    let work = |asker: Arc<Asker>, plan: Arc<Plan>, id: String| async move {
        match plan.customers.get(&id) {
            Some(customer) => of(&asker, &plan, &id, customer).await,
            None => Ok(Vec::new()),
        }
    };
    let pairs = side_by_side("Comparing customers", asker, plan, in_flight, work).await?;
    Ok(pairs.into_values().flatten().collect())
}

async fn of(
    asker: &Asker,
    plan: &Plan,
    id: &str,
    customer: &Customer,
) -> Result<Vec<Pair>, Failure> {
    let query = Serializer::new(String::new()).append_pair("customerId", id).finish();
    let path = format!("/api/v1/credits/balances?{query}");
    let mut here = BTreeMap::new();
    let mut at = plan.now;
    if let Some(answer) = asker.get_if_there(path).await? {
        for item in items(&answer)? {
            let balance: Balance = parse(item.get().as_bytes())?;
            let read = |text: &str| Credits::parse(text).map_err(anyhow::Error::from);
            let left = read(&balance.granted)?.minus(read(&balance.consumed)?);
            at = Timestamp::parse(&balance.at).map_err(anyhow::Error::from)?;
            let wallet =
                WalletName { currency: balance.currency_id, resource: balance.resource_id };
            here.insert(wallet, left.map_err(anyhow::Error::from)?);
        }
    }
    let pair = |wallet: &WalletName| {
        let source = customer.balance(wallet, at);
        let here = here.get(wallet).copied().unwrap_or_default();
        let difference = here.minus(source).map_err(anyhow::Error::from)?;
        Ok(Pair { customer: id.to_owned(), wallet: wallet.clone(), source, here, difference })
    };
    customer.wallets.iter().map(pair).collect()
}
