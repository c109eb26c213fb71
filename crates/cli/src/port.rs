//! `wharf port`

use std::process::ExitCode;

use wharf_orchestrator::observe::list_containers;

use crate::failure::Failure;
use crate::report;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Port in the container
    private_port: u16,
    /// Number of the replica
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    index: u32,
    /// Protocol of the port
    #[arg(long, default_value = "tcp", value_parser = ["tcp", "udp", "sctp"])]
    protocol: String,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name()?;
    known(&project, has_file, std::slice::from_ref(&args.service))?;
    let engine = session.connect().await?;
    let containers = list_containers(&engine, Some(&project.name), false).await?;
    let replica = containers
        .iter()
        .find(|container| container.service == args.service && container.number == args.index)
        .ok_or_else(|| anyhow::anyhow!("service {} has no running container {}", args.service, args.index))?;
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
    report::print(&format!("{ip}:{port}\n"));
    Ok(ExitCode::SUCCESS)
}
