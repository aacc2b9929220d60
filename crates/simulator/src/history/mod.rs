//! Histories: what is asked of a ledger, step by step, and how time passes in between.

mod amounts;
mod generator;
mod profile;
mod text;
mod times;

use scrip_oracle::{EventKind, Instant, Request, WalletName};

pub use generator::generate;
pub use text::{Unreadable, amount_text, instant_text, wallet_text};

/// The first instant of every history: 2030-01-01, midnight UTC.
pub const BEGINNING: Instant = 1_893_456_000_000;

/// What is asked, in order, and of what kind of ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    /// Where, and with what room.
    pub setup: Setup,
    /// What happens.
    pub steps: Vec<Step>,
}

/// What a history is played in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// The environment.
    pub environment: Environment,
    /// How much room an embedded ledger has.
    pub budgets: Budgets,
}

/// The environment of a history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Follows real time, which somebody may set back.
    #[default]
    Production,
    /// Has a test clock, which is moved by requests.
    Sandbox,
}

/// The room of an embedded ledger; tiny, so that short histories see what long ones would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budgets {
    /// Bytes that wallets in memory may take.
    pub wallets_bytes_max: usize,
    /// Between two rounds of snapshots.
    pub snapshots_every_milliseconds: u64,
    /// Rows that snapshots may be behind.
    pub lag_rows_max: u64,
    /// Names of a slice.
    pub names_max: usize,
}

impl Default for Budgets {
    fn default() -> Self {
        Self {
            wallets_bytes_max: 1 << 30,
            snapshots_every_milliseconds: 5_000,
            lag_rows_max: 1_000_000,
            names_max: 16_384,
        }
    }
}

/// One step of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Something is asked for.
    Ask(Request),
    /// Real time passes up to an instant; if it lies back, somebody set the clock.
    Clock(Instant),
    /// The ledger is closed and opened again.
    Restart,
    /// Everything that is written behind is written.
    WriteBehind,
    /// Something is read and compared.
    Read(Read),
}

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// A wallet's numbers; nothing is written for them.
    Totals(WalletName),
    /// The balance at an instant.
    At(WalletName, Instant),
    /// A list of grants, page by page.
    Grants {
        /// Whose.
        customer: String,
        /// Of one resource, or of none.
        resource: Option<String>,
        /// Of one currency, or of all.
        currency: Option<String>,
        /// Items of a page.
        page: usize,
    },
    /// A list of rows, page by page.
    Rows(RowsRead),
}

/// Which rows are read, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsRead {
    /// Whose.
    pub customer: String,
    /// Of one resource, or of all wallets.
    pub resource: Option<String>,
    /// Of one currency, or of all.
    pub currency: Option<String>,
    /// Of these kinds; empty is all.
    pub kinds: Vec<EventKind>,
    /// Of one reservation.
    pub reservation: Option<String>,
    /// Items of a page.
    pub page: usize,
}

impl Step {
    /// The wallets that it names.
    #[must_use]
    pub fn wallets(&self) -> Vec<&WalletName> {
        match self {
            Self::Ask(Request::Grant(grant)) => vec![&grant.wallet],
            Self::Ask(Request::Consume(consume)) => vec![&consume.wallet],
            Self::Ask(Request::Batch(items)) => items.iter().map(|item| &item.wallet).collect(),
            Self::Ask(Request::Reserve(reserve)) => vec![&reserve.wallet],
            Self::Ask(Request::Extend(extend)) => vec![&extend.wallet],
            Self::Ask(Request::Release(release)) => vec![&release.wallet],
            Self::Ask(Request::Refund(refund)) => vec![&refund.wallet],
            Self::Ask(Request::PutRecurring(put)) => vec![&put.wallet],
            Self::Ask(Request::RemoveRecurring(wallet, _)) => vec![wallet],
            Self::Ask(Request::SetRecharge(recharge)) => vec![&recharge.wallet],
            Self::Read(Read::Totals(wallet) | Read::At(wallet, _)) => vec![wallet],
            _ => Vec::new(),
        }
    }

    /// How many commands it is: items count one by one.
    #[must_use]
    pub const fn commands(&self) -> usize {
        match self {
            Self::Ask(Request::Batch(items)) => items.len(),
            Self::Ask(_) => 1,
            _ => 0,
        }
    }
}
