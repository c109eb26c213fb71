//! `wharf port`

use std::process::ExitCode;

use crate::failure::Failure;
use crate::flags::container::{Target, Wanted};
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Port in the container
    private_port: u16,
    /// Number of the replica (default: the first that is running)
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Protocol of the port
    #[arg(long, default_value = "tcp", value_parser = ["tcp", "udp", "sctp"])]
    protocol: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let wanted = Wanted { service: &args.service, index: args.index, stopped: false };
    let replica = Target::find(session, &wanted).await?.container;
    let published = replica
        .ports
        .iter()
        .filter(|port| port.target == args.private_port && port.protocol == args.protocol)
        .find_map(|port| Some((port.ip.as_deref().unwrap_or("0.0.0.0"), port.published?)));
    let Some((ip, port)) = published else {
        let name = &replica.name;
        return Err(anyhow::anyhow!("{name} does not publish port {}/{}", args.private_port, args.protocol).into());
    };
    let ip = if ip.contains(':') { format!("[{ip}]") } else { ip.to_owned() };
    report::print(&format!("{ip}:{port}\n"))?;
    Ok(ExitCode::SUCCESS)
}
