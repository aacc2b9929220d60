//! What the API, whoever collects payments, and the ledger agree on: records with types (decision 23).

mod collection;
mod outcome;
mod provider;
mod provider_invoice;

pub use collection::{Collection, Intent, Pace};
pub use outcome::{CollectionOutcome, ProviderSaid, ProviderStanding, Stands};
pub use provider::{PaymentProvider, ProviderKind, StripeSettings};
pub use provider_invoice::{CollectionMethod, CollectionState, ProviderInvoice};
