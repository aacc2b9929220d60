//! Rules alone: no store, no server.

use anyhow::{Context as _, bail};
use scrip_core::{Command, Row, Timestamp, Wallet};
use scrip_ledger::Work;

use super::GRANTS;
use crate::store::orders;
use crate::workload::Among;

/// Decides so many consumptions of a wallet; their rows as bytes.
pub fn decide(times: u32) -> anyhow::Result<Vec<Vec<u8>>> {
    let now = Timestamp::from_milliseconds(1_767_323_045_678).context("an instant")?;
    let mut wallet = Wallet::new(orders::wallet(0)?);
    let mut rows = Vec::new();
    for which in 0..GRANTS {
        let Work::CreateGrant(create) = orders::grant(0, which, None)? else { bail!("no grant") };
        execute(&mut wallet, &Command::Grant(create.grant), now, &mut rows)?;
    }
    let mut writer = orders::Writer::new(Among::all(1), 1, 0);
    for _ in 0..times {
        let Work::Consume(item) = writer.order(1)?.work else { bail!("no consumption") };
        execute(&mut wallet, &Command::Consume(item.consume), now, &mut rows)?;
    }
    Ok(rows)
}

fn execute(
    wallet: &mut Wallet,
    command: &Command,
    now: Timestamp,
    rows: &mut Vec<Vec<u8>>,
) -> anyhow::Result<()> {
    let origin = orders::order(Work::Advance(Vec::new()), [7; 16]).origin;
    let outcome = wallet.execute(command, now, &origin)?;
    if let Err(refusal) = outcome.own {
        bail!("refused: {refusal}");
    }
    rows.extend(outcome.rows.into_iter().map(|decided| decided.packed.bytes));
    Ok(())
}

/// Decides so many, and folds the rows into another wallet.
pub fn apply(times: u32) -> anyhow::Result<()> {
    let rows = decide(times)?;
    let mut wallet = Wallet::new(orders::wallet(0)?);
    for bytes in &rows {
        let (row, hash) = Row::unpack_to_fold(bytes, wallet.hash())?;
        wallet.apply(&row, hash)?;
    }
    Ok(())
}
