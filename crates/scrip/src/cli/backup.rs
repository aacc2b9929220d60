//! Options of `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

use super::DataOptions;

/// Options of `backup`.
#[derive(Args)]
pub struct BackupOptions {
    /// What to back up. It may be in use.
    #[command(flatten)]
    pub data: DataOptions,
    /// The directory to make of it; it must not be there, or be empty.
    #[arg(long, value_name = "DIR")]
    pub to: PathBuf,
    /// How, and what is told.
    #[command(flatten)]
    pub manner: BackupManner,
}

/// Options of `restore`.
#[derive(Args)]
pub struct RestoreOptions {
    /// The backup.
    #[arg(long, value_name = "DIR")]
    pub from: PathBuf,
    /// Where to: a directory that is not there, or is empty.
    #[command(flatten)]
    pub data: DataOptions,
    /// How, and what is told.
    #[command(flatten)]
    pub manner: BackupManner,
}

/// What both have.
#[derive(Args)]
pub struct BackupManner {
    /// Compare checksums of files only, and recompute nothing of what was copied: quicker, and
    /// blind for what was wrong before.
    #[arg(long)]
    pub no_verify: bool,
    /// Answer with a JSON object.
    #[arg(long)]
    pub json: bool,
    /// A database is backed up by PostgreSQL's own tools: naming one is refused.
    #[arg(long, env = "SCRIP_DATABASE_URL", hide_env_values = true, hide = true)]
    pub database_url: Option<String>,
}
