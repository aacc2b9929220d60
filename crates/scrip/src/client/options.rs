//! The options of the commands that speak to a server. Amounts stay texts: the server reads them.

use clap::{Args, Subcommand, ValueEnum};

use super::import::ImportOptions;

/// What a server is asked for.
#[derive(Subcommand)]
pub enum ClientCommand {
    /// Give a customer credits, on a running server.
    Grant(Box<GrantOptions>),
    /// Consume a customer's credits, on a running server.
    Consume(Box<ConsumeOptions>),
    /// Show a customer's balances, now or at an instant of the past.
    Balance(BalanceOptions),
    /// Show what changed a customer's balances, newest first.
    Ledger(LedgerOptions),
    /// Show what a balance is made of, and check that it adds up: why is it this number?
    Explain(ExplainOptions),
    /// Bring in the credits of an export of Stigg, Lago or Stripe, and compare all balances with it. The
    /// same command again goes on where it was, and does nothing twice.
    Import(Box<ImportOptions>),
    /// Accounts of a running server.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Environments of the key's account, on a running server.
    #[command(subcommand)]
    Environment(EnvironmentCommand),
    /// API keys of the key's environment, on a running server.
    #[command(subcommand)]
    Keys(KeyCommand),
    /// Say whether requests should be sent to a server; exits with 1 if not. It needs no key.
    Health(HealthOptions),
}

/// What is done about accounts. Others than one's own are made, seen and ended with a full key of a
/// PRODUCTION environment of the account `default`.
#[derive(Subcommand)]
pub enum AccountCommand {
    /// Make an account with a PRODUCTION environment, and show that one's first key, once.
    Create(CreateAccountOptions),
    /// Show the account of the key, or all accounts from `default`.
    List(AskOptions),
    /// End an account for good, with all of its environments: their keys are refused.
    Archive(EndOptions),
}

/// What is done about environments.
#[derive(Subcommand)]
pub enum EnvironmentCommand {
    /// Make an environment, and show its first key, once.
    Create(CreateEnvironmentOptions),
    /// Show the environments of the account.
    List(AskOptions),
    /// End an environment for good: its keys are refused, and time stands still in it.
    Archive(EndOptions),
    /// Let a SANDBOX begin anew: everything in it is gone, its name and its keys stay.
    Reset(EndOptions),
}

/// What is done about API keys. It takes a key with the scope `full`.
#[derive(Subcommand)]
pub enum KeyCommand {
    /// Make a key, and show its secret, once.
    Create(CreateKeyOptions),
    /// Show the keys of the environment, revoked ones too, newest first.
    List(AskOptions),
    /// Give a key a new secret, and show it, once. The one before is good for a while.
    Rotate(RotateKeyOptions),
    /// Let a key speak for nobody any more, for good.
    Revoke(EndOptions),
}

/// Options of `keys create`.
#[derive(Args)]
pub struct CreateKeyOptions {
    /// What people call it.
    pub name: String,
    /// What it may: `read`, `grants`, `consumption`, `customers`, `settings`, several of them, or `full`.
    #[arg(long = "scope", required = true, value_name = "SCOPE", value_delimiter = ',')]
    pub scopes: Vec<String>,
    /// When it ends; never by default.
    #[arg(long, value_name = "INSTANT")]
    pub expires_at: Option<String>,
    /// Under which key: the same key with the same options makes one once. A new one by default, which
    /// is told.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Options of `keys rotate`.
#[derive(Args)]
pub struct RotateKeyOptions {
    /// Which: its id, as `keys list` shows it.
    pub id: String,
    /// Seconds for which the secret before goes on; a day by default, seven at most.
    #[arg(long, value_name = "SECONDS")]
    pub overlap_seconds: Option<u32>,
    /// Under which key: the same key does it once. A new one by default, which is told.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Options of what is made, beside its id.
#[derive(Args)]
pub struct NewOptions {
    /// What people see it as; its id by default.
    #[arg(long)]
    pub name: Option<String>,
    /// Under which key: the same key with the same options makes one once. A new one by default, which
    /// is told.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Options of `account create`.
#[derive(Args)]
pub struct CreateAccountOptions {
    /// What it is to be called, for ever: lower-case letters, digits and hyphens.
    pub id: String,
    /// The rest.
    #[command(flatten)]
    pub new: NewOptions,
}

/// Options of `environment create`.
#[derive(Args)]
pub struct CreateEnvironmentOptions {
    /// What it is to be called, for ever, and as no other of any account: lower-case letters, digits and
    /// hyphens.
    pub id: String,
    /// What it is for.
    #[arg(long = "type", value_enum)]
    pub environment_type: EnvironmentType,
    /// The rest.
    #[command(flatten)]
    pub new: NewOptions,
}

/// Options of what ends something, or lets it begin anew.
#[derive(Args)]
pub struct EndOptions {
    /// Which.
    pub id: String,
    /// It is meant. Nothing brings back what was.
    #[arg(long)]
    pub yes: bool,
    /// Under which key: the same key does it once. A new one by default, which is told.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// What an environment is for.
#[derive(Clone, Copy, ValueEnum)]
pub enum EnvironmentType {
    /// For real.
    Production,
    /// For trying things: with a test clock, and it can be reset.
    Sandbox,
}

impl EnvironmentType {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Production => "PRODUCTION",
            Self::Sandbox => "SANDBOX",
        }
    }
}

/// Whom to ask, and how the answer is written: of every command but `health`.
#[derive(Args)]
pub struct AskOptions {
    /// The server.
    #[command(flatten)]
    pub server: ServerOptions,
    /// How it is written.
    #[command(flatten)]
    pub output: OutputOptions,
}

/// The server, and who asks.
#[derive(Args)]
pub struct ServerOptions {
    /// The server: `http://host:port`, or https. The system's certificates are trusted, or instead
    /// those in the file that SSL_CERT_FILE names.
    #[arg(long, env = "SCRIP_URL", default_value = "http://127.0.0.1:8787")]
    pub url: String,
    /// A key of the environment to work in. On a command line others may see it: prefer the variable,
    /// which is for `serve` the key of `production`.
    #[arg(long, env = "SCRIP_API_KEY", hide_env_values = true)]
    pub api_key: String,
    /// Seconds that an answer may take.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub timeout_seconds: u32,
    /// How often to ask again, under the same key, when no answer comes or the server asks for it.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=20))]
    pub retries: u32,
}

/// How the answer is written.
#[derive(Args)]
pub struct OutputOptions {
    /// Answer with JSON, an object on a line, amounts as strings. It is what anything but a terminal
    /// gets.
    #[arg(long, conflicts_with = "table")]
    pub json: bool,
    /// Answer with a table though it does not go to a terminal.
    #[arg(long)]
    pub table: bool,
}

/// A wallet.
#[derive(Args)]
pub struct WalletOptions {
    /// The customer.
    #[arg(long, value_name = "ID")]
    pub customer: String,
    /// The currency.
    #[arg(long, value_name = "ID")]
    pub currency: String,
    /// The wallet of this resource; without it, the one without a resource.
    #[arg(long, value_name = "ID")]
    pub resource: Option<String>,
}

/// Some wallets of a customer.
#[derive(Args)]
pub struct FilterOptions {
    /// The customer.
    #[arg(long, value_name = "ID")]
    pub customer: String,
    /// Only wallets of this currency.
    #[arg(long, value_name = "ID")]
    pub currency: Option<String>,
    /// Only wallets of this resource.
    #[arg(long, value_name = "ID")]
    pub resource: Option<String>,
}

/// Options of `grant`.
#[derive(Args)]
pub struct GrantOptions {
    /// Whose credits.
    #[command(flatten)]
    pub wallet: WalletOptions,
    /// How many credits: a decimal number of at most nine fraction digits.
    #[arg(long, allow_negative_numbers = true)]
    pub amount: String,
    /// What people see it as.
    #[arg(long)]
    pub name: String,
    /// Whether the credits were sold or given.
    #[arg(long = "type", value_enum)]
    pub grant_type: GrantType,
    /// From 0 to 100; lower is used first.
    #[arg(long, allow_negative_numbers = true)]
    pub priority: Option<i64>,
    /// When the credits begin to count, as 2026-11-30T00:00:00Z; at once by default.
    #[arg(long, value_name = "INSTANT")]
    pub effective_at: Option<String>,
    /// When they end; never by default.
    #[arg(long, value_name = "INSTANT")]
    pub expire_at: Option<String>,
    /// A remark.
    #[arg(long)]
    pub comment: Option<String>,
    /// Something to keep with it; may be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub metadata: Vec<(String, String)>,
    /// What the whole grant costs.
    #[arg(long, value_name = "AMOUNT", requires = "cost_currency", allow_negative_numbers = true)]
    pub cost: Option<String>,
    /// The money of the cost, as `usd`.
    #[arg(long, value_name = "CODE", requires = "cost")]
    pub cost_currency: Option<String>,
    /// How the cost is collected.
    #[arg(long, value_enum, requires = "cost")]
    pub payment: Option<PaymentMethod>,
    /// Under which key: the same key with the same options grants once. A new one by default, which is
    /// told.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Options of `consume`.
#[derive(Args)]
pub struct ConsumeOptions {
    /// Whose credits.
    #[command(flatten)]
    pub wallet: WalletOptions,
    /// How many credits: a decimal number of at most nine fraction digits.
    #[arg(long, allow_negative_numbers = true)]
    pub amount: String,
    /// The instant that it is attributed to, as 2026-11-30T00:00:00Z; now by default.
    #[arg(long, value_name = "INSTANT")]
    pub created_at: Option<String>,
    /// What usage is grouped by; may be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub dimension: Vec<(String, String)>,
    /// What happens when the balance is short; by default what the currency says.
    #[arg(long, value_enum)]
    pub on_insufficient: Option<OnInsufficient>,
    /// Under which key: the same key with the same options consumes once. A new one by default, which
    /// is told.
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Options of `balance`.
#[derive(Args)]
pub struct BalanceOptions {
    /// Which wallets.
    #[command(flatten)]
    pub filter: FilterOptions,
    /// The instant of the past to look at: what was answered then.
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Options of `ledger`.
#[derive(Args)]
pub struct LedgerOptions {
    /// Which wallets.
    #[command(flatten)]
    pub filter: FilterOptions,
    /// Only rows of these types, separated by commas: CREDITS_GRANTED, CREDITS_CONSUMED and so on.
    #[arg(long, value_name = "TYPES")]
    pub event_type: Option<String>,
    /// Only rows of this reservation.
    #[arg(long, value_name = "ID")]
    pub reservation: Option<String>,
    /// Rows at most; that there are more is told.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: u64,
    /// All rows there are.
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Options of `explain`.
#[derive(Args)]
pub struct ExplainOptions {
    /// Which balance.
    #[command(flatten)]
    pub wallet: WalletOptions,
    /// The instant of the past to look at: what was answered then.
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    /// Of how many rows a table shows each; those before them it adds up. JSON has them all.
    #[arg(long, default_value_t = 20)]
    pub rows: usize,
    /// Whom to ask.
    #[command(flatten)]
    pub ask: AskOptions,
}

/// Options of `health`.
#[derive(Args)]
pub struct HealthOptions {
    /// The server: `http://host:port`, or https.
    #[arg(long, env = "SCRIP_URL", default_value = "http://127.0.0.1:8787")]
    pub url: String,
    /// Seconds that an answer may take.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=600))]
    pub timeout_seconds: u32,
}

/// Whether credits were sold or given.
#[derive(Clone, Copy, ValueEnum)]
pub enum GrantType {
    /// They were sold.
    Paid,
    /// They were given.
    Promotional,
}

impl GrantType {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Paid => "PAID",
            Self::Promotional => "PROMOTIONAL",
        }
    }
}

/// How a cost is collected.
#[derive(Clone, Copy, ValueEnum)]
pub enum PaymentMethod {
    /// From the customer's payment method, by the environment's payment provider.
    Charge,
    /// By an invoice.
    Invoice,
    /// Elsewhere.
    None,
}

impl PaymentMethod {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Charge => "CHARGE",
            Self::Invoice => "INVOICE",
            Self::None => "NONE",
        }
    }
}

/// What happens when a balance is short.
#[derive(Clone, Copy, ValueEnum)]
pub enum OnInsufficient {
    /// The deficit goes to the overdraft grant.
    Overdraft,
    /// Nothing is consumed.
    Reject,
}

impl OnInsufficient {
    /// As the API spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overdraft => "OVERDRAFT",
            Self::Reject => "REJECT",
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("it must be NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
