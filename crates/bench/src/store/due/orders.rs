//! What becomes due: the orders that bring each kind about, and how it shows in the outbox.

use scrip_core::{
    Cadence, Consume, Credits, Fingerprint, GrantPeriod, HoldEnd, IdempotencyKey, Money,
    MoneyAmount, OnInsufficient, Priority, RechargeSetting, RecurringGrantId, ReservationId,
    Reserve, Threshold, Timestamp,
};
use scrip_ledger::{
    EventKind, PutRecurringGrant, WalletConsume, WalletRecharge, WalletReserve, Work,
};

use crate::store::orders::{self, GRANTED, Times};

/// Grants of a wallet that are made for what is due have their places behind those of the filling.
const WHICH: u16 = 250;
/// How long before its end a grant is announced.
const ANNOUNCED_MILLISECONDS: i64 = 7 * 24 * 60 * 60 * 1_000;

/// A kind of due work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A grant counts from the instant on.
    Activation,
    /// A grant ends.
    Expiry,
    /// A reservation ends by itself.
    HoldTimeout,
    /// A period of a recurring grant begins.
    Renewal,
    /// The end of a grant comes near.
    Announcement,
    /// A grant ends, so that a fifth or less of the wallet's credits is left.
    BalanceLow,
    /// A grant ends, so that the wallet recharges.
    Recharge,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Activation,
        Self::Expiry,
        Self::HoldTimeout,
        Self::Renewal,
        Self::Announcement,
        Self::BalanceLow,
        Self::Recharge,
    ];

    /// What the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Activation => "a grant becomes usable",
            Self::Expiry => "a grant expires",
            Self::HoldTimeout => "a hold times out",
            Self::Renewal => "a recurring grant renews",
            Self::Announcement => "a grant expires soon",
            Self::BalanceLow => "the balance is low as a grant expires",
            Self::Recharge => "a recharge as a grant expires",
        }
    }

    /// The event that tells of it; a hold that times out has none, but a row.
    pub fn event(self) -> Option<EventKind> {
        match self {
            Self::Activation => Some(EventKind::GrantUpdated),
            Self::Expiry => Some(EventKind::GrantExpired),
            Self::HoldTimeout => None,
            Self::Renewal => Some(EventKind::GrantCreated),
            Self::Announcement => Some(EventKind::GrantExpiring),
            Self::BalanceLow => Some(EventKind::BalanceLow),
            Self::Recharge => Some(EventKind::RechargeAttempted),
        }
    }

    /// What is ordered of a wallet, which has the grants of the filling, so that it is due then.
    pub fn works(self, number: u32, grants: u16, at: Timestamp) -> anyhow::Result<Vec<Work>> {
        let one = Credits::whole(1);
        Ok(match self {
            Self::Activation => {
                let times = Times { effective_at: Some(at), expire_at: None };
                vec![orders::timed_grant(number, WHICH, one, times)?]
            }
            Self::Expiry => vec![ending(number, one, at)?],
            Self::HoldTimeout => vec![hold(number, at)?],
            Self::Renewal => vec![recurring(number, at)?],
            Self::Announcement => {
                vec![ending(number, one, at.later(ANNOUNCED_MILLISECONDS))?]
            }
            // A tenth of the filling's credits, and many that will be gone.
            Self::BalanceLow => {
                let tenths = i128::from(grants) * 9;
                let used = GRANTED.billionths() / 10 * tenths;
                vec![consume(number, Credits::from_billionths(used))?, large(number, grants, at)?]
            }
            Self::Recharge => vec![large(number, grants, at)?, recharge(number, grants)?],
        })
    }
}

/// A grant that ends.
pub fn ending(number: u32, amount: Credits, at: Timestamp) -> anyhow::Result<Work> {
    let times = Times { effective_at: None, expire_at: Some(at) };
    orders::timed_grant(number, WHICH, amount, times)
}

fn times(amount: Credits, factor: i128) -> Credits {
    Credits::from_billionths(amount.billionths().saturating_mul(factor))
}

/// Ten times what the filling granted, for a while.
fn large(number: u32, grants: u16, at: Timestamp) -> anyhow::Result<Work> {
    ending(number, times(GRANTED, i128::from(grants) * 10), at)
}

/// Keeps a wallet above twice what the filling granted.
fn recharge(number: u32, grants: u16) -> anyhow::Result<Work> {
    let granted = times(GRANTED, grants.into());
    let setting = RechargeSetting {
        is_enabled: true,
        threshold: Threshold::Credits(times(granted, 2)),
        target: times(granted, 3),
        spend_limit: None,
        grant_period: GrantPeriod::OneMonth,
        unit_cost: Some(Money { amount: MoneyAmount::parse("0.001")?, ..Money::FREE }),
    };
    let wallet = orders::wallet(number)?;
    Ok(Work::SetRecharge(Box::new(WalletRecharge { wallet, setting })))
}

/// Its first period began a year before, and so begins at once; the next one begins at the instant.
fn recurring(number: u32, at: Timestamp) -> anyhow::Result<Work> {
    Ok(Work::PutRecurringGrant(Box::new(PutRecurringGrant {
        wallet: orders::wallet(number)?,
        id: RecurringGrantId::parse(&format!("due-{number}"))?,
        amount: Credits::whole(1),
        cadence: Cadence::Year,
        anchor: Some(at.months_later(-12)),
        priority: Priority::DEFAULT,
        display_name: "Yearly".to_owned(),
    })))
}

fn hold(number: u32, at: Timestamp) -> anyhow::Result<Work> {
    let reservation = ReservationId::parse(&format!("due-{number}"))?;
    let reserve = Reserve {
        fingerprint: Fingerprint::of(&number),
        reservation,
        amount: Credits::whole(1),
        ends: HoldEnd::At(at),
        metadata: Default::default(),
    };
    Ok(Work::Reserve(Box::new(WalletReserve { wallet: orders::wallet(number)?, reserve })))
}

fn consume(number: u32, amount: Credits) -> anyhow::Result<Work> {
    let consume = Consume {
        amount,
        key: IdempotencyKey::parse(&format!("due-{number}"))?,
        created_at: None,
        dimensions: Default::default(),
        on_insufficient: OnInsufficient::Reject,
    };
    let wallet = orders::wallet(number)?;
    Ok(Work::Consume(Box::new(WalletConsume { wallet, consume, as_currency_says: false })))
}
