//! What an import would do, what it did not carry, and whether both sides have the same.

use std::collections::BTreeMap;

use scrip_core::Credits;
use serde_json::{Value, json};

use super::comparing::Pair;
use super::earlier::Granted;
use super::plan::{Piece, Plan};
use super::record::Remark;
use crate::client::failure::Failure;
use crate::client::output::{Format, tell, write};
use crate::client::table::{Side, Table};

/// Balances that a table shows whether they differ or not.
const ROWS_MAX: usize = 100;
/// Notes that are told beside a report; a dry run shows all of them.
const NOTES_TOLD: usize = 20;

/// What would be made.
pub fn dry_run(plan: &Plan, found: &Granted, format: Format) -> Result<(), Failure> {
    let pieces: Vec<_> = plan.customers.values().flat_map(|customer| &customer.pieces).collect();
    let action = |piece: &Piece| match found.get(&piece.id) {
        None if piece.counts(plan.now) => "grant",
        None => "grant, scheduled",
        Some(amount) if *amount == piece.left.to_string() => "none, is there",
        Some(_) => "none, is there with another amount",
    };
    if format == Format::Json {
        let mut lines: Vec<Value> = Vec::new();
        for piece in &pieces {
            let mut line = piece.body(plan.source);
            line["kind"] = json!("grant");
            line["action"] = json!(action(piece));
            lines.push(line);
        }
        for (id, customer) in &plan.customers {
            for deficit in &customer.deficits {
                lines.push(json!({
                    "kind": "deficit", "customerId": id, "currencyId": deficit.wallet.currency,
                    "resourceId": deficit.wallet.resource, "amount": deficit.amount.to_string(),
                }));
            }
        }
        lines.extend(plan.notes.iter().map(note));
        return write(&joined(&lines));
    }
    let mut table = Table::new(&[
        ("Customer", Side::Left),
        ("Currency", Side::Left),
        ("Resource", Side::Left),
        ("Id there", Side::Left),
        ("Type", Side::Left),
        ("Left", Side::Right),
        ("Of", Side::Right),
        ("Priority", Side::Right),
        ("Effective at", Side::Left),
        ("Expires at", Side::Left),
        ("Cost of what is left", Side::Right),
        ("To do", Side::Left),
    ]);
    let rows = pieces.iter().map(|piece| {
        let instant = |at: Option<scrip_core::Timestamp>| at.map(|at| at.to_string());
        vec![
            piece.customer.clone(),
            piece.wallet.currency.clone(),
            piece.wallet.resource.clone().unwrap_or_default(),
            piece.id.clone(),
            if piece.is_paid { "PAID" } else { "PROMOTIONAL" }.to_owned(),
            piece.left.to_string(),
            piece.amount.to_string(),
            piece.priority.to_string(),
            instant(piece.effective_at).unwrap_or_default(),
            instant(piece.expire_at).unwrap_or_default(),
            piece
                .cost
                .map(|cost| format!("{} {}", cost.amount, cost.currency.as_str()))
                .unwrap_or_default(),
            action(piece).to_owned(),
        ]
    });
    let mut text = table.rows(&rows.collect::<Vec<_>>());
    let deficits = plan.customers.iter().flat_map(|(id, customer)| {
        customer.deficits.iter().map(move |deficit| {
            let amount = deficit.amount;
            format!("{id} owes {amount} {}: consumed beyond its grants\n", deficit.wallet.currency)
        })
    });
    text.extend(deficits);
    text.extend(plan.notes.iter().map(|note| format!("{note}\n")));
    let count = plan.customers.len();
    text.push_str(&format!("{} grants of {count} customers; nothing was changed\n", pieces.len()));
    write(&text)
}

fn note(remark: &Remark) -> Value {
    let Remark { place, field, words } = remark;
    json!({
        "kind": "note", "file": place.file, "record": place.number, "id": place.id,
        "field": field, "message": words,
    })
}

fn joined(lines: &[Value]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Tells what is not carried, beside the report.
pub fn notes(plan: &Plan) {
    for note in plan.notes.iter().take(NOTES_TOLD) {
        tell(&note.to_string());
    }
    if let Some(more @ 1..) = plan.notes.len().checked_sub(NOTES_TOLD) {
        tell(&format!("and {more} notes more; --dry-run shows them all"));
    }
}

/// Both sides, and their sums by currency.
pub fn report(plan: &Plan, pairs: &[Pair], format: Format) -> Result<(), Failure> {
    let mut totals: BTreeMap<&str, [Credits; 3]> = BTreeMap::new();
    for pair in pairs {
        let total = totals.entry(&pair.wallet.currency).or_default();
        for (sum, part) in total.iter_mut().zip([pair.source, pair.here, pair.difference]) {
            *sum = sum.plus(part).map_err(anyhow::Error::from)?;
        }
    }
    if format == Format::Json {
        let mut lines: Vec<_> = pairs.iter().map(line).collect();
        lines.extend(totals.iter().map(|(currency, [source, here, difference])| {
            json!({
                "kind": "total", "currencyId": currency, "source": source.to_string(),
                "scrip": here.to_string(), "difference": difference.to_string(),
            })
        }));
        return write(&joined(&lines));
    }
    let shown: Vec<_> = match pairs.len() {
        0..=ROWS_MAX => pairs.iter().collect(),
        _ => pairs.iter().filter(|pair| !pair.difference.is_zero()).collect(),
    };
    let mut table = Table::new(&[
        ("Customer", Side::Left),
        ("Currency", Side::Left),
        ("Resource", Side::Left),
        (plan.source.title(), Side::Right),
        ("Scrip", Side::Right),
        ("Difference", Side::Right),
    ]);
    let cells = |customer: &str, currency: &str, resource: &str, sums: [Credits; 3]| {
        let mut cells = vec![customer.to_owned(), currency.to_owned(), resource.to_owned()];
        cells.extend(sums.map(|sum| sum.to_string()));
        cells
    };
    let mut rows: Vec<_> = shown
        .iter()
        .map(|pair| {
            let resource = pair.wallet.resource.as_deref().unwrap_or_default();
            let sums = [pair.source, pair.here, pair.difference];
            cells(&pair.customer, &pair.wallet.currency, resource, sums)
        })
        .collect();
    rows.extend(totals.iter().map(|(currency, sums)| cells("all", currency, "", *sums)));
    let mut text = table.rows(&rows);
    if shown.len() < pairs.len() {
        text.push_str(&format!(
            "{} balances are equal, and not shown\n",
            pairs.len() - shown.len()
        ));
    }
    write(&text)
}

fn line(pair: &Pair) -> Value {
    json!({
        "kind": "balance",
        "customerId": pair.customer,
        "currencyId": pair.wallet.currency,
        "resourceId": pair.wallet.resource,
        "source": pair.source.to_string(),
        "scrip": pair.here.to_string(),
        "difference": pair.difference.to_string(),
    })
}
