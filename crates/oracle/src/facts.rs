//! What is kept of a wallet: what was accepted, and when.

use crate::{
    Amount, Change, Consume, Grant, Instant, InvoiceRefund, Recharge, Recurring, Refund, Reserve,
};

/// Something that happened to a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fact {
    /// The wallet's instant; of [`What::WroteDue`] what the clock showed.
    pub(crate) at: Instant,
    /// What happened.
    pub(crate) what: What,
}

/// The kinds of facts. Grants and holds are meant by their place in the order of creation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Grant(Grant),
    Void {
        grant: usize,
    },
    Edit {
        grant: usize,
        change: Change,
    },
    Consume(Consume),
    Reserve(Reserve),
    Extend {
        hold: usize,
        expires_at: Instant,
    },
    Release {
        hold: usize,
        consumed: Amount,
    },
    Refund(Refund),
    RefundInvoice {
        grant: usize,
        refund: InvoiceRefund,
    },
    /// With the price that holds for it.
    SetRecharge(Recharge),
    /// With its anchor.
    PutRecurring(Recurring),
    RemoveRecurring(String),
    /// Customer and currency were both not archived from then on, or one of them was.
    Standing {
        is_live: bool,
    },
    /// What was due by then was written, and nothing else.
    WroteDue,
}
