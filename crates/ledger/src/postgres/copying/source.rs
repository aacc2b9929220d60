//! A database that is copied. Its nodes may answer questions meanwhile, but nothing is added.

use std::collections::HashSet;

use scrip_core::WalletKey;
use tokio::runtime::Handle;

use super::super::database::Database;
use super::super::session::Session;
use super::super::tables::{
    answers, column, count, entries, events, grants, records, states, wallets,
};
use super::super::{OpenError, migrate};
use super::hold;
use crate::copying::{After, Batch, CarriedAnswer, Identity, Source, identity_of};
use crate::event::DomainEvent;
use crate::slot::{Position, WalletNumber};
use crate::verifying::RawEntry;
use crate::work::StoreError;
use crate::{GrantRecord, Record};

/// A database that is copied. As long as it is held, orders wait and are refused, to come again.
pub struct CopySource {
    session: Session,
    /// Its last row.
    end: Position,
}

impl CopySource {
    /// Waits until what is under way has ended, and lets nothing new begin.
    pub fn open(url: &str, runtime: Handle) -> Result<Self, OpenError> {
        let session = Database::of_url(url, runtime)?.connect()?;
        migrate::check(&session)?;
        migrate::check_whole(&session)?;
        hold(&session)?;
        // Rows are read by position, which a fresh mass of them has no summary of yet.
        session.run("select brin_summarize_new_values('entries_by_position')")?;
        let end = entries::last(&session)?;
        Ok(Self { session, end })
    }
}

fn most_of(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

impl Source for CopySource {
    fn identity(&self) -> Result<Identity, StoreError> {
        let sql = "
            select count(*) as records, coalesce(max(updated_at), 0) as updated_at from records";
        let row = self.session.first(sql, &[])?;
        let row = row.ok_or_else(|| StoreError::Failed("no answer".to_owned()))?;
        Ok(Identity {
            store: identity_of(self.secret()?),
            position: self.end,
            event: events::last(&self.session)?,
            records: (count(&row, "records")?, column(&row, "updated_at")?),
        })
    }

    fn secret(&self) -> Result<[u8; 32], StoreError> {
        let row = self.session.first("select value from meta where name = 'secret'", &[])?;
        let value = row.as_ref().map(|row| column::<&[u8]>(row, "value")).transpose()?;
        // A store that nobody served yet has none.
        Ok(value.and_then(|value| value.try_into().ok()).unwrap_or_default())
    }

    fn records(&self, after: After, most: usize) -> Result<Batch<Record>, StoreError> {
        records::after(&self.session, after, most_of(most))
    }

    fn grants(&self, after: After, most: usize) -> Result<Batch<GrantRecord>, StoreError> {
        grants::after(&self.session, after, most_of(most))
    }

    // Numbers that no transaction committed are gaps, which may be long.
    fn rows(&self, after: Position, most: usize) -> Result<Vec<RawEntry>, StoreError> {
        let (mut after, stretch) = (after, most as u64);
        while after < self.end {
            let until = after.saturating_add(stretch);
            let rows = entries::raw_between(&self.session, after, until)?;
            if !rows.is_empty() {
                return Ok(rows);
            }
            after = until;
        }
        Ok(Vec::new())
    }

    fn wallet(&self, number: WalletNumber) -> Result<Option<WalletKey>, StoreError> {
        wallets::key_of(&self.session, number)
    }

    fn states(&self) -> Result<HashSet<(WalletNumber, u64)>, StoreError> {
        Ok(states::all(&self.session)?.into_iter().collect())
    }

    fn events(&self, after: After, most: usize) -> Result<Batch<DomainEvent>, StoreError> {
        events::after(&self.session, after, most_of(most))
    }

    fn claims(&self, after: After, most: usize) -> Result<Batch<CarriedAnswer>, StoreError> {
        answers::claims_after(&self.session, after, most_of(most))
    }

    fn attempts(&self, after: After, most: usize) -> Result<Batch<CarriedAnswer>, StoreError> {
        answers::attempts_after(&self.session, after, most_of(most))
    }

    fn frozen(&self) -> Result<Vec<(WalletNumber, String)>, StoreError> {
        wallets::frozen(&self.session)
    }
}
