//! Wallets after every 4,096th of their rows.

use scrip_core::Wallet;

use super::{Stored, bucket_of, column, count, integer, seal_column};
use crate::history::Kept;
use crate::postgres::session::{Ask, Session, ask};
use crate::seal;
use crate::slot::{Position, WalletNumber};
use crate::verifying::KeptState;
use crate::work::StoreError;

/// The newest state of a wallet at or before a sequence. In whatever bucket it is: there are few.
pub fn kept_state(
    session: &Session,
    bucket: i16,
    number: WalletNumber,
    until: u64,
) -> Stored<Option<Kept>> {
    let sql = "
        select sequence, position, state, seal from states
        where bucket = $1 and wallet = $2 and sequence <= $3
        order by sequence desc limit 1";
    let Some(row) = session.first(sql, &[&bucket, &integer(number), &integer(until)])? else {
        return Ok(None);
    };
    let (sequence, position) = (count(&row, "sequence")?, count(&row, "position")?);
    let (state, stated): (&[u8], i32) = (column(&row, "state")?, column(&row, "seal")?);
    let is_sealed = seal_column(seal::of_state(number, sequence, position, state)) == stated;
    let wallet = is_sealed.then(|| postcard::from_bytes(state).ok()).flatten();
    Ok(Some(Kept { sequence, position, wallet }))
}

/// A wallet's state after a row, if it was kept there.
pub fn state(
    session: &Session,
    bucket: i16,
    number: WalletNumber,
    sequence: u64,
) -> Stored<Option<KeptState>> {
    let sql = "
        select position, state, seal from states
        where bucket = $1 and wallet = $2 and sequence = $3";
    let row = session.first(sql, &[&bucket, &integer(number), &integer(sequence)])?;
    let Some(row) = row else { return Ok(None) };
    let position = count(&row, "position")?;
    let (state, stated): (Vec<u8>, i32) = (column(&row, "state")?, column(&row, "seal")?);
    let is_sealed = seal_column(seal::of_state(number, sequence, position, &state)) == stated;
    Ok(Some(KeptState { position, state, is_sealed }))
}

/// The wallets and sequences of all states.
pub fn all(session: &Session) -> Stored<Vec<(WalletNumber, u64)>> {
    let rows = session.query("select wallet, sequence from states", &[])?;
    rows.iter().map(|row| Ok((count(row, "wallet")?, count(row, "sequence")?))).collect()
}

/// The wallets and sequences of all states of a bucket.
pub fn of_bucket(session: &Session, bucket: i16) -> Stored<Vec<(WalletNumber, u64)>> {
    let sql = "select wallet, sequence from states where bucket = $1 order by wallet, sequence";
    let rows = session.query(sql, &[&bucket])?;
    rows.iter().map(|row| Ok((count(row, "wallet")?, count(row, "sequence")?))).collect()
}

/// States to be stored, column by column.
#[derive(Default)]
pub struct Added {
    buckets: Vec<i16>,
    wallets: Vec<i64>,
    sequences: Vec<i64>,
    positions: Vec<i64>,
    states: Vec<Vec<u8>>,
    seals: Vec<i32>,
}

impl Added {
    /// None.
    pub const fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Another one: the wallet as its row at a position left it.
    pub fn push(
        &mut self,
        number: WalletNumber,
        position: Position,
        wallet: &Wallet,
    ) -> Stored<()> {
        let state = postcard::to_stdvec(wallet)
            .map_err(|error| StoreError::Failed(format!("packing a state: {error}")))?;
        let (key, sequence) = (wallet.key(), wallet.sequence());
        self.seals.push(seal_column(seal::of_state(number, sequence, position, &state)));
        self.buckets.push(bucket_of(key.environment, &key.customer));
        self.wallets.push(integer(number));
        self.sequences.push(integer(sequence));
        self.positions.push(integer(position));
        self.states.push(state);
        Ok(())
    }

    /// Stores them.
    pub fn insert(&self) -> Ask<'_> {
        let sql = "
            insert into states (bucket, wallet, sequence, position, state, seal)
            select * from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[],
                $5::bytea[], $6::integer[])";
        ask(
            sql,
            &[
                &self.buckets,
                &self.wallets,
                &self.sequences,
                &self.positions,
                &self.states,
                &self.seals,
            ],
        )
    }
}
