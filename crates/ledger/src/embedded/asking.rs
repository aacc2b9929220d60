//! How the ledger asks its own threads: the writer by its queue, readers by their connections, or
//! nobody, where what is asked for is in memory.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use scrip_core::{Balance, CustomerId, EnvironmentId, ResourceId, Timestamp, WalletKey};
use tokio::sync::oneshot;

use super::readers::Reader;
use super::writer::{Message, Reply};
use super::{Embedded, Shared, warm};
use crate::queue::Refused;
use crate::reading::{self, store_error};
use crate::slot::Slot;
use crate::{Executed, LedgerError, Order};

impl Embedded {
    pub(super) fn send(&self, message: Message) -> Result<(), LedgerError> {
        if self.shared.closed.load(Ordering::Acquire) {
            return Err(LedgerError::Closed);
        }
        let sent = match &message {
            Message::Order(order, ..) => {
                let (lane, weight) = (order.environment, order.work.weight());
                self.queue.try_send(lane, weight, message)
            }
            _ => self.queue.try_send_always(message),
        };
        sent.map_err(|refused| match refused {
            Refused::Full(_) => LedgerError::Busy,
            Refused::Closed(_) => LedgerError::Closed,
        })
    }

    pub(super) async fn ask<T>(
        &self,
        message: impl FnOnce(Reply<T>) -> Message,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        answer.await.unwrap_or(Err(LedgerError::Closed))
    }

    /// Asks from a thread that may wait.
    pub(super) fn ask_blocking<T>(
        &self,
        message: impl FnOnce(Reply<T>) -> Message,
    ) -> Result<T, LedgerError> {
        let (reply, answer) = oneshot::channel();
        self.send(message(reply))?;
        answer.blocking_recv().unwrap_or(Err(LedgerError::Closed))
    }

    /// Carries out an order from a thread that may wait.
    pub(super) fn execute_blocking(&self, order: Order) -> Result<Executed, LedgerError> {
        let checked = self.readers.read(|reader| warm::warm(reader, &self.shared, &order))?;
        self.ask_blocking(|reply| Message::Order(Box::new(order), checked, reply))
    }

    /// Forgets some old answers; whether there may be more.
    pub(super) fn prune(
        &self,
        claims_before: Timestamp,
        attempts_before: Timestamp,
    ) -> Result<bool, LedgerError> {
        self.ask_blocking(|reply| Message::Prune(claims_before, attempts_before, reply))
    }

    /// Reads in a thread that may wait.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader, &Shared) -> Result<T, LedgerError> + Send + 'static,
    ) -> Result<T, LedgerError> {
        let (readers, shared) = (Arc::clone(&self.readers), Arc::clone(&self.shared));
        tokio::task::spawn_blocking(move || readers.read(|reader| read(reader, &shared)))
            .await
            .unwrap_or_else(|error| Err(LedgerError::Internal(format!("a reader: {error}"))))
    }

    /// A wallet that has rows, if nothing has to be read from the disk for it, nor written before.
    pub(super) fn at_once(&self, wallet: &WalletKey) -> Option<Arc<Slot>> {
        let slot = self.shared.wallets.in_memory(wallet)?;
        let has_rows = slot.wallet.sequence() > 0;
        (has_rows && !reading::makes_grants_now(&slot, &self.shared.clocks)).then_some(slot)
    }

    /// A customer's balances if nothing has to be read from the disk for them, nor written before: then
    /// nobody waits for a thread.
    pub(super) fn balances_at_once(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        resource: Option<&ResourceId>,
    ) -> Option<Result<Vec<(WalletKey, Balance)>, LedgerError>> {
        let Shared { wallets, clocks, .. } = self.shared.as_ref();
        let keys = wallets.of_customer_in_memory(environment, customer)?;
        let due = reading::own_due_among(wallets, clocks, &keys).ok()?;
        due.is_empty().then(|| {
            reading::balances(wallets, clocks, environment, customer, resource).map_err(store_error)
        })
    }
}
