//! `wharf restart`

use std::process::ExitCode;

use wharf_orchestrator::plan::{self, RestartOptions};

use crate::failure::Failure;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Do not restart the services that follow (`depends_on: restart: true`)
    #[arg(long)]
    no_deps: bool,
    /// Seconds to wait for a container to stop before it is killed
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let locked = session.lock_startable("restart", &args.services).await?;
    let options = RestartOptions { services: args.services, no_deps: args.no_deps, timeout: args.timeout };
    let plan = plan::restart(&locked.project, &locked.observed, &options);
    session.change(&locked, &plan).await
}
