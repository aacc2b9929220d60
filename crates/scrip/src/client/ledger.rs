//! `scrip ledger`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::asking::Asker;
use super::balance::{append, filter};
use super::failure::Failure;
use super::options::LedgerOptions;
use super::output::{Format, Page, parse, tell, write, write_objects};
use super::table::{Side, Table};

/// Rows that the API gives at a time.
const PAGE: u64 = 100;

/// A row, as far as tables show it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// When it was recorded.
    pub recorded_at: String,
    /// What happened.
    pub event_type: String,
    /// What it did to the balance.
    pub amount: String,
    /// The wallet's balance after it.
    pub balance_after: String,
    /// The wallet's currency.
    pub credit_currency_id: String,
    /// The wallet's resource.
    pub resource_id: Option<String>,
    /// The grant.
    pub credit_grant_id: String,
    /// The client's name of what caused it.
    pub idempotency_key: Option<String>,
}

/// Shows what changed a customer's balances, a page at a time.
pub async fn run(options: &LedgerOptions) -> Result<(), Failure> {
    let asker = Asker::new(&options.ask.server)?;
    let mut printer = Printer { format: options.ask.output.format(), table: table() };
    let mut left = if options.all { u64::MAX } else { options.limit };
    let mut after: Option<String> = None;
    loop {
        let answer = asker.get(path(options, left.min(PAGE), after.as_deref())).await?;
        let Page { data, pagination } = parse::<Page<&RawValue>>(&answer.body)?;
        left = left.saturating_sub(u64::try_from(data.len()).unwrap_or(u64::MAX));
        printer.print(&data)?;
        match pagination.next {
            Some(next) if left > 0 => after = Some(next),
            Some(_) => {
                tell("there are older rows: --limit shows more of them, --all every one");
                return Ok(());
            }
            None => return Ok(()),
        }
    }
}

fn path(options: &LedgerOptions, limit: u64, after: Option<&str>) -> String {
    let mut query = filter(&options.filter);
    append(&mut query, "eventType", options.event_type.as_deref());
    append(&mut query, "reservationId", options.reservation.as_deref());
    append(&mut query, "limit", Some(&limit.to_string()));
    append(&mut query, "after", after);
    format!("/api/v1/credits/ledger?{}", query.finish())
}

struct Printer {
    format: Format,
    table: Table,
}

impl Printer {
    fn print(&mut self, rows: &[&RawValue]) -> Result<(), Failure> {
        match self.format {
            Format::Json => write_objects(rows),
            Format::Table => {
                let cells = rows.iter().map(|row| parse(row.get().as_bytes()).map(cells));
                write(&self.table.rows(&cells.collect::<Result<Vec<_>, _>>()?))
            }
        }
    }
}

fn cells(row: Row) -> Vec<String> {
    vec![
        row.recorded_at,
        row.event_type,
        row.amount,
        row.balance_after,
        row.credit_currency_id,
        row.resource_id.unwrap_or_default(),
        row.credit_grant_id,
        row.idempotency_key.unwrap_or_default(),
    ]
}

fn table() -> Table {
    Table::new(&[
        ("Recorded at", Side::Left),
        ("Event", Side::Left),
        ("Amount", Side::Right),
        ("Balance after", Side::Right),
        ("Currency", Side::Left),
        ("Resource", Side::Left),
        ("Grant", Side::Left),
        ("Key", Side::Left),
    ])
}
