//! `wharf restart`

use std::process::ExitCode;

use wharf_orchestrator::plan::{self, RestartOptions};

use crate::failure::Failure;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Leave services that are to follow a restart (`depends_on.*.restart`) as they are
    #[arg(long)]
    no_deps: bool,
    /// Seconds until a container that does not stop is killed
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, observed, engine) = session.observe_existing(&args.services).await?;
    let options = RestartOptions { services: args.services, no_deps: args.no_deps, timeout: args.timeout };
    let plan = plan::restart(&project, &observed, &options);
    session.carry_out(&plan, &project, &engine).await
}
