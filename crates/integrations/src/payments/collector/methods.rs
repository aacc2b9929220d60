//! Customers' payment methods, which the provider keeps.

use std::sync::Arc;

use scrip_core::{CustomerId, EnvironmentId};
use scrip_ledger::{LedgerError, Record};

use super::errand::payer;
use super::keeper::BILLING_ID;
use super::{Handle, NoProvider};
use crate::payments::provider::{Provider, Trouble};

/// Why a payment method was not changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MethodTrouble {
    /// Nobody collects in this environment.
    #[error("no payment provider collects here")]
    NoProvider,
    /// The provider will not do it.
    #[error("{0}")]
    Refused(String),
    /// It is not known whether it was done; the same again finds out.
    #[error("{0}")]
    NotNow(String),
}

impl From<LedgerError> for MethodTrouble {
    fn from(error: LedgerError) -> Self {
        Self::NotNow(error.to_string())
    }
}

impl From<Trouble> for MethodTrouble {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(message) => Self::Refused(message),
            Trouble::Unknown(message) | Trouble::Later { message, .. } => Self::NotNow(message),
        }
    }
}

impl Handle {
    /// Has a payment method charged for a customer from now on. The provider gets to know the customer
    /// first, if it does not.
    pub async fn attach(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
        payment_method: &str,
    ) -> Result<(), MethodTrouble> {
        let (provider, record) = self.collecting_from(environment, customer).await?;
        let payer = payer(customer.clone(), record.as_ref());
        let ensured = provider.ensure_payer(environment, &payer);
        let name = self.shared.in_time(ensured).await?;
        if payer.billing_id.is_none() {
            self.shared.keeper.know_payer(environment, customer, &name).await?;
        }
        Ok(self.shared.in_time(provider.attach(&name, payment_method)).await?)
    }

    /// Has no payment method charged for a customer any more.
    pub async fn detach(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<(), MethodTrouble> {
        let (provider, record) = self.collecting_from(environment, customer).await?;
        match record.as_ref().and_then(|record| record.text(BILLING_ID)) {
            Some(name) => Ok(self.shared.in_time(provider.detach(name)).await?),
            // Whom the provider does not know, it charges nothing.
            None => Ok(()),
        }
    }

    async fn collecting_from(
        &self,
        environment: EnvironmentId,
        customer: &CustomerId,
    ) -> Result<(Arc<dyn Provider>, Option<Record>), MethodTrouble> {
        match self.shared.provider(environment).await? {
            Ok(provider) => {
                Ok((provider, self.shared.keeper.customer(environment, customer).await?))
            }
            Err(NoProvider::None) => Err(MethodTrouble::NoProvider),
            Err(NoProvider::Unusable(why)) => Err(MethodTrouble::NotNow(why)),
        }
    }
}
