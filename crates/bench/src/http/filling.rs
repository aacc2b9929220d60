//! What a server is given before it is measured: a key, a currency, customers and their grants.

use std::net::SocketAddr;

use anyhow::{Context as _, bail};

use super::connection::Connection;

/// The key of all servers.
pub const API_KEY: &str = "server-bench-0123456789abcdef";
/// The currency of the load; twenty characters.
pub const CURRENCY: &str = "bench-credits-000001";
/// Of each grant: so much that no wallet is ever empty, not even if it is the only one.
const AMOUNT: u32 = 100_000_000;

/// An identifier of twenty characters.
pub fn customer_id(number: u32) -> String {
    format!("bench-customer-{number:05}")
}

/// Gives every wallet three grants.
pub async fn fill(address: SocketAddr, wallets: u32) -> anyhow::Result<()> {
    let mut connection = Connection::open(address).await?;
    let body = format!("{{\"id\":\"{CURRENCY}\",\"displayName\":\"Bench\"}}");
    connection.post("/api/v1/credits/custom-currencies", API_KEY, &body).await?;
    let numbers: Vec<u32> = (0..wallets).collect();
    for chunk in numbers.chunks(1_000) {
        let customers: Vec<_> = chunk
            .iter()
            .map(|number| {
                format!("{{\"id\":\"{}\",\"name\":\"B\",\"email\":null}}", customer_id(*number))
            })
            .collect();
        let body = format!("{{\"customers\":[{}]}}", customers.join(","));
        connection.post("/api/v1/customers/import", API_KEY, &body).await?;
    }
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..64 {
        tasks.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for number in (lane..wallets).step_by(64) {
                grant(&mut connection, number).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.context("filling")??;
    }
    if wallets == 0 {
        bail!("no wallets");
    }
    Ok(())
}

async fn grant(connection: &mut Connection, number: u32) -> anyhow::Result<()> {
    for priority in [10, 20, 30] {
        let body = format!(
            "{{\"customerId\":\"{}\",\"currencyId\":\"{CURRENCY}\",\"displayName\":\"Pack\",\
             \"grantType\":\"PROMOTIONAL\",\"priority\":{priority},\"amount\":{AMOUNT}}}",
            customer_id(number)
        );
        connection.post("/api/v1/credits/grants", API_KEY, &body).await?;
    }
    Ok(())
}
