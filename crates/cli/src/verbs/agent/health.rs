//! `wharf agent healthcheck`

use std::net::SocketAddr;
use std::process::ExitCode;

use anyhow::Context;
use wharf_serve::health;

use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address that the agent listens on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9080", env = "WHARF_AGENT_LISTEN")]
    listen: SocketAddr,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    health::check(args.listen, "/ready").context("the agent is not ready")?;
    Ok(ExitCode::SUCCESS)
}
