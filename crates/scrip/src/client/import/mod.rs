//! `scrip import`: credits that were counted elsewhere, and proof that they are the same here.
//!
//! The whole export is read and checked before the first write (`reading`, `source`, `plan`). Then what
//! it holds is made (`carrying`), each part under a key that the same export makes again, and what both
//! sides have is compared (`comparing`). Decision 34 says why it is done so.

mod carrying;
mod comparing;
mod earlier;
mod options;
mod plan;
mod reading;
mod record;
mod showing;
mod source;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use scrip_core::Timestamp;
use serde::Deserialize;

pub use options::ImportOptions;

use self::plan::Plan;
use self::record::Remark;
use self::source::Mapping;
use super::asking::Asker;
use super::failure::Failure;
use super::output::{data, parse};

/// Problems of an export that are told; the rest is counted.
const PROBLEMS_TOLD: usize = 50;

/// Imports an export, or says what would come of it.
pub async fn run(options: &ImportOptions) -> Result<(), Failure> {
    let asker = Arc::new(Asker::new(&options.ask.server)?);
    let mut texts = Vec::new();
    for path in &options.files {
        texts.push((path.display().to_string(), read(path)?));
    }
    let renamed = options.customers.as_deref().map(renamed).transpose()?.unwrap_or_default();
    let plan = plan(options, &texts, now(&asker).await?, renamed)?;
    // What it was made of is not needed any more, and may be large.
    drop(texts);
    let format = options.ask.output.format();
    let plan = Arc::new(plan);
    if options.dry_run {
        let found = carrying::look(&asker, &plan, options.in_flight).await?;
        return showing::dry_run(&plan, &found, format);
    }
    showing::notes(&plan);
    let mut refused = Vec::new();
    if !options.compare {
        carrying::currencies(&asker, &plan).await?;
        refused = carrying::carry(&asker, &plan, options.in_flight).await?;
    }
    let pairs = comparing::compare(&asker, &plan, options.in_flight).await?;
    showing::report(&plan, &pairs, format)?;
    verdict(&refused, &pairs)
}

/// What the command exits with.
fn verdict(refused: &[Remark], pairs: &[comparing::Pair]) -> Result<(), Failure> {
    if !refused.is_empty() {
        let words = told(refused);
        return Err(Failure::Refused(format!(
            "the server refused, or has, something else:\n{words}"
        )));
    }
    match pairs.iter().filter(|pair| !pair.difference.is_zero()).count() {
        0 => Ok(()),
        count => Err(Failure::Other(anyhow::anyhow!("{count} of {} balances differ", pairs.len()))),
    }
}

/// Understands the files, or says all that is wrong with them.
fn plan(
    options: &ImportOptions,
    texts: &[(String, String)],
    now: Timestamp,
    renamed: HashMap<String, String>,
) -> Result<Plan, Failure> {
    let mut plan = Plan::new(options.from, now, renamed);
    let mut records = Vec::new();
    for (file, text) in texts {
        let (found, problems) = reading::records(options.from, file, text);
        records.extend(found);
        plan.problems.extend(problems);
    }
    source::plan(&mut plan, &records, &Mapping::new(options));
    if plan.problems.is_empty() {
        return Ok(plan);
    }
    let words = told(&plan.problems);
    Err(Failure::Usage(format!("the export cannot be imported; nothing was changed:\n{words}")))
}

fn told(remarks: &[Remark]) -> String {
    let lines = remarks.iter().take(PROBLEMS_TOLD).map(|remark| format!("  {remark}"));
    let mut lines: Vec<_> = lines.collect();
    if let Some(more @ 1..) = remarks.len().checked_sub(PROBLEMS_TOLD) {
        lines.push(format!("  and {more} more"));
    }
    lines.join("\n")
}

fn read(path: &Path) -> Result<String, Failure> {
    let text = fs::read_to_string(path);
    text.map_err(|error| {
        Failure::Usage(format!("{}: {error}; nothing was changed", path.display()))
    })
}

/// Customers with other ids here.
fn renamed(path: &Path) -> Result<HashMap<String, String>, Failure> {
    let text = read(path)?;
    let parsed = serde_json::from_str(&text);
    parsed.map_err(|error| {
        let words = "must be a JSON object of the source's ids with those here";
        Failure::Usage(format!("{}: {words}: {error}", path.display()))
    })
}

/// What the server's environment has for now: in a sandbox its clock may stand elsewhere. An entitlement
/// check for a customer that does not exist answers with it (decision 46), and changes nothing.
async fn now(asker: &Asker) -> Result<Timestamp, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Check {
        usage_updated_at: String,
    }
    let nobody = "scrip.import.asks.for.the.time";
    let path = format!("/api/v1/customers/{nobody}/entitlements/check?currencyId={nobody}");
    let answer = asker.get(path).await?;
    let check: Check = parse(data(&answer)?.get().as_bytes())?;
    let now = Timestamp::parse(&check.usage_updated_at);
    now.map_err(|_| Failure::Other(anyhow::anyhow!("the server's time is none; is --url right?")))
}

#[cfg(test)]
mod tests;
