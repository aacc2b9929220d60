//! stub
use clap::Args;
/// stub
#[derive(Args)]
pub struct Options {}
/// stub
pub fn run(_: &Options) -> anyhow::Result<()> { Ok(()) }
