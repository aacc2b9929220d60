//! What the ledger keeps of payments, as far as whoever collects asks for it.

use std::sync::Arc;

use scrip_core::{CustomerId, EnvironmentId, Timestamp};
use scrip_ledger::{
    Collection, CollectionOutcome, GrantView, Invoice, InvoiceId, InvoiceMoney, Ledger,
    LedgerError, Pace, PaymentProvider, Record, RecordKind, RecordPatch, SYSTEM, Work,
};
use serde_json::{Map, Value};

use super::Place;
use crate::asking;

/// Asks the ledger.
pub(super) struct Keeper(Arc<dyn Ledger>);

/// The member of a customer's record that says what its provider calls it.
pub(super) const BILLING_ID: &str = "billingId";

impl Keeper {
    pub(super) const fn new(ledger: Arc<dyn Ledger>) -> Self {
        Self(ledger)
    }

    /// Real time.
    pub(super) fn now(&self) -> Timestamp {
        self.0.now(SYSTEM)
    }

    /// Every environment.
    pub(super) async fn environments(&self) -> Result<Vec<EnvironmentId>, LedgerError> {
        asking::environments(self.0.as_ref()).await
    }

    /// Who collects in an environment.
    pub(super) async fn settings(
        &self,
        environment: EnvironmentId,
    ) -> Result<PaymentProvider, LedgerError> {
        let (kind, id) = (RecordKind::PaymentProvider, PaymentProvider::ID);
        let found = self.0.record(environment, kind, id).await?;
        Ok(found.as_ref().and_then(PaymentProvider::of).unwrap_or_default())
    }

    /// What is to be done about an invoice, if anything is.
    pub(super) async fn todo(&self, place: Place) -> Result<Option<Collection>, LedgerError> {
        let id = place.1.to_string();
        let found = self.0.record(place.0, RecordKind::Collection, &id).await?;
        Ok(found.as_ref().and_then(Collection::of))
    }

    /// Everything that is to be done in an environment at a pace, with the invoices.
    pub(super) async fn todos(
        &self,
        environment: EnvironmentId,
        pace: Pace,
    ) -> Result<Vec<(InvoiceId, Collection)>, LedgerError> {
        let matching = vec![(Collection::PACE, pace.as_str().to_owned())];
        let kind = RecordKind::Collection;
        let found = asking::all(self.0.as_ref(), environment, kind, matching, usize::MAX).await?;
        let read = |record: &Record| Some((InvoiceId::parse(&record.id)?, Collection::of(record)?));
        Ok(found.iter().filter_map(read).collect())
    }

    /// The grant that an invoice pays for.
    pub(super) async fn grant(&self, place: Place) -> Result<Option<GrantView>, LedgerError> {
        self.0.grant(place.0, place.1.grant()).await
    }

    /// A customer's record.
    pub(super) async fn customer(
        &self,
        environment: EnvironmentId,
        id: &CustomerId,
    ) -> Result<Option<Record>, LedgerError> {
        self.0.record(environment, RecordKind::Customer, id.as_str()).await
    }

    /// A customer is called so by its provider.
    pub(super) async fn know_payer(
        &self,
        environment: EnvironmentId,
        id: &CustomerId,
        payer: &str,
    ) -> Result<(), LedgerError> {
        let members = Map::from_iter([(BILLING_ID.to_owned(), Value::from(payer))]);
        let (kind, id) = (RecordKind::Customer, id.as_str().to_owned());
        let work = Work::PatchRecord(RecordPatch { kind, id, members });
        asking::execute(self.0.as_ref(), environment, work).await.map(drop)
    }

    /// The invoice that a provider calls so, if it is one of ours.
    pub(super) async fn invoice_called(
        &self,
        environment: EnvironmentId,
        name: &str,
    ) -> Result<Option<Invoice>, LedgerError> {
        let matching = vec![(Invoice::PROVIDER_INVOICE, name.to_owned())];
        let kind = RecordKind::Invoice;
        let found = asking::all(self.0.as_ref(), environment, kind, matching, 1).await?;
        Ok(found.first().and_then(Invoice::of))
    }

    /// Writes what a provider said.
    pub(super) async fn note(
        &self,
        environment: EnvironmentId,
        outcome: CollectionOutcome,
    ) -> Result<(), LedgerError> {
        let work = Work::Collect(Box::new(outcome));
        asking::execute(self.0.as_ref(), environment, work).await.map(drop)
    }
    /// Writes how the money of an invoice stands.
    pub(super) async fn note_money(
        &self,
        environment: EnvironmentId,
        money: InvoiceMoney,
    ) -> Result<(), LedgerError> {
        let work = Work::NoteMoney(Box::new(money));
        asking::execute(self.0.as_ref(), environment, work).await.map(drop)
    }
}
