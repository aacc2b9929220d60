//! What a wallet cannot know of itself.

use crate::PaymentState;

/// How the world stands when a wallet is asked to do something: whether it may make grants that
/// nobody asks for just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// Recurring grants are renewed. Otherwise they rest, and a period that begins meanwhile is not
    /// made up (decision 74).
    pub renews: bool,
    /// A wallet that falls below its threshold recharges, and whether the grant waits for its
    /// charge. None: it does not, because customer or currency is archived (decision 48).
    pub recharges: Option<PaymentState>,
}

impl Circumstances {
    /// Customer and currency are live, and nothing is charged: a recharge is a grant that is usable
    /// at once, its cost counted (decision 67).
    pub const LIVE: Self = Self { renews: true, recharges: Some(PaymentState::Settled) };
    /// Nothing is made.
    pub const RESTING: Self = Self { renews: false, recharges: None };
}
