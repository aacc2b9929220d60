//! What a server is given over HTTP before it is measured: a currency, customers and their grants.
//! What is there already is left as it is.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};
use tokio::task::JoinSet;

use super::balance;
use super::connection::Connection;
use crate::workload::{CURRENCY, GRANTED, customer_id};

/// Connections that make grants.
const LANES: u32 = 64;
/// Customers of one import.
const BATCH: usize = 1_000;
const CONFLICT: u16 = 409;

/// Gives every wallet so many grants.
pub async fn fill(
    address: SocketAddr,
    api_key: &str,
    wallets: u32,
    grants: u32,
) -> anyhow::Result<()> {
    let mut connection = Connection::open(address, api_key).await?;
    let body = format!("{{\"id\":\"{CURRENCY}\",\"displayName\":\"Bench\"}}");
    let made = connection.try_post("/api/v1/credits/custom-currencies", &body).await?;
    if !made.is_success() && made.status != CONFLICT {
        bail!("{}", made.words());
    }
    let numbers: Vec<u32> = (0..wallets).collect();
    for chunk in numbers.chunks(BATCH) {
        let customers: Vec<_> = chunk
            .iter()
            .map(|number| {
                format!("{{\"id\":\"{}\",\"name\":\"B\",\"email\":null}}", customer_id(*number))
            })
            .collect();
        let body = format!("{{\"customers\":[{}]}}", customers.join(","));
        connection.post("/api/v1/customers/import", &body).await?;
    }
    let mut tasks = JoinSet::new();
    for lane in 0..LANES.min(wallets) {
        let mut connection = Connection::open(address, api_key).await?;
        tasks.spawn(async move {
            for number in (lane..wallets).step_by(LANES as usize) {
                grant(&mut connection, number, grants).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.context("filling")??;
    }
    Ok(())
}

/// Makes those of a wallet's grants that an earlier run did not make.
async fn grant(connection: &mut Connection, number: u32, grants: u32) -> anyhow::Result<()> {
    let granted = balance::thousandths(connection, number, "granted").await?;
    let made = granted / 1_000 / u64::from(GRANTED);
    if made > u64::from(grants) {
        bail!(
            "the wallet of {} has {made} grants of an earlier run; measure with --grants {made}, or \
             an empty server",
            customer_id(number)
        );
    }
    for which in made..u64::from(grants) {
        let body = format!(
            "{{\"customerId\":\"{}\",\"currencyId\":\"{CURRENCY}\",\"displayName\":\"Pack\",\
             \"grantType\":\"PROMOTIONAL\",\"priority\":{},\"amount\":{GRANTED}}}",
            customer_id(number),
            priority(which),
        );
        connection.post("/api/v1/credits/grants", &body).await?;
    }
    Ok(())
}

/// Grants of a wallet differ in their priority, as far as there are so many.
pub const fn priority(which: u64) -> u64 {
    const PRIORITIES: u64 = 100;
    which % PRIORITIES
}
