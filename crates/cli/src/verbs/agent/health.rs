//! `wharf agent healthcheck`

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::failure::Failure;

/// How long a health check may take.
const CHECK: Duration = Duration::from_secs(2);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address that the agent listens on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9080", env = "WHARF_AGENT_LISTEN")]
    listen: SocketAddr,
}

pub(super) async fn run(args: &Args) -> Result<ExitCode, Failure> {
    tokio::time::timeout(CHECK, ready(args.listen)).await.context("no answer within two seconds")??;
    Ok(ExitCode::SUCCESS)
}

/// Asks for `/ready`. An agent that listens on all addresses is asked on the loopback interface.
async fn ready(mut address: SocketAddr) -> anyhow::Result<()> {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let mut connection = TcpStream::connect(address).await.with_context(|| format!("no agent on {address}"))?;
    connection.write_all(b"GET /ready HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await?;
    if !answer.starts_with("HTTP/1.0 200") && !answer.starts_with("HTTP/1.1 200") {
        bail!("the agent on {address} answers {:?}", answer.lines().next().unwrap_or_default());
    }
    Ok(())
}
