//! `scrip explain`: why a balance is the number that it is.

use anyhow::Context as _;
use scrip_core::Credits;
use serde::Deserialize;

use super::asking::Asker;
use super::balance::{append, wallet};
use super::failure::Failure;
use super::ledger::Row;
use super::options::ExplainOptions;
use super::output::{Format, data, parse, write, write_objects};
use super::table::{Side, Table, card};

/// A balance and what it is made of, as the API shows it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Explained {
    customer_id: String,
    currency_id: String,
    resource_id: Option<String>,
    at: String,
    granted: String,
    consumed: String,
    reserved: String,
    available: String,
    /// The balance before the first row.
    opening: String,
    grants: Vec<Grant>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grant {
    id: String,
    grant_type: String,
    status: String,
    amount: String,
    consumed: String,
    held: String,
    taken_back: Option<String>,
    available: String,
}

/// Explains a balance. What does not add up is told, and fails.
pub async fn run(options: &ExplainOptions) -> Result<(), Failure> {
    let asker = Asker::new(&options.ask.server)?;
    let mut query = wallet(&options.wallet);
    append(&mut query, "at", options.at.as_deref());
    let answer = asker.get(format!("/api/v1/credits/balances/explain?{}", query.finish())).await?;
    let object = data(&answer)?;
    let explained: Explained = parse(object.get().as_bytes())?;
    let sums = Sums::of(&explained).context("the answer's amounts are no numbers")?;
    match options.ask.output.format() {
        Format::Json => write_objects(&[object])?,
        Format::Table => write(&text(&explained, &sums, options.rows))?,
    }
    sums.check().map_err(Failure::Other)
}

/// The balance, and what ought to be the same.
struct Sums {
    available: Credits,
    /// The opening and all rows.
    of_rows: Credits,
    /// What is available of each grant.
    of_grants: Credits,
    /// The balance before the first row, and after each.
    after: Vec<Credits>,
}

impl Sums {
    fn of(explained: &Explained) -> Option<Self> {
        let amount = |text: &str| Credits::parse(text).ok();
        let mut after = vec![amount(&explained.opening)?];
        for row in &explained.rows {
            after.push(after.last()?.plus(amount(&row.amount)?).ok()?);
        }
        let mut of_grants = Credits::ZERO;
        for grant in &explained.grants {
            of_grants = of_grants.plus(amount(&grant.available)?).ok()?;
        }
        let available = amount(&explained.available)?;
        Some(Self { available, of_rows: *after.last()?, of_grants, after })
    }

    fn check(&self) -> anyhow::Result<()> {
        let Self { available, of_rows, of_grants, .. } = self;
        anyhow::ensure!(
            of_rows == available && of_grants == available,
            "it does not add up: {available} are available, the rows make {of_rows} and the \
             grants {of_grants}"
        );
        Ok(())
    }
}

fn text(explained: &Explained, sums: &Sums, rows_shown: usize) -> String {
    let head = card(&[
        ("Customer", explained.customer_id.clone()),
        ("Currency", explained.currency_id.clone()),
        ("Resource", explained.resource_id.clone().unwrap_or_default()),
        ("At", explained.at.clone()),
        ("Granted", explained.granted.clone()),
        ("Consumed", explained.consumed.clone()),
        ("Reserved", explained.reserved.clone()),
        ("Available", explained.available.clone()),
    ]);
    let grants = grants(&explained.grants, sums);
    let hidden = explained.rows.len().saturating_sub(rows_shown);
    let before = sums.after.get(hidden).copied().unwrap_or_default();
    let left_out = match hidden {
        0 => String::new(),
        1 => ", with the row before these".to_owned(),
        rows => format!(", with the {rows} rows before these"),
    };
    let rows = rows(explained, sums, hidden);
    let led = format!("What led there from {before}{left_out}");
    format!("{head}\nWhat is available of each grant\n{grants}\n{led}\n{rows}")
}

fn grants(grants: &[Grant], sums: &Sums) -> String {
    let mut table = Table::new(&[
        ("Grant", Side::Left),
        ("Type", Side::Left),
        ("Status", Side::Left),
        ("Amount", Side::Right),
        ("Consumed", Side::Right),
        ("Held", Side::Right),
        ("Taken back", Side::Right),
        ("Available", Side::Right),
    ]);
    let row = |grant: &Grant| {
        let Grant { id, grant_type, status, amount, consumed, held, taken_back, available } = grant;
        let taken_back = taken_back.as_deref().unwrap_or_default();
        [id, grant_type, status, amount, consumed, held, taken_back, available].map(str::to_owned)
    };
    let mut rows: Vec<Vec<String>> = grants.iter().map(|grant| row(grant).to_vec()).collect();
    let sum = sums.of_grants.to_string();
    rows.push(["together", " ", " ", " ", " ", " ", " ", &sum].map(str::to_owned).to_vec());
    table.rows(&rows)
}

/// The newest rows, each with the balance after it.
fn rows(explained: &Explained, sums: &Sums, hidden: usize) -> String {
    let mut table = Table::new(&[
        ("Recorded at", Side::Left),
        ("Event", Side::Left),
        ("Amount", Side::Right),
        ("Balance after", Side::Right),
        ("Grant", Side::Left),
        ("Key", Side::Left),
    ]);
    let mut lines = Vec::new();
    for (row, after) in explained.rows.iter().zip(sums.after.iter().skip(1)).skip(hidden) {
        let Row { recorded_at, event_type, amount, credit_grant_id, idempotency_key, .. } = row;
        let (after, key) = (after.to_string(), idempotency_key.as_deref().unwrap_or_default());
        let cells = [recorded_at, event_type, amount, &after, credit_grant_id, key];
        lines.push(cells.map(str::to_owned).to_vec());
    }
    table.rows(&lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(available: &str, last: &str) -> Explained {
        let row = |amount: &str, after: &str| {
            serde_json::json!({
                "recordedAt": "2026-01-02T03:04:05.000Z", "eventType": "CREDITS_CONSUMED",
                "amount": amount, "balanceAfter": after, "creditCurrencyId": "tokens",
                "creditGrantId": "g", "resourceId": null, "idempotencyKey": "k",
            })
        };
        let grant = |id: &str, available: &str| {
            serde_json::json!({
                "id": id, "grantType": "PAID", "status": "ACTIVE", "amount": "10",
                "consumed": "0", "held": "0", "available": available,
            })
        };
        let told = serde_json::json!({
            "customerId": "acme", "currencyId": "tokens", "resourceId": null,
            "at": "2026-01-02T03:04:06.000Z", "granted": "20", "consumed": "12.5",
            "reserved": "0", "available": available, "opening": "10.5",
            "grants": [grant("g", "7.000000001"), grant("h", "0.499999999")],
            "rows": [row("-1", "9.5"), row("-1.5", "8"), row(last, "7.5")],
        });
        serde_json::from_value(told).unwrap()
    }

    #[test]
    fn what_does_not_add_up_is_told() {
        let check = |explained| Sums::of(&explained).unwrap().check();
        check(explained("7.5", "-0.5")).unwrap();
        let told = check(explained("7.5", "-0.4")).unwrap_err().to_string();
        assert!(told.contains("7.5 are available, the rows make 7.6"), "{told}");
        let told = check(explained("7.6", "-0.4")).unwrap_err().to_string();
        assert!(told.contains("the grants 7.5"), "{told}");
        assert!(Sums::of(&explained("much", "-0.5")).is_none());
    }

    #[test]
    fn rows_before_those_that_are_shown_are_added_up() {
        let explained = explained("7.5", "-0.5");
        let sums = Sums::of(&explained).unwrap();
        insta::assert_snapshot!(text(&explained, &sums, 2));
    }
}
