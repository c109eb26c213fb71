//! `wharf start`

use std::process::ExitCode;
use std::time::Duration;

use wharf_orchestrator::apply::ApplyOptions;
use wharf_orchestrator::plan::{self, Recreate, UpOptions};

use crate::failure::Failure;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Wait until services are running or healthy
    #[arg(long)]
    wait: bool,
    /// Maximum number of seconds to wait
    #[arg(long, value_name = "SECONDS")]
    wait_timeout: Option<u64>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let locked = session.lock_startable("start", &args.services).await?;
    let chosen = |service: &String| args.services.is_empty() || args.services.contains(service);
    if !locked.observed.containers.iter().any(|container| chosen(&container.service)) {
        return Err(anyhow::anyhow!("there are no containers to start; `wharf up` creates them").into());
    }
    let options = UpOptions {
        services: args.services,
        recreate: Recreate::Never,
        only_existing: true,
        wait: args.wait,
        ..UpOptions::default()
    };
    let plan = plan::up(&locked.project, &locked.observed, &options)?;
    let wait_timeout = args.wait_timeout.map(Duration::from_secs);
    let options = ApplyOptions { wait_timeout, ..session.apply_options_without_grace()? };
    session.change_with(&locked, &plan, options).await
}
