//! Writes what is due before it is read (decision 33).

use std::sync::Arc;

use scrip_core::{CustomerId, EnvironmentId, WalletKey};

use super::horizon::{self, Horizon};
use super::reader::Reader;
use super::sessions::{Whose, ask_with, read};
use super::{Postgres, Shared, of_customer, rows_of, whose};
use crate::LedgerError;
use crate::published::Published as _;
use crate::reading::{self, ADVANCE_MOST, advance, store_error};
use crate::work::StoreError;

impl Postgres {
    /// Writes what is due in the wallets that `find` names, and answers these.
    pub(super) async fn bring_up(
        &self,
        whose: Whose,
        find: impl Fn(&Reader<'_>) -> Result<Vec<WalletKey>, StoreError> + Send + 'static,
    ) -> Result<Vec<WalletKey>, LedgerError> {
        let question = move |reader: &Reader<'_>, shared: &Shared| {
            let keys = find(reader).map_err(store_error)?;
            let due = reading::due_among(reader, &shared.clocks, &keys);
            Ok((keys, due.map_err(store_error)?))
        };
        let (keys, due) = read(&self.shared, whose, question).await?;
        reading::write_due(self, &due).await?;
        Ok(keys)
    }

    /// Reads the wallets that `find` names as they are now. Where something due may make grants, it
    /// is written before.
    pub(super) async fn read_now<T: Send + 'static>(
        &self,
        whose: Whose,
        find: impl Fn(&Reader<'_>) -> Result<Vec<WalletKey>, StoreError> + Send + 'static,
        question: impl Fn(&Reader<'_>, &Shared) -> Result<T, LedgerError> + Send + Sync + 'static,
    ) -> Result<T, LedgerError> {
        let question = Arc::new(question);
        let at_once = Arc::clone(&question);
        let first = move |reader: &Reader<'_>, shared: &Shared| {
            let keys = find(reader).map_err(store_error)?;
            let due = reading::own_due_among(reader, &shared.clocks, &keys);
            let due = due.map_err(store_error)?;
            if due.is_empty() { at_once(reader, shared).map(Ok) } else { Ok(Err(due)) }
        };
        match read(&self.shared, whose.clone(), first).await? {
            Ok(answer) => Ok(answer),
            Err(due) => {
                reading::write_due(self, &due).await?;
                read(&self.shared, whose, move |reader, shared| question(reader, shared)).await
            }
        }
    }

    /// Writes what is due in a wallet, or says why it is not written.
    pub(super) async fn write_due_or_fail(&self, wallet: &WalletKey) -> Result<(), LedgerError> {
        let key = wallet.clone();
        let question = move |reader: &Reader<'_>, shared: &Shared| {
            let keys = std::slice::from_ref(&key);
            reading::due_among(reader, &shared.clocks, keys).map_err(store_error)
        };
        let due = read(&self.shared, whose(wallet), question).await?;
        reading::write_due_or_fail(self, due).await
    }

    /// Writes what is due in an environment, or of one customer in it. On a full disk reads go on, and
    /// beside a frozen wallet everything does.
    pub(super) async fn write_due_in(
        &self,
        environment: EnvironmentId,
        customer: Option<CustomerId>,
    ) -> Result<(), LedgerError> {
        let Some(customer) = customer else {
            return match self.write_all_due(environment).await {
                Err(LedgerError::DiskFull | LedgerError::Frozen) => Ok(()),
                written => written,
            };
        };
        let find = of_customer(environment, &customer);
        self.bring_up(Some((environment, customer)), find).await.map(drop)
    }

    /// Writes everything that is due in an environment, slice by slice, so that others are served
    /// in between. Housekeeping goes on with it if the caller leaves.
    pub(super) async fn write_all_due(
        &self,
        environment: EnvironmentId,
    ) -> Result<(), LedgerError> {
        reading::write_all_due(self, || self.due_now(environment)).await
    }

    /// Some wallets of an environment that have something due now.
    async fn due_now(&self, environment: EnvironmentId) -> Result<Vec<WalletKey>, LedgerError> {
        let question = move |reader: &Reader<'_>, shared: &Shared| {
            let now = shared.clocks.now(environment);
            let due = reader.due(environment, now, ADVANCE_MOST).map_err(store_error)?;
            Ok(reader.session().shards().beside_the_first(due))
        };
        read(&self.shared, None, question).await
    }

    /// Lets time pass in some wallets, from a thread that may wait; how many rows it brought.
    pub(super) fn advance_blocking(
        &self,
        environment: EnvironmentId,
        keys: Vec<WalletKey>,
    ) -> usize {
        let answer = self.send(advance(environment, keys), None);
        answer
            .map_or(0, |answer| rows_of(answer.blocking_recv().unwrap_or(Err(LedgerError::Closed))))
    }

    /// How far everything is told.
    pub(super) async fn horizon(&self) -> Result<Horizon, LedgerError> {
        let question = |session: &super::session::Session, _: &Shared| {
            horizon::horizon(session).map_err(store_error)
        };
        ask_with(&self.shared, question).await
    }
}
