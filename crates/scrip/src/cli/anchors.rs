//! Options of what signs anchors.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// How anchors are signed.
#[derive(Args)]
pub struct AnchorOptions {
    /// The file of the key that signs anchors: make one with `scrip anchor key`, and keep it outside the
    /// data. Without it no anchors are signed.
    #[arg(long, env = "SCRIP_ANCHOR_KEY_FILE", value_name = "FILE")]
    pub anchor_key_file: Option<PathBuf>,
    /// Seconds between two anchors. Of the nodes on a database one signs for all.
    #[arg(long, env = "SCRIP_ANCHOR_EVERY_SECONDS", value_name = "SECONDS", default_value_t = 3_600,
          value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub anchor_every_seconds: u32,
    /// Write each anchor into this directory too, as a file that `scrip verify --anchor` reads: on a disk
    /// that whoever can change the data cannot change.
    #[arg(long, env = "SCRIP_ANCHOR_DIRECTORY", value_name = "DIR")]
    pub anchor_directory: Option<PathBuf>,
}

/// What concerns the key that signs anchors.
#[derive(Subcommand)]
pub enum AnchorCommand {
    /// Make a key that signs anchors, in a new file that only its owner can read, and tell its public key.
    Key(KeyFileOptions),
    /// Tell the public key of a key file.
    PublicKey(KeyFileOptions),
}

/// A key's file.
#[derive(Args)]
pub struct KeyFileOptions {
    /// The file of the key: PEM, as `openssl genpkey -algorithm ed25519` makes it too.
    pub file: PathBuf,
}
