//! `wharf stop`

use std::process::ExitCode;

use wharf_orchestrator::plan;

use crate::failure::Failure;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Seconds to wait for a container to stop before it is killed
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, observed, engine) = session.observe_existing(&args.services).await?;
    let plan = plan::stop(&project, &observed, &args.services, args.timeout);
    session.carry_out(&plan, &project, &engine).await
}
