//! Where the rows of wallets lie in their table: the shortest way to them, as long as nobody changes
//! them.

use std::error::Error;

use bytes::{BufMut as _, BytesMut};
use scrip_core::WalletKey;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::wallets::packed;
use super::{Stored, column, integer};
use crate::packed_slot::CHECKSUM;
use crate::postgres::session::{Ask, ask};
use crate::slot::Slot;
use crate::work::StoreError;

/// The place of a row's version: a block and a number in it, as the server sends them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tid([u8; 6]);

impl<'a> FromSql<'a> for Tid {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(raw.try_into()?))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TID
    }
}

impl ToSql for Tid {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TID
    }

    to_sql_checked!();
}

/// Wallets of which it is asked whether they lie where they lay, as they were, column by column.
#[derive(Default)]
pub struct Seen {
    tids: Vec<Tid>,
    sequences: Vec<i64>,
    checksums: Vec<Vec<u8>>,
}

impl Seen {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.tids.is_empty()
    }

    /// Another one.
    pub fn push(&mut self, tid: Tid, sequence: u64, checksum: [u8; CHECKSUM]) {
        self.tids.push(tid);
        self.sequences.push(integer(sequence));
        self.checksums.push(checksum.to_vec());
    }

    /// Those that are as they were, by their places among these, from 1.
    pub fn look(&self) -> Ask<'_> {
        let sql = "
            select array_agg(k.place) as places
            from unnest($1::tid[], $2::bigint[], $3::bytea[])
                with ordinality as k (tid, sequence, checksum, place)
            join wallets w on w.ctid = k.tid
            where w.sequence = k.sequence and w.frozen is null
              and substring(w.slot from octet_length(w.slot) - 7) = k.checksum";
        ask(sql, &[&self.tids, &self.sequences, &self.checksums])
    }

    /// Which of them are as they were, as the row of [`Self::look`] says.
    pub fn unchanged(&self, rows: &[Row]) -> Stored<Vec<bool>> {
        let mut unchanged = vec![false; self.tids.len()];
        let places: Option<Vec<i64>> =
            rows.first().map(|row| column(row, "places")).transpose()?.flatten();
        for place in places.unwrap_or_default() {
            let at = usize::try_from(place - 1).ok().and_then(|at| unchanged.get_mut(at));
            *at.ok_or_else(|| StoreError::Corrupt(format!("wallets: place {place}")))? = true;
        }
        Ok(unchanged)
    }
}

/// Whose wallet lies where, with its checksum.
pub type StoredWallet = (WalletKey, Tid, [u8; CHECKSUM]);

/// Wallets that take more than this are not worth keeping in memory.
const KEPT_BYTES_MOST: usize = 1_900;

/// Wallets to be stored that lie where they were found, column by column.
#[derive(Default)]
pub struct Moved {
    keys: Vec<WalletKey>,
    tids: Vec<Tid>,
    sequences: Vec<i64>,
    sequences_before: Vec<i64>,
    due: Vec<Option<i64>>,
    slots: Vec<Vec<u8>>,
}

impl Moved {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.tids.is_empty()
    }

    /// Another one, which lay there with so many rows.
    pub fn push(&mut self, slot: &Slot, tid: Tid, sequence_before: u64) -> Stored<()> {
        self.keys.push(slot.wallet.key().clone());
        self.tids.push(tid);
        self.sequences.push(integer(slot.wallet.sequence()));
        self.sequences_before.push(integer(sequence_before));
        self.due.push(slot.wallet.next_due().map(|due| due.at.milliseconds()));
        self.slots.push(packed(slot)?);
        Ok(())
    }

    /// Stores them as they are now, each in one step to where it lies. Were one not as it was found, the
    /// division by zero would undo everything.
    pub fn update(&self) -> Ask<'_> {
        let sql = "
            with stored as (
                update wallets w
                set sequence = c.sequence, due_at = c.due_at, slot = c.slot
                from unnest($1::tid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[])
                    with ordinality
                    as c (tid, sequence, sequence_before, due_at, slot, place)
                where w.ctid = c.tid and w.sequence = c.sequence_before and w.frozen is null
                returning c.place, w.ctid as tid
            )
            select 1 / (count(*) = cardinality($1::tid[]))::integer as is_whole,
                   array_agg(tid order by place) as tids
            from stored";
        let Self { tids, sequences, sequences_before, due, slots, .. } = self;
        ask(sql, &[tids, sequences, sequences_before, due, slots])
    }

    /// Where those of them lie that are worth keeping, as the row of [`Self::update`] says, each with its
    /// checksum.
    pub fn stored(&self, rows: &[Row]) -> Stored<Vec<StoredWallet>> {
        let tids: Option<Vec<Tid>> =
            rows.first().map(|row| column(row, "tids")).transpose()?.flatten();
        let stored = self.keys.iter().zip(tids.unwrap_or_default()).zip(&self.slots);
        let stored = stored.filter(|(_, packed)| packed.len() <= KEPT_BYTES_MOST);
        let with_checksum = stored.filter_map(|((key, tid), packed)| {
            packed.last_chunk().map(|checksum| (key.clone(), tid, *checksum))
        });
        Ok(with_checksum.collect())
    }
}
