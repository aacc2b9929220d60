//! Recurring grants as records: what was asked for, beside what their wallet knows.

use scrip_core::{
    Cadence, Credits, CurrencyId, CustomerId, Priority, RecurringGrantId, ResourceId, Timestamp,
    WalletKey,
};
use serde_json::{Map, Value};

use crate::{PutRecurringGrant, Record};

/// A recurring grant as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecurringGrantView {
    /// The client's name for it.
    pub id: RecurringGrantId,
    /// Its wallet.
    pub wallet: WalletKey,
    /// What each period gives; positive.
    pub amount: Credits,
    /// How long a period is.
    pub cadence: Cadence,
    /// Where periods begin.
    pub anchor: Timestamp,
    /// The grants' priority.
    pub priority: Priority,
    /// What the grants are called.
    pub display_name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was changed last.
    pub updated_at: Timestamp,
    /// When it ended, if it did.
    pub ended_at: Option<Timestamp>,
    /// When its next period begins, where that was asked of the wallet; none once it ended.
    pub next: Option<Timestamp>,
}

/// The members of a record. Customer, currency and resource are its secondary keys.
mod member {
    pub(super) const CUSTOMER: &str = "customerId";
    pub(super) const CURRENCY: &str = "currencyId";
    pub(super) const RESOURCE: &str = "resourceId";
    pub(super) const AMOUNT: &str = "amount";
    pub(super) const CADENCE: &str = "cadence";
    pub(super) const ANCHOR: &str = "anchorMilliseconds";
    pub(super) const PRIORITY: &str = "priority";
    pub(super) const NAME: &str = "displayName";
}

impl RecurringGrantView {
    /// What a record says; none if it is no recurring grant's.
    #[must_use]
    pub fn of(record: &Record) -> Option<Self> {
        let number = |name| record.body.get(name).and_then(Value::as_i64);
        Some(Self {
            id: RecurringGrantId::parse(&record.id).ok()?,
            wallet: WalletKey {
                environment: record.environment,
                customer: CustomerId::parse(record.text(member::CUSTOMER)?).ok()?,
                currency: CurrencyId::parse(record.text(member::CURRENCY)?).ok()?,
                resource: record.text(member::RESOURCE).map(ResourceId::parse).transpose().ok()?,
            },
            amount: Credits::parse(record.text(member::AMOUNT)?).ok()?,
            cadence: Cadence::parse(record.text(member::CADENCE)?)?,
            anchor: Timestamp::from_milliseconds(number(member::ANCHOR)?).ok()?,
            priority: u8::try_from(number(member::PRIORITY)?).ok().and_then(Priority::new)?,
            display_name: record.text(member::NAME)?.to_owned(),
            created_at: record.created_at,
            updated_at: record.updated_at,
            ended_at: record.archived_at,
            next: None,
        })
    }
}

/// The body of the record of what was put, with the anchor that was settled.
pub(crate) fn body_of(put: &PutRecurringGrant, anchor: Timestamp) -> Map<String, Value> {
    let PutRecurringGrant { wallet, amount, cadence, priority, display_name, .. } = put;
    let resource = wallet.resource.as_ref().map(|id| Value::from(id.as_str()));
    let members = [
        (member::CUSTOMER, Some(Value::from(wallet.customer.as_str()))),
        (member::CURRENCY, Some(Value::from(wallet.currency.as_str()))),
        (member::RESOURCE, resource),
        (member::AMOUNT, Some(Value::from(amount.to_string()))),
        (member::CADENCE, Some(Value::from(cadence.as_str()))),
        (member::ANCHOR, Some(Value::from(anchor.milliseconds()))),
        (member::PRIORITY, Some(Value::from(priority.get()))),
        (member::NAME, Some(Value::from(display_name.as_str()))),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    present.collect()
}
