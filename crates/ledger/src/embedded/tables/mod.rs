//! The statements on `ledger.db`, one function each.

mod answers;
mod entries;
mod events;
mod grants;
pub mod incidents;
mod indexes;
mod records;

use rusqlite::Row as SqlRow;

use crate::seal;
use crate::work::StoreError;
use crate::{PageRequest, Start};

pub(in crate::embedded) use answers::*;
pub(in crate::embedded) use entries::*;
pub(in crate::embedded) use events::*;
pub(in crate::embedded) use grants::*;
pub(in crate::embedded) use incidents::{
    freeze_wallet, frozen_wallets, incidents, insert_incident, thaw_wallet,
};
pub(in crate::embedded) use indexes::check_indexes;
pub(in crate::embedded) use records::*;

type Stored<T> = Result<T, StoreError>;

/// Cuts a list by ordinal to the items that a page may show and one more, walking away from its
/// start.
fn push_stretch(sql: &mut String, page: PageRequest) {
    let most = page.limit.saturating_add(1);
    let stretch = match page.start {
        Start::Newest => format!(" order by ordinal desc limit {most}"),
        Start::After(point) => {
            format!(" and ordinal < {} order by ordinal desc limit {most}", point.position)
        }
        Start::Before(point) => {
            format!(" and ordinal > {} order by ordinal limit {most}", point.position)
        }
    };
    sql.push_str(&stretch);
}

fn first<T: rusqlite::types::FromSql>(row: &SqlRow<'_>) -> rusqlite::Result<T> {
    row.get(0)
}

fn as_integer(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
