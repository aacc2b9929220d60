//! What a load is made of, for whoever asks.

use std::time::Duration;

use clap::Args;

use crate::client::pass::{Shape, Span};
use crate::client::writer::Mix;
use crate::store::filling::Filling;

/// Wallets are few when it is only to be seen that it works.
const QUICK_WALLETS: u32 = 100;
const QUICK_GRANTS: u16 = 10;
const QUICK_SPAN: Span = Span { warm_up: Duration::ZERO, counted: Duration::from_millis(100) };

/// What is asked, of which wallets, over how many connections.
#[derive(Args)]
pub struct What {
    /// What is asked.
    #[arg(long, value_enum, default_value_t = Mix::Single)]
    mix: Mix,
    /// Wallets that it is asked of, at random; with 1 all of it hits one hot wallet.
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    wallets: u32,
    /// Live grants of each wallet.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=9_000))]
    grants: u16,
    /// Consumptions of each batch.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    items: u16,
    /// Connections, each with one request at a time.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: u32,
    /// Seconds of each pass that count.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
    /// Seconds before them, of which nothing counts.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=3_600))]
    warm_up_seconds: u64,
    /// A tenth of a second without a warm-up, of few wallets: to see that it works.
    #[arg(long)]
    pub quick: bool,
}

impl What {
    /// How it is asked.
    pub fn shape(&self) -> Shape {
        let items = if self.mix == Mix::Batch { self.items } else { 1 };
        Shape { mix: self.mix, items: items.into(), connections: self.connections as usize }
    }

    /// How long.
    pub fn span(&self) -> Span {
        if self.quick {
            return QUICK_SPAN;
        }
        Span {
            warm_up: Duration::from_secs(self.warm_up_seconds),
            counted: Duration::from_secs(self.seconds),
        }
    }

    /// What the ledger has before.
    pub fn filling(&self) -> Filling {
        let (wallets, grants) = (self.wallets, self.grants);
        if self.quick {
            let (wallets, grants) = (wallets.min(QUICK_WALLETS), grants.min(QUICK_GRANTS));
            return Filling { wallets, grants, ending: false };
        }
        Filling { wallets, grants, ending: false }
    }
}
