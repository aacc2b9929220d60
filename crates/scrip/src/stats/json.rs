//! The figures for programs. The names are part of the contract; units are in them.

use scrip_core::WalletKey;
use scrip_ledger::embedded::{FileSize, FrozenWallet, Incident, MarkStats, Stats};
use serde_json::{Value, json};

use super::bytes_a_row;
use crate::number::instant;

/// All figures.
pub fn object(stats: &Stats) -> Value {
    let Stats { names, start, .. } = stats;
    json!({
        "format": stats.format,
        "rows": stats.rows,
        "wallets": stats.wallets,
        "names": {
            "slices": names.slices,
            "in_slices": names.in_slices,
            "saved": names.saved,
            "until_row": names.until,
            "filter_bytes": names.filter_bytes,
            "fence_bytes": names.fence_bytes,
        },
        "snapshots": { "until_row": stats.snapshots_until },
        "mark": mark(&stats.mark),
        "files": stats.files.iter().map(|size| file(size, stats.rows)).collect::<Vec<_>>(),
        "start": {
            "rows_to_fold": start.rows_to_fold,
            "rows_to_name": start.rows_to_name,
            "estimate_milliseconds": u64::try_from(start.estimate.as_millis()).ok(),
        },
        "frozen_wallets": stats.frozen.iter().map(frozen).collect::<Vec<_>>(),
        "incidents": stats.incidents.iter().map(incident).collect::<Vec<_>>(),
    })
}

fn mark(mark: &MarkStats) -> Value {
    let (state, until) = match mark {
        MarkStats::At(position) => ("ok", Some(*position)),
        MarkStats::Missing => ("missing", None),
        MarkStats::Unreadable(_) => ("unreadable", None),
        MarkStats::OtherLedger => ("other_ledger", None),
    };
    json!({ "state": state, "until_row": until })
}

fn file(size: &FileSize, rows: u64) -> Value {
    json!({
        "name": size.name,
        "files": size.files,
        "bytes": size.bytes,
        "bytes_per_row": bytes_a_row(size.bytes, rows),
    })
}

fn frozen(wallet: &FrozenWallet) -> Value {
    let FrozenWallet { number, key, reason } = wallet;
    let WalletKey { environment, customer, currency, resource } = key;
    json!({
        "number": number,
        "environment": environment.0,
        "customer": customer.as_str(),
        "currency": currency.as_str(),
        "resource": resource.as_ref().map(|resource| resource.as_str()),
        "reason": reason,
    })
}

fn incident(incident: &Incident) -> Value {
    json!({
        "happened_at": instant(incident.happened_at),
        "kind": incident.kind,
        "wallet": incident.wallet,
        "details": incident.details,
    })
}
