//! The options of `scrip import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::client::options::AskOptions;

/// Options of `import`.
#[derive(Args)]
pub struct ImportOptions {
    /// Whose export it is.
    #[arg(long, value_enum)]
    pub from: Source,
    /// What its API answered, as JSON: pages, lists, single objects, or one object on a line, in any
    /// order.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Which currency credits become: `usd=credits` makes those that were counted in dollars credits of
    /// the currency `credits`. For Lago, a wallet's code or the code of its money; for Stripe, the code
    /// of the money; for Stigg, another id than the currency has there. May be given again.
    #[arg(long, value_name = "SOURCE=ID", value_parser = pair)]
    pub currency: Vec<(String, String)>,
    /// A JSON object of the source's customer ids with the ids that they have here. Those that it does
    /// not name keep theirs.
    #[arg(long, value_name = "FILE")]
    pub customers: Option<PathBuf>,
    /// For wallets of Lago of which it is not said what is left of each top-up: take what is left for
    /// sold, or for given.
    #[arg(long, value_enum, value_name = "TYPE")]
    pub unattributed: Option<Unattributed>,
    /// Show what would be done, and change nothing.
    #[arg(long, conflicts_with = "compare")]
    pub dry_run: bool,
    /// Only compare the balances of the export with those here, and change nothing.
    #[arg(long)]
    pub compare: bool,
    /// Customers that are worked on at the same time.
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub in_flight: u16,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Who counted the credits before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Source {
    /// Grants, customers and currencies of Stigg, or of another Scrip.
    Stigg,
    /// Wallets, wallet transactions and customers of Lago.
    Lago,
    /// Billing credit grants, credit balance transactions and summaries, and customers of Stripe.
    Stripe,
}

impl Source {
    /// As people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Stigg => "Stigg",
            Self::Lago => "Lago",
            Self::Stripe => "Stripe",
        }
    }

    /// As it stands in keys and metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stigg => "stigg",
            Self::Lago => "lago",
            Self::Stripe => "stripe",
        }
    }
}

/// What credits are taken for of which it is not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Unattributed {
    /// They were sold.
    Paid,
    /// They were given.
    Promotional,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((source, id)) if !source.is_empty() && !id.is_empty() => {
            Ok((source.to_owned(), id.to_owned()))
        }
        _ => Err("it must be SOURCE=ID".to_owned()),
    }
}
