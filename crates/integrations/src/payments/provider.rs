//! What is asked of a payment provider, and what it may answer.
//!
//! Whoever asks may stop at any point and ask the same again. So every question says all that is
//! needed to find out what an earlier one did, and no answer is taken for more than it says.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use scrip_core::{Address, CustomerId, EnvironmentId, GrantId, Money, MoneyAmount, Timestamp};

/// What is to be collected: everything a provider needs to know, and what it said before.
///
/// But for `known`, `attempt` and `may_exist` it stays the same whenever it is asked for again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Where the grant lives.
    pub environment: EnvironmentId,
    /// The grant that is bought. The keys that make every request to the provider happen once are
    /// derived from environment and grant.
    pub grant: GrantId,
    /// Who pays.
    pub payer: Payer,
    /// What it costs, in full units of the currency.
    pub total: Money,
    /// What the invoice says is bought: the grant's display name.
    pub description: String,
    /// How it is collected.
    pub how: Collection,
    /// The provider's identifier of the invoice, if an earlier attempt learned it.
    pub known: Option<String>,
    /// Counts the tries to pay, from 1: part of the key of the payment request only, so a retry
    /// that somebody asked for is a new try.
    pub attempt: u32,
    /// An earlier attempt may have made the invoice without our learning its identifier (a crash, a
    /// lost answer): it is looked for by its metadata before one is made.
    pub may_exist: bool,
}

/// A customer who pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The customer, as its owner names it.
    pub id: CustomerId,
    /// The provider's identifier of the customer, if it is known.
    pub billing_id: Option<String>,
    /// The name on invoices.
    pub name: Option<String>,
    /// Where invoices are sent.
    pub email: Option<String>,
}

/// How a bill is collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collection {
    /// The payer's stored payment method is charged now, off session.
    Charge,
    /// An invoice is sent.
    Send {
        /// Days from now until it is due.
        days_until_due: u16,
        /// The billing address that it shows.
        address: Option<Address>,
    },
}

/// Where the provider says an invoice stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It can be paid.
    Open,
    /// It was paid by something that takes its time, and may fail yet.
    Processing,
    /// It was paid.
    Paid,
    /// A payment failed. The invoice can be paid yet.
    Failed {
        /// Why, in the provider's words.
        message: String,
    },
    /// The payer must do something, such as authenticate, at the payment URL.
    ActionRequired {
        /// What, in the provider's words.
        message: String,
    },
    /// It was canceled, and can no more be paid.
    Canceled,
}

/// What a provider says of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// The provider's identifier of the customer.
    pub payer: String,
    /// The provider's identifier of the invoice.
    pub invoice: String,
    /// Where it stands.
    pub standing: Standing,
    /// Where the payer can pay it.
    pub payment_url: Option<String>,
    /// The invoice as a document.
    pub pdf_url: Option<String>,
}

/// Why a provider gave no answer. No text of it has a secret in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nobody knows whether it happened: the same request again is safe and finds out.
    #[error("the provider's answer is not known: {0}")]
    Unknown(String),
    /// Not now: a rate limit, a fault of the provider, or another request with the same key runs.
    #[error("not now: {message}")]
    Later {
        /// Why, in the provider's words where it gave some.
        message: String,
        /// How long the provider asks to be left alone.
        after: Option<Duration>,
    },
    /// Never: a wrong key, an unknown customer, an amount that the provider cannot take.
    #[error("{0}")]
    Refused(String),
}

/// What money of an invoice went back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MoneyBack {
    /// The sum of all refunds that did not fail, in full units of the invoice's currency.
    pub refunded: MoneyAmount,
    /// Every dispute that took money, or may have.
    pub disputes: Vec<ProviderDispute>,
}

/// A payer's dispute with his bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderDispute {
    /// The provider's identifier.
    pub id: String,
    /// How much is disputed, in full units of the currency.
    pub amount: MoneyAmount,
    /// Where it stands.
    pub standing: DisputeStanding,
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisputeStanding {
    /// The money was taken, and it is not decided whose it is.
    Open,
    /// The money is ours.
    Won,
    /// The money is the payer's.
    Lost,
}

/// Something that the provider told by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The provider's identifier of the event, the same whenever it is told again.
    pub event: String,
    /// What to ask the provider about.
    pub about: About,
}

/// What something that was heard is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// This invoice may stand elsewhere.
    Invoice(String),
    /// Money of this charge went back, or may have: [`Provider::invoice_of`] knows of which
    /// invoice.
    Charge(String),
    /// Nothing that matters here.
    Nothing,
}

/// Why something that came in is not believed to be of the provider, or cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotHeard {
    /// There is no secret that could check it.
    #[error("no secret is configured that could check the signature")]
    NoSecret,
    /// It has more bytes than are looked at.
    #[error("the body is longer than 256 KiB")]
    TooLong,
    /// It is not written as the provider writes.
    #[error("{0}")]
    Malformed(&'static str),
    /// Nobody signed it who knows the secret.
    #[error("no signature is that of the body")]
    WrongSignature,
    /// It is old, or of a clock that is far ahead: somebody may be sending again what he once
    /// heard.
    #[error("the signature was not made within five minutes from now")]
    WrongAge,
}

/// What a provider will answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, Trouble>> + Send + 'a>>;

/// Who collects. Futures are boxed, since providers are chosen at run time.
pub trait Provider: Send + Sync {
    /// Brings the bill's invoice as far as it goes: made, finalised, paid or sent. The same bill
    /// again changes nothing twice.
    fn collect<'a>(&'a self, bill: &'a Bill) -> Answer<'a, Collected>;

    /// The bill's invoice, if one was made: by `known`, else by its metadata. No invoice is made or
    /// changed.
    fn find<'a>(&'a self, bill: &'a Bill) -> Answer<'a, Option<Collected>>;

    /// Where an invoice stands now; changes nothing.
    fn look<'a>(&'a self, invoice: &'a str) -> Answer<'a, Collected>;

    /// Cancels an invoice that is open; answers where it stands then: it may have been paid first.
    /// The same key again is the same request. One that the provider does not know (any more) is
    /// canceled, and its payer is empty.
    fn cancel<'a>(&'a self, invoice: &'a str, key: &'a str) -> Answer<'a, Collected>;

    /// Makes the payer known, or sees that a billing identifier is one; answers the provider's
    /// identifier.
    fn ensure_payer<'a>(
        &'a self,
        environment: EnvironmentId,
        payer: &'a Payer,
    ) -> Answer<'a, String>;

    /// Stores a payment method with the payer and makes it the one that is charged.
    fn attach<'a>(&'a self, payer: &'a str, payment_method: &'a str) -> Answer<'a, ()>;

    /// Removes the payer's stored payment method, if there is one.
    fn detach<'a>(&'a self, payer: &'a str) -> Answer<'a, ()>;

    /// What money of a paid invoice went back, in all.
    fn money_back<'a>(&'a self, invoice: &'a str) -> Answer<'a, MoneyBack>;

    /// The invoice that a charge is of; none if it is of no invoice.
    fn invoice_of<'a>(&'a self, charge: &'a str) -> Answer<'a, Option<String>>;

    /// Checks the signature and age of something the provider sent, and says what it is about.
    ///
    /// Nothing of its content is believed but identifiers: what they stand for is asked of the
    /// provider ([`Provider::look`], [`Provider::money_back`]), so order and repetition do not
    /// matter.
    fn heard(&self, signature: &str, body: &[u8], now: Timestamp) -> Result<Heard, NotHeard>;
}
