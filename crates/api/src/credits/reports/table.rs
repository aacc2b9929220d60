//! Reports as tables.

use scrip_core::Timestamp;
use scrip_ledger::{GrantRevenue, RevenueBetween, RevenueTotal};

use crate::table::{Cell, table};

/// The columns of every line, behind those that say of what it is.
const FIGURES: [&str; 9] = [
    "from",
    "to",
    "deferredFrom",
    "granted",
    "restored",
    "recognised",
    "breakage",
    "refunded",
    "deferredTo",
];
const OF_TOTALS: [&str; 3] = ["currencyId", "costCurrency", "grants"];
const OF_GRANTS: [&str; 5] = ["currencyId", "costCurrency", "customerId", "resourceId", "grantId"];

/// The sums.
pub(super) fn totals(from: Timestamp, to: Timestamp, totals: &[RevenueTotal]) -> Vec<u8> {
    table(|table| {
        table.write_record(OF_TOTALS.into_iter().chain(FIGURES))?;
        for total in totals {
            let cells = [
                Cell::Text(total.currency.as_str().to_owned()),
                Cell::Plain(total.money.as_str().to_owned()),
                Cell::Plain(total.grants.to_string()),
            ];
            let cells = cells.into_iter().chain(figures(from, to, &total.revenue));
            table.write_record(cells.map(Cell::tell).map(String::into_bytes))?;
        }
        Ok(())
    })
}

/// The names of the columns of [`grants`].
pub(super) fn head_of_grants() -> Vec<u8> {
    table(|table| table.write_record(OF_GRANTS.into_iter().chain(FIGURES)))
}

/// A line for each grant.
pub(super) fn grants<'a>(
    from: Timestamp,
    to: Timestamp,
    lines: impl Iterator<Item = &'a GrantRevenue>,
) -> Vec<u8> {
    table(|table| {
        for line in lines {
            let cells = [
                Cell::Text(line.wallet.currency.as_str().to_owned()),
                Cell::Plain(line.money.as_str().to_owned()),
                Cell::Text(line.wallet.customer.as_str().to_owned()),
                Cell::optional(line.wallet.resource.as_ref().map(|id| id.as_str())),
                Cell::Plain(line.grant.to_string()),
            ];
            let cells = cells.into_iter().chain(figures(from, to, &line.revenue));
            table.write_record(cells.map(Cell::tell).map(String::into_bytes))?;
        }
        Ok(())
    })
}

fn figures(from: Timestamp, to: Timestamp, revenue: &RevenueBetween) -> [Cell; 9] {
    let between = revenue.between();
    let sums = [
        revenue.begin.deferred(),
        between.granted,
        between.restored,
        between.recognised,
        between.breakage,
        between.refunded,
        revenue.end.deferred(),
    ];
    let [begin, granted, restored, recognised, breakage, refunded, end] =
        sums.map(|sum| Cell::Plain(sum.to_string()));
    let [from, to] = [from, to].map(|at| Cell::Plain(at.to_string()));
    [from, to, begin, granted, restored, recognised, breakage, refunded, end]
}
