//! What a ledger answers to orders and questions.

use std::collections::BTreeMap;
use std::sync::Arc;

use scrip_core::{
    Balance, Credits, Grant, Money, MoneyAmount, Recharge, Refusal, ReservationId, RowPart,
    Timestamp, WalletKey, Words,
};
use serde::{Deserialize, Serialize};

use crate::{
    CustomerLink, GrantInvoice, Invoice, InvoiceDetails, InvoiceId, Record, RecurringGrantView,
};

/// The answer to an order that was carried out.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The record as it is now.
    Record(Box<Record>),
    /// Identifiers of an import that were new.
    Imported(Vec<String>),
    /// The link as it is now; a removed one as it was.
    CustomerLink(Box<CustomerLink>),
    /// The grant as it is now.
    Grant(Box<GrantView>),
    /// What was consumed.
    Consumed(Consumed),
    /// Items of a batch that the state refused; all others are durable.
    Batch(Vec<Rejected>),
    /// What is set aside, of a hold that was placed or extended.
    Reserved(Reserved),
    /// What a reservation came to.
    Released(Released),
    /// What was given back.
    Refunded(Refunded),
    /// The recharge as it is now.
    Recharge(Box<RechargeView>),
    /// The recurring grant as it is now.
    RecurringGrant(Box<RecurringGrantView>),
    /// The invoice as it is now.
    Invoice(Box<Invoice>),
    /// The environment's clock.
    Clock(Timestamp),
    /// Time passed, as far as one order may let it: nothing holds up the others for long.
    Advanced(Advanced),
    /// How many events were removed.
    Forgotten(usize),
    /// Where the next step of an erasure goes on; 0 if nothing is left.
    Erased(u64),
    /// Nothing to tell.
    Done,
}

/// How far time passed in some wallets.
#[derive(Clone, Debug)]
pub struct Advanced {
    /// Those of them that have something due still: whoever wants all of it asks again, about these.
    pub left: Vec<WalletKey>,
    /// How many rows it brought. Where something is left, none means that time does not pass.
    pub rows: usize,
}

/// A wallet's recharge as it is now.
#[derive(Clone, Debug)]
pub struct RechargeView {
    /// The wallet.
    pub wallet: WalletKey,
    /// How it recharges.
    pub recharge: Recharge,
    /// The wallet's time.
    pub at: Timestamp,
}

/// A consumption, new or repeated.
#[derive(Clone, Copy, Debug)]
pub struct Consumed {
    /// What was asked for.
    pub amount: Credits,
    /// The instant it is attributed to.
    pub attributed_at: Timestamp,
    /// The wallet's balance now.
    pub balance: Balance,
}

/// A refund, new or repeated.
#[derive(Clone, Copy, Debug)]
pub struct Refunded {
    /// What it gave back.
    pub amount: Credits,
    /// What all refunds of the consumption had given back with it.
    pub refunded: Credits,
    /// When it was made.
    pub at: Timestamp,
    /// The wallet's balance now.
    pub balance: Balance,
}

/// A reservation, new, repeated (decision 49) or extended.
#[derive(Clone, Copy, Debug)]
pub struct Reserved {
    /// What was set aside.
    pub amount: Credits,
    /// When it ends by itself: as it was fixed when it was placed, or extended last.
    pub expires_at: Timestamp,
    /// It still holds the credits. A repeat of one that was settled or has ended holds nothing.
    pub is_open: bool,
    /// The wallet's balance now.
    pub balance: Balance,
}

/// A settled reservation, at once or repeated (decisions 19 and 64).
#[derive(Clone, Copy, Debug)]
pub struct Released {
    /// What was set aside.
    pub amount: Credits,
    /// What the first release consumed.
    pub consumed: Credits,
    /// When it would have ended, or did end, by itself.
    pub expires_at: Timestamp,
    /// The wallet's balance now.
    pub balance: Balance,
}

/// An item of a batch that the state refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Its place, from 0.
    pub index: usize,
    /// Why.
    pub refusal: Refusal,
}

/// An order's answer, fresh or from memory.
#[derive(Clone, Debug)]
pub enum Executed {
    /// It was carried out now.
    Fresh(Answer),
    /// It was carried out before; this is what was answered then.
    Replayed(StoredAnswer),
}

/// An answer as it went to the client.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body's bytes.
    pub body: Vec<u8>,
}

/// A grant's facts that its wallet does not need, and what it was when it was made or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRecord {
    /// Its place in the order of recording, over the whole store.
    pub ordinal: u64,
    /// Its wallet.
    pub wallet: WalletKey,
    /// As it was when it was made; as it ended once it has left its wallet.
    pub grant: Grant,
    /// Name, comment, metadata, billing address.
    pub words: Words,
    /// What it cost.
    pub cost: Money,
    /// The invoice that it is paid by.
    pub invoice: GrantInvoice,
    /// Its wallet's recharge made it.
    pub is_recharge: bool,
}

impl GrantRecord {
    /// How much of its own money went back: a grant of a dispute that was won stands for some of it.
    #[must_use]
    pub fn money_returned(&self) -> MoneyAmount {
        let details = self.invoice.details(self.grant.created_at);
        let returns = details.and_then(|details| details.money_back);
        returns.map_or(MoneyAmount::ZERO, |it| it.state.returned_of(self.grant.name.id))
    }

    /// The invoice that it is paid by, if it is paid by one.
    #[must_use]
    pub fn latest_invoice(&self) -> Option<Invoice> {
        let InvoiceDetails { due_at, status, provider, money_back } =
            self.invoice.details(self.grant.created_at)?;
        let refunded = money_back.as_ref().map(|returns| returns.state.refunded());
        Some(Invoice {
            id: InvoiceId::of(self.grant.name.id),
            wallet: self.wallet.clone(),
            total: self.cost,
            created_at: self.grant.created_at,
            due_at,
            status,
            provider,
            refunded: refunded.unwrap_or_default(),
            returned_at: money_back.map(|returns| returns.at),
        })
    }
}

/// A grant as it is now.
pub type GrantView = GrantRecord;

/// A reservation as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReservationView {
    /// The wallet it belongs to.
    pub wallet: WalletKey,
    /// The client's name for it.
    pub id: ReservationId,
    /// What was set aside; positive.
    pub amount: Credits,
    /// What its release consumed; 0 without one (decision 22).
    pub consumed: Credits,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it ends by itself, or would have ended.
    pub expires_at: Timestamp,
    /// It still holds the credits.
    pub is_open: bool,
    /// What its owner wrote; empty too if it was erased.
    pub metadata: BTreeMap<String, String>,
}

/// A row of the API's ledger.
#[derive(Clone, Debug)]
pub struct RowView {
    /// The wallet it belongs to.
    pub wallet: WalletKey,
    /// Its part of the stored row.
    pub part: RowPart,
    /// The stored row.
    pub row: Arc<scrip_core::Row>,
    /// The stored row's hash.
    pub hash: scrip_core::Digest,
    /// The balance after this part.
    pub balance_after: Credits,
    /// The row that placed the hold that this one ends: it has what the hold's owner wrote.
    pub placed: Option<Arc<scrip_core::Row>>,
}
