//! A wallet's day as it lies in a table: in pieces, each with a seal, since most questions need only
//! the first.

use std::fmt::Display;

use super::{HourRows, HourSum, SetHour, SetSum, UnreadableDay};
use crate::seal::{BROKEN, Seal};
use crate::slot::WalletNumber;
use crate::work::StoreError;

type Stored<T> = Result<T, StoreError>;

const SEAL: usize = 4;

/// A wallet's day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DayKey {
    pub wallet: WalletNumber,
    /// UTC, counted from 1970.
    pub day: i64,
}

impl DayKey {
    /// What is wrong with the day.
    pub fn wrong(self, why: impl Display) -> StoreError {
        let Self { wallet, day } = self;
        StoreError::Corrupt(format!("usage of wallet {wallet} on day {day}: {why}"))
    }

    /// A piece as it is stored.
    pub fn sealed(self, name: &str, mut bytes: Vec<u8>) -> Vec<u8> {
        let seal = self.seal(name, &bytes);
        bytes.extend(seal);
        bytes
    }

    /// A piece without its seal, which must fit.
    pub fn unsealed<'b>(self, name: &str, bytes: &'b [u8]) -> Stored<&'b [u8]> {
        let (content, stated) =
            bytes.split_last_chunk::<SEAL>().ok_or_else(|| self.wrong(UnreadableDay))?;
        if self.seal(name, content) == *stated { Ok(content) } else { Err(self.wrong(BROKEN)) }
    }

    fn seal(self, name: &str, bytes: &[u8]) -> [u8; SEAL] {
        let seal = Seal::of("usage_days").number(self.wallet).number(self.day).text(name);
        seal.bytes(bytes).finish().to_le_bytes()
    }
}

/// A day as it lies there.
pub trait StoredDay {
    /// Whose, and when.
    fn key(&self) -> Stored<DayKey>;

    /// Its hours.
    fn hours(&self) -> Stored<Vec<HourSum>>;

    /// None: the only set is the one without dimensions.
    fn sets(&self) -> Stored<Option<Vec<SetSum<'_>>>>;

    /// None likewise. Read when it is asked for: few questions need it, and it is the longest.
    fn set_hours(&self) -> Stored<Option<Vec<SetHour>>>;

    /// Read when it is asked for.
    fn hour_rows(&self) -> Stored<Vec<HourRows>>;
}
