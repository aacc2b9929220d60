//! Invoices that pay for grants (decision 9): kept here and marked by hand, or collected by a
//! payment provider.
//!
//! A grant is paid by one invoice, made with it in one commit. What of it is not the grant's own
//! stands in the grant's record, so that lists of grants look up nothing; a record of the invoice
//! says the same, so that invoices can be listed by themselves.

use std::fmt;

use scrip_core::{
    CurrencyId, CustomerId, GrantId, GrantState, Money, MoneyAmount, MoneyBack, MoneyCurrency,
    ResourceId, Timestamp, WalletKey,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{CollectionMethod, Payment, ProviderInvoice, ProviderKind, Record, RecordKind};

/// What an invoice is called. It follows from its grant's identifier, so it is as hard to guess, it
/// names the customer's bucket too, and one can be found by the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceId(GrantId);

impl InvoiceId {
    const PREFIX: &str = "invoice-";

    /// The invoice of a grant.
    #[must_use]
    pub const fn of(grant: GrantId) -> Self {
        Self(grant)
    }

    /// The grant that it pays for.
    #[must_use]
    pub const fn grant(self) -> GrantId {
        self.0
    }

    /// Reads an identifier as it is shown.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix(Self::PREFIX)?;
        GrantId::parse(&format!("{}{rest}", GrantId::PREFIX)).map(Self)
    }
}

impl fmt::Display for InvoiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grant = self.0.to_string();
        write!(f, "{}{}", Self::PREFIX, grant.strip_prefix(GrantId::PREFIX).unwrap_or(&grant))
    }
}

/// Where an invoice stands. The order of the variants is part of the stored format: new ones go to
/// the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvoiceStatus {
    /// It waits for its payment.
    Open,
    /// It was paid.
    Paid {
        /// When that was said.
        at: Timestamp,
    },
    /// It will not be paid.
    Canceled {
        /// Since when.
        at: Timestamp,
    },
}

impl InvoiceStatus {
    /// Every status as the API spells it (spec 1.1).
    pub const NAMES: [&str; 3] = ["OPEN", "PAID", "CANCELED"];

    /// The status as the API spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        let [open, paid, canceled] = Self::NAMES;
        match self {
            Self::Open => open,
            Self::Paid { .. } => paid,
            Self::Canceled { .. } => canceled,
        }
    }

    /// Since when it stands so; none while it is open.
    #[must_use]
    pub const fn since(self) -> Option<Timestamp> {
        match self {
            Self::Open => None,
            Self::Paid { at } | Self::Canceled { at } => Some(at),
        }
    }
}

/// The invoice that a grant is paid by, as the grant's record keeps it. The order of the variants is
/// part of the stored format: new ones go to the end, and the first two are written like the flag
/// that stands in records of before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantInvoice {
    /// There is none.
    None,
    /// One that was paid elsewhere, with no record of its own.
    PaidElsewhere,
    /// One that is kept here, with a record.
    Kept {
        /// When it is due; none if it was paid when it was made.
        due_at: Option<Timestamp>,
        /// Where it stands.
        status: InvoiceStatus,
    },
    /// One of which more is to be said; kept here, with a record.
    Detailed(Box<InvoiceDetails>),
}

/// What is known of an invoice, but for what is its grant's own. The order of the members is part of
/// the stored format: new ones go to the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceDetails {
    /// When it is due; none if it was paid when it was made, or is charged.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// How a payment provider collects it; none if it is marked by hand.
    pub provider: Option<ProviderInvoice>,
    /// What of its money went back, if some did.
    pub money_back: Option<MoneyReturns>,
}

/// Money of an invoice that went back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoneyReturns {
    /// How much, and what of the credits it takes.
    pub state: MoneyBack,
    /// When somebody said so last.
    pub at: Timestamp,
}

impl GrantInvoice {
    /// The invoice of a grant that is made at an instant, collected by a provider if there is one.
    pub(crate) fn of_new(
        payment: Payment,
        provider: Option<ProviderKind>,
        created_at: Timestamp,
    ) -> Self {
        let (due_at, method) = match payment {
            Payment::None => return Self::None,
            Payment::PaidInvoice => {
                let status = InvoiceStatus::Paid { at: created_at };
                return Self::Kept { due_at: None, status };
            }
            Payment::Charge => (None, CollectionMethod::Charge),
            Payment::Invoice { days_until_due } => {
                let due_at = created_at.later(i64::from(days_until_due) * DAY_MILLISECONDS);
                (Some(due_at), CollectionMethod::Send { days_until_due })
            }
        };
        let status = InvoiceStatus::Open;
        match (provider, method) {
            (Some(kind), _) => {
                let provider = Some(ProviderInvoice::new(kind, method));
                let details = InvoiceDetails { due_at, status, provider, money_back: None };
                Self::Detailed(Box::new(details))
            }
            // A charge that nobody can make is refused before.
            (None, CollectionMethod::Charge) => Self::None,
            (None, CollectionMethod::Send { .. }) => Self::Kept { due_at, status },
        }
    }

    /// What is known of the invoice of a grant that was made at an instant, if it has one.
    #[must_use]
    pub fn details(&self, created_at: Timestamp) -> Option<InvoiceDetails> {
        let simple =
            |due_at, status| InvoiceDetails { due_at, status, provider: None, money_back: None };
        match self {
            Self::None => None,
            Self::PaidElsewhere => Some(simple(None, InvoiceStatus::Paid { at: created_at })),
            Self::Kept { due_at, status } => Some(simple(*due_at, *status)),
            Self::Detailed(details) => Some((**details).clone()),
        }
    }

    /// The same, as it is kept.
    pub(crate) fn of_details(details: InvoiceDetails) -> Self {
        match details {
            InvoiceDetails { due_at, status, provider: None, money_back: None } => {
                Self::Kept { due_at, status }
            }
            details => Self::Detailed(Box::new(details)),
        }
    }

    /// Whether a grant in this state may have such an invoice: an open one is awaited, and a grant
    /// whose invoice is canceled is never used. A provider may be yet to cancel the invoice of a grant
    /// that is taken back.
    pub(crate) fn fits(&self, grant: GrantState) -> bool {
        let (status, is_collected) = match self {
            Self::None | Self::PaidElsewhere => return true,
            Self::Kept { status, .. } => (status, false),
            Self::Detailed(details) => (&details.status, details.provider.is_some()),
        };
        let is_pending = matches!(grant, GrantState::PaymentPending);
        match status {
            InvoiceStatus::Open if is_collected => {
                is_pending || matches!(grant, GrantState::Voided { .. })
            }
            InvoiceStatus::Open => is_pending,
            InvoiceStatus::Paid { .. } => !is_pending,
            InvoiceStatus::Canceled { .. } => {
                is_pending || matches!(grant, GrantState::Voided { .. })
            }
        }
    }
}

const DAY_MILLISECONDS: i64 = 24 * 60 * 60 * 1000;

/// An invoice as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// What it is called.
    pub id: InvoiceId,
    /// The wallet of its grant.
    pub wallet: WalletKey,
    /// What is to be paid: the grant's cost.
    pub total: Money,
    /// When it was made, with its grant.
    pub created_at: Timestamp,
    /// When it is due; none if it was paid when it was made, or is charged.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// How a payment provider collects it; none if it is marked by hand.
    pub provider: Option<ProviderInvoice>,
    /// How much of it was refunded in all.
    pub refunded: MoneyAmount,
    /// When money of it went back last, if some did.
    pub returned_at: Option<Timestamp>,
}

/// The members of a record. Customer, status and what a provider calls it are its secondary keys.
mod member {
    pub(super) const CUSTOMER: &str = "customerId";
    pub(super) const STATUS: &str = "status";
    pub(super) const CURRENCY: &str = "currencyId";
    pub(super) const RESOURCE: &str = "resourceId";
    pub(super) const TOTAL: &str = "total";
    pub(super) const MONEY: &str = "totalCurrency";
    pub(super) const DUE: &str = "dueMilliseconds";
    /// When the status was said, where something changed since.
    pub(super) const SINCE: &str = "statusMilliseconds";
    pub(super) const REFUNDED: &str = "refunded";
    pub(super) const COLLECTION: &str = "collection";
}

impl Invoice {
    /// The member of a record that has what a payment provider calls the invoice: it can be found by
    /// that.
    pub const PROVIDER_INVOICE: &'static str = "providerInvoice";

    /// When it was changed last.
    #[must_use]
    pub fn updated_at(&self) -> Timestamp {
        self.returned_at.or(self.status.since()).unwrap_or(self.created_at)
    }

    /// What a record says; none if it is no invoice's.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let instant = |name: &str| {
            let of_number = |number: &Value| {
                let at = number.as_i64().and_then(|at| Timestamp::from_milliseconds(at).ok());
                at.ok_or(())
            };
            record.body.get(name).map(of_number).transpose()
        };
        let since = instant(member::SINCE).ok()?;
        let at = since.unwrap_or(record.updated_at);
        let refunded = record.text(member::REFUNDED).map(MoneyAmount::parse).transpose().ok()?;
        let provider = record.body.get(member::COLLECTION);
        let provider = provider.map(ProviderInvoice::deserialize).transpose().ok()?;
        Some(Self {
            id: InvoiceId::parse(&record.id)?,
            wallet: WalletKey {
                environment: record.environment,
                customer: CustomerId::parse(record.text(member::CUSTOMER)?).ok()?,
                currency: CurrencyId::parse(record.text(member::CURRENCY)?).ok()?,
                resource: record.text(member::RESOURCE).map(ResourceId::parse).transpose().ok()?,
            },
            total: Money {
                amount: MoneyAmount::parse(record.text(member::TOTAL)?).ok()?,
                currency: MoneyCurrency::parse(record.text(member::MONEY)?)?,
            },
            created_at: record.created_at,
            due_at: instant(member::DUE).ok()?,
            status: match record.text(member::STATUS)? {
                "OPEN" => InvoiceStatus::Open,
                "PAID" => InvoiceStatus::Paid { at },
                "CANCELED" => InvoiceStatus::Canceled { at },
                _ => return None,
            },
            refunded: refunded.unwrap_or_default(),
            returned_at: since.map(|_| record.updated_at),
            provider,
        })
    }

    /// Its record, before it has an ordinal.
    pub(crate) fn record(&self) -> Record {
        Record {
            ordinal: 0,
            environment: self.wallet.environment,
            kind: RecordKind::Invoice,
            id: self.id.to_string(),
            created_at: self.created_at,
            updated_at: self.updated_at(),
            archived_at: None,
            body: self.body(),
        }
    }

    fn body(&self) -> Map<String, Value> {
        let wallet = &self.wallet;
        let resource = wallet.resource.as_ref().map(|id| Value::from(id.as_str()));
        let returned = self.returned_at;
        let since = returned.and_then(|_| self.status.since());
        let provider = self.provider.as_ref();
        let members = [
            (member::CUSTOMER, Some(Value::from(wallet.customer.as_str()))),
            (member::STATUS, Some(Value::from(self.status.as_str()))),
            (member::CURRENCY, Some(Value::from(wallet.currency.as_str()))),
            (member::RESOURCE, resource),
            (member::TOTAL, Some(Value::from(self.total.amount.to_string()))),
            (member::MONEY, Some(Value::from(self.total.currency.as_str()))),
            (member::DUE, self.due_at.map(|due| Value::from(due.milliseconds()))),
            (member::SINCE, since.map(|at| Value::from(at.milliseconds()))),
            (member::REFUNDED, returned.map(|_| Value::from(self.refunded.to_string()))),
            (Self::PROVIDER_INVOICE, provider.and_then(|it| it.id.clone()).map(Value::from)),
            (member::COLLECTION, provider.and_then(|it| serde_json::to_value(it).ok())),
        ];
        let present = members.into_iter().filter_map(|(name, it)| Some((name.to_owned(), it?)));
        present.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_called_like_its_grant() {
        let grant = GrantId::mint(1023, u64::MAX);
        let id = InvoiceId::of(grant);
        assert_eq!(id.to_string(), "invoice-zzzzzzzzzzzz");
        assert_eq!((InvoiceId::parse(&id.to_string()), id.grant()), (Some(id), grant));
        for bad in ["", "invoice-", "invoice-short", "cred-grant-zzzzzzzzzzzz", "zzzzzzzzzzzz"] {
            assert_eq!(InvoiceId::parse(bad), None, "{bad}");
        }
    }

    /// Grants of before have a flag there, which says that an invoice was paid elsewhere.
    #[test]
    fn a_flag_reads_as_an_invoice() {
        for (flag, invoice) in [(false, GrantInvoice::None), (true, GrantInvoice::PaidElsewhere)] {
            let bytes = postcard::to_stdvec(&flag).unwrap();
            assert_eq!(postcard::to_stdvec(&invoice).unwrap(), bytes);
            assert_eq!(postcard::from_bytes(&bytes), Ok(invoice));
        }
    }

    /// A grant of before shows an invoice that was paid when it was made.
    #[test]
    fn a_grant_of_before_has_its_invoice() {
        for mut grant in crate::packed_grant::fuzz::records() {
            grant.invoice = GrantInvoice::PaidElsewhere;
            let invoice = grant.latest_invoice().unwrap();
            let at = grant.grant.created_at;
            assert_eq!((invoice.status, invoice.due_at), (InvoiceStatus::Paid { at }, None));
            assert_eq!((invoice.created_at, invoice.updated_at()), (at, at));
            assert_eq!((invoice.id.grant(), invoice.total), (grant.grant.name.id, grant.cost));
            assert_eq!(Invoice::of(&invoice.record()), Some(invoice));
        }
    }

    #[test]
    fn an_invoice_fits_its_grants_state() {
        let at = Timestamp::from_milliseconds(1).unwrap();
        let (open, paid) = (InvoiceStatus::Open, InvoiceStatus::Paid { at });
        let canceled = InvoiceStatus::Canceled { at };
        let (pending, usable) = (GrantState::PaymentPending, GrantState::Usable);
        let (scheduled, voided) = (GrantState::Scheduled, GrantState::Voided { at });
        let rows = [
            (open, [true, false, false, false]),
            (paid, [false, true, true, true]),
            (canceled, [true, false, false, true]),
        ];
        let provider = ProviderInvoice::new(ProviderKind::Stripe, CollectionMethod::Charge);
        for (status, expected) in rows {
            let detailed = |provider| {
                let details = InvoiceDetails { due_at: None, status, provider, money_back: None };
                GrantInvoice::Detailed(Box::new(details))
            };
            let fits = |invoice: &GrantInvoice| {
                [pending, usable, scheduled, voided].map(|state| invoice.fits(state))
            };
            let kept = GrantInvoice::Kept { due_at: None, status };
            assert_eq!(fits(&kept), expected, "{status:?}");
            assert_eq!(fits(&detailed(None)), expected, "{status:?}");
            // A provider cancels some time after the grant is voided.
            let [first, second, third, last] = expected;
            let expected = [first, second, third, last || status == open];
            assert_eq!(fits(&detailed(Some(provider.clone()))), expected, "{status:?}");
        }
    }
}
