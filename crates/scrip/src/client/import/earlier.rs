//! What earlier runs made, by what the ledger itself says of it: grants by their metadata, deficits by the
//! name of the consumption. Answers that the server keeps under a key are forgotten; these are not.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use form_urlencoded::Serializer;
use scrip_core::{Credits, EventType};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::carrying::{GRANTS, key};
use super::plan::{Customer, MARK, Plan};
use crate::client::asking::Asker;
use crate::client::balance::append;
use crate::client::failure::Failure;
use crate::client::output::{Page, parse};

/// Grants of earlier runs: the source's ids, with the amounts that were granted.
pub type Granted = HashMap<String, String>;

/// Deficits of earlier runs: the source's ids, with the amounts that were consumed.
pub type Consumed = HashMap<String, Credits>;

#[derive(Deserialize)]
struct Grant {
    amount: String,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    amount: String,
    idempotency_key: Option<String>,
}

/// What earlier runs granted to a customer.
pub async fn granted(
    asker: &Asker,
    plan: &Plan,
    id: &str,
    customer: &Customer,
) -> Result<Granted, Failure> {
    let scopes: BTreeSet<_> = customer.pieces.iter().map(|piece| &piece.wallet.resource).collect();
    let mut granted = Granted::new();
    for resource in scopes {
        let query = [("customerId", Some(id)), ("resourceId", resource.as_deref())];
        all(asker, GRANTS, &query, |grant: Grant| {
            let mark = |name: &str| grant.metadata.get(&format!("{MARK}{name}"));
            if mark("from").is_some_and(|from| from == plan.source.name())
                && let Some(id) = mark("id")
            {
                granted.insert(id.clone(), grant.amount.clone());
            }
            Ok(())
        })
        .await?;
    }
    Ok(granted)
}

/// What earlier runs consumed because a customer owes it. One consumption is a row for each grant that
/// it falls on.
pub async fn consumed(
    asker: &Asker,
    plan: &Plan,
    id: &str,
    customer: &Customer,
) -> Result<Consumed, Failure> {
    let deficits = &customer.deficits;
    let keys: HashMap<String, &str> =
        deficits.iter().map(|deficit| (key(plan, &deficit.id), deficit.id.as_str())).collect();
    let currencies: BTreeSet<_> = deficits.iter().map(|deficit| &deficit.wallet.currency).collect();
    let mut consumed = Consumed::new();
    for currency in currencies {
        // Without a resource it is the rows of all.
        let query = [
            ("customerId", Some(id)),
            ("currencyId", Some(currency.as_str())),
            ("eventType", Some(EventType::CreditsConsumed.as_str())),
        ];
        all(asker, "/api/v1/credits/ledger", &query, |row: Row| {
            let Some(id) = row.idempotency_key.as_ref().and_then(|key| keys.get(key)) else {
                return Ok(());
            };
            let amount = Credits::parse(&row.amount).map_err(anyhow::Error::from)?;
            let sum = consumed.entry((*id).to_owned()).or_default();
            // Rows say what became of the balance.
            *sum = sum.minus(amount).map_err(anyhow::Error::from)?;
            Ok(())
        })
        .await?;
    }
    Ok(consumed)
}

/// Reads all pages of a list; nothing, if what the query names is not there.
async fn all<T: DeserializeOwned>(
    asker: &Asker,
    path: &str,
    query: &[(&str, Option<&str>)],
    mut take: impl FnMut(T) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut after: Option<String> = None;
    loop {
        let page = page_of(path, query, after.as_deref());
        let Some(answer) = asker.get_if_there(page).await? else { return Ok(()) };
        let page: Page<T> = parse(&answer.body)?;
        page.data.into_iter().try_for_each(&mut take)?;
        after = page.pagination.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// Where a page of a list stands.
fn page_of(path: &str, query: &[(&str, Option<&str>)], after: Option<&str>) -> String {
    let mut written = Serializer::new(String::new());
    written.append_pair("limit", "100");
    for (name, value) in query {
        append(&mut written, name, *value);
    }
    append(&mut written, "after", after);
    format!("{path}?{}", written.finish())
}
