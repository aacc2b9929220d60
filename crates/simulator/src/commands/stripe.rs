//! A stand-in for Stripe.

use std::io::{self, Error};
use std::process::ExitCode;

use scrip_simulator::stripe::StandIn;

use crate::options::Stripe;

/// Serves until it is ended. Nobody else's machine is to reach it: it believes everybody.
pub fn run(options: Stripe, out: &mut dyn io::Write) -> io::Result<ExitCode> {
    if !options.listen.ip().is_loopback() {
        return Err(Error::other("a stand-in listens on loopback only"));
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let stand_in = runtime.block_on(StandIn::start(options.listen, options.state))?;
    writeln!(out, "{}", stand_in.url())?;
    out.flush()?;
    runtime.block_on(stand_in.served());
    Ok(ExitCode::SUCCESS)
}
