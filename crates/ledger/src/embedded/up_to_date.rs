//! Writes what is due before it is read (decision 33).

use std::sync::Arc;

use scrip_core::{CustomerId, EnvironmentId, WalletKey};

use super::readers::Reader;
use super::{Embedded, Shared};
use crate::LedgerError;
use crate::published::Published as _;
use crate::reading::{self, ADVANCE_MOST, store_error};
use crate::work::StoreError;

impl Embedded {
    /// Writes what is due in the wallets that `find` names, and answers these.
    pub(super) async fn bring_up(
        &self,
        find: impl FnOnce(&Shared) -> Result<Vec<WalletKey>, StoreError> + Send + 'static,
    ) -> Result<Vec<WalletKey>, LedgerError> {
        let (keys, due) = self
            .read(move |_, shared| {
                let keys = find(shared).map_err(store_error)?;
                let due = reading::due_among(&shared.wallets, &shared.clocks, &keys);
                Ok((keys, due.map_err(store_error)?))
            })
            .await?;
        reading::write_due(self, &due).await?;
        Ok(keys)
    }

    /// Reads the wallets that `find` names as they are now. Where something due may make grants, it
    /// is written before.
    pub(super) async fn read_now<T: Send + 'static>(
        &self,
        find: impl FnOnce(&Shared) -> Result<Vec<WalletKey>, StoreError> + Send + 'static,
        read: impl Fn(&Reader, &Shared) -> Result<T, LedgerError> + Send + Sync + 'static,
    ) -> Result<T, LedgerError> {
        let read = Arc::new(read);
        let at_once = Arc::clone(&read);
        let answer = self.read(move |reader, shared| {
            let keys = find(shared).map_err(store_error)?;
            let due = reading::own_due_among(&shared.wallets, &shared.clocks, &keys);
            let due = due.map_err(store_error)?;
            if due.is_empty() { at_once(reader, shared).map(Ok) } else { Ok(Err(due)) }
        });
        match answer.await? {
            Ok(answer) => Ok(answer),
            Err(due) => {
                reading::write_due(self, &due).await?;
                self.read(move |reader, shared| read(reader, shared)).await
            }
        }
    }

    /// Writes what is due in a wallet, or says why it is not written.
    pub(super) async fn write_due_or_fail(&self, wallet: &WalletKey) -> Result<(), LedgerError> {
        let key = wallet.clone();
        let due = self.read(move |_, shared| {
            let due = reading::due_among(&shared.wallets, &shared.clocks, &[key]);
            due.map_err(store_error)
        });
        reading::write_due_or_fail(self, due.await?).await
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
        let find = move |shared: &Shared| shared.wallets.wallets_of(environment, &customer);
        self.bring_up(find).await.map(drop)
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
        self.read(move |_, shared| {
            let now = shared.clocks.now(environment);
            shared.wallets.due(environment, now, ADVANCE_MOST).map_err(store_error)
        })
        .await
    }
}
