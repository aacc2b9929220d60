//! What can be asked. Every value has passed its shape checks.

use std::collections::BTreeMap;

use crate::{Money, Price, Recharge, Recurring};

/// Credits, in billionths.
pub type Amount = i128;

/// Milliseconds since 1970, UTC.
pub type Instant = i64;

/// The unit of consistency, within one environment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WalletName {
    /// The customer's identifier.
    pub customer: String,
    /// The currency's identifier.
    pub currency: String,
    /// The resource's identifier; none is the customer's own wallet.
    pub resource: Option<String>,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Make a customer.
    CreateCustomer(String),
    /// Archive the customer.
    ArchiveCustomer(String),
    /// Bring the customer back.
    UnarchiveCustomer(String),
    /// Make a currency.
    CreateCurrency(String),
    /// Archive the currency.
    ArchiveCurrency(String),
    /// Bring the currency back.
    UnarchiveCurrency(String),
    /// Say what happens to a consumption in this currency that is short and does not say itself.
    SetOverdraft(String, Overdraft),
    /// Say what one credit of this currency costs; none is nothing said.
    SetPrice(String, Option<Price>),
    /// Make a grant.
    Grant(Grant),
    /// Take back what is left of a grant, by its identifier.
    Void(String),
    /// Change a grant.
    Edit(Edit),
    /// Burn credits.
    Consume(Consume),
    /// Burn credits many times (decision 52).
    Batch(Vec<Consume>),
    /// Set credits aside.
    Reserve(Reserve),
    /// Let a reservation end at another instant.
    Extend(Extend),
    /// Settle a reservation.
    Release(Release),
    /// Give back what was consumed.
    Refund(Refund),
    /// Tell that money of an invoice was given back.
    RefundInvoice(InvoiceRefund),
    /// Save what is wanted of a wallet's recharge.
    SetRecharge(Recharge),
    /// Make a recurring grant, or change it from its next period on.
    PutRecurring(Recurring),
    /// End a wallet's recurring grant of this name; what it gave stays.
    RemoveRecurring(WalletName, String),
    /// Move the environment's test clock.
    MoveClock(Instant),
}

/// The kinds of grants that can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GrantKind {
    /// Given away.
    Promotional,
    /// Of a period.
    Recurring,
    /// Bought.
    Paid,
}

/// How a grant is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payment {
    /// Nothing is collected.
    Nothing,
    /// By an invoice that was paid.
    PaidInvoice,
}

/// A grant to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Where.
    pub wallet: WalletName,
    /// Its identifier, which the asking side minted.
    pub id: String,
    /// Its kind.
    pub kind: GrantKind,
    /// Above 0, at most 10^15 credits.
    pub amount: Amount,
    /// First criterion of the burn order, 0 to 100.
    pub priority: u8,
    /// From when on it counts; none is now.
    pub effective_at: Option<Instant>,
    /// From when on it counts no more; none is never.
    pub expire_at: Option<Instant>,
    /// What it costs, from 0; the total of its invoice.
    pub cost: Money,
    /// How it is paid.
    pub payment: Payment,
}

/// What changes of a grant. Absent members stay.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Another priority.
    pub priority: Option<u8>,
    /// Another end; an inner none is never.
    pub expire_at: Option<Option<Instant>>,
    /// Another display name.
    pub display_name: Option<String>,
}

/// A grant to be changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// Which.
    pub id: String,
    /// How.
    pub change: Change,
}

/// What happens when the balance is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// The deficit goes to the overdraft grant.
    Overdraft,
    /// Nothing is consumed.
    Reject,
    /// What the currency says (decision 72).
    Unsaid,
}

/// What a currency says of consumptions that are short and do not say themselves (section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overdraft {
    /// They overdraw.
    Allow,
    /// They are refused.
    Deny,
    /// Nothing, which allows.
    Unset,
}

/// Credits to be burned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consume {
    /// Where.
    pub wallet: WalletName,
    /// The name under which it happens once.
    pub key: String,
    /// Above 0, at most 10^15 credits.
    pub amount: Amount,
    /// The instant it is attributed to; none is now.
    pub created_at: Option<Instant>,
    /// What it was for.
    pub dimensions: BTreeMap<String, String>,
    /// What happens when the balance is short.
    pub short: Short,
}

/// Credits to be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserve {
    /// Where.
    pub wallet: WalletName,
    /// The name under which it happens once.
    pub reservation: String,
    /// Above 0, at most 10^15 credits.
    pub amount: Amount,
    /// When it ends by itself.
    pub expires_at: Instant,
}

/// A reservation to end at another instant, later or sooner (decisions 69 and 77).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extend {
    /// Where.
    pub wallet: WalletName,
    /// Which.
    pub reservation: String,
    /// When it ends by itself from now on.
    pub expires_at: Instant,
}

/// A reservation to be settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Release {
    /// Where.
    pub wallet: WalletName,
    /// Which.
    pub reservation: String,
    /// What the job took, from 0.
    pub consumed: Amount,
}

/// What a refund gives back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Undone {
    /// A consumption, by its key.
    Consumption(String),
    /// What the release of a reservation consumed.
    Reservation(String),
}

/// A consumption to be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Where.
    pub wallet: WalletName,
    /// The name under which it happens once.
    pub key: String,
    /// Of what.
    pub of: Undone,
    /// Above 0, at most 10^15 credits; none is what is left.
    pub amount: Option<Amount>,
}

/// Money of an invoice that was given back: its credits are taken back (decision 47).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceRefund {
    /// The grant that the invoice paid for, by its identifier.
    pub grant: String,
    /// Above 0.
    pub amount: Money,
    /// The name under which it happens once.
    pub key: String,
}
