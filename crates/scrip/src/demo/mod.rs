//! `scrip demo`: a believable month, through the API like everybody else.

mod client;
mod story;

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use scrip_core::Timestamp;
use serde_json::{Value, json};

use crate::cli::DemoOptions;
use crate::progress::Progress;
use client::Client;
use story::Customer;

/// Fills the server.
#[expect(clippy::print_stdout, reason = "what was made is the command's answer")]
pub fn run(options: DemoOptions) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let made = runtime.block_on(fill(&options))?;
    println!(
        "Made {} customers, {} grants and {} consumptions of {}.",
        made.customers, made.grants, made.consumptions, made.currency
    );
    println!("Look at one: GET /api/v1/credits/ledger?customerId={}-0000", options.prefix);
    Ok(ExitCode::SUCCESS)
}

struct Made {
    customers: usize,
    grants: usize,
    consumptions: usize,
    currency: String,
}

async fn fill(options: &DemoOptions) -> anyhow::Result<Made> {
    let client = Client::new(&options.url, &options.api_key)?;
    let currency = format!("{}-tokens", options.prefix);
    let units = json!({"singular": "token", "plural": "tokens"});
    let body = json!({"id": currency, "displayName": "AI tokens", "symbol": "T", "units": units});
    if client.make("/api/v1/credits/custom-currencies", &body).await?.is_none() {
        bail!("the demo {:?} is there already; choose another --prefix", options.prefix);
    }
    let mut made = Made { customers: 0, grants: 0, consumptions: 0, currency };
    let mut random = StdRng::seed_from_u64(options.seed);
    let mut progress = Progress::of("Making customers");
    for number in 0..options.customers {
        let id = format!("{}-{number:04}", options.prefix);
        let body = story::customer_body(&id, number);
        let answer = client
            .make("/api/v1/customers", &body)
            .await?
            .with_context(|| format!("customer {id} exists already"))?;
        // The environment's own clock, which may be a test clock.
        let now = created_at(&answer)?;
        let customer = Customer::invent(&mut random, &id, &made.currency, now);
        live(&client, &customer, &mut made).await?;
        made.customers += 1;
        progress.tell(u64::from(number) + 1, u64::from(options.customers));
    }
    Ok(made)
}

async fn live(client: &Client, customer: &Customer, made: &mut Made) -> anyhow::Result<()> {
    let mut ids = Vec::new();
    for (index, grant) in customer.grants.iter().enumerate() {
        let key = format!("{}-grant-{index}", customer.id);
        let answer = client.post("/api/v1/credits/grants", Some(&key), grant).await?;
        ids.push(answer.pointer("/data/id").and_then(Value::as_str).map(str::to_owned));
        made.grants += 1;
    }
    for items in customer.consumptions.chunks(500) {
        let body = json!({ "consumptions": items });
        client.post("/api/v1/credits/consumption/async", None, &body).await?;
        made.consumptions += items.len();
    }
    if let Some(Some(id)) = customer.voided.and_then(|index| ids.get(index)) {
        let path = format!("/api/v1/credits/grants/{id}/void");
        client.post(&path, Some(&format!("{id}-void")), &json!({})).await?;
    }
    Ok(())
}

fn created_at(answer: &Value) -> anyhow::Result<Timestamp> {
    let text = answer.pointer("/data/createdAt").and_then(Value::as_str);
    Timestamp::parse(text.unwrap_or_default()).context("the answer has no createdAt")
}
