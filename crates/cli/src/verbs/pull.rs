//! `wharf pull`

use std::process::ExitCode;

use wharf_orchestrator::plan::{self, Only};
use wharf_orchestrator::{apply, observe};

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to pull images for (default: all)
    services: Vec<String>,
    /// Also pull images of dependencies
    #[arg(long)]
    include_deps: bool,
    /// Skip images that can be built
    #[arg(long)]
    ignore_buildable: bool,
    /// Report images that cannot be pulled, and continue
    #[arg(long)]
    ignore_pull_failures: bool,
    /// Which images to pull: always, or missing (only those not present); overrides the services' pull_policy
    #[arg(long, value_name = "POLICY", value_parser = ["always", "missing"])]
    policy: Option<String>,
    /// Print only errors
    #[arg(short, long)]
    quiet: bool,
    /// No effect; accepted for compatibility with docker compose
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    parallel: Option<bool>,
    /// No effect; accepted for compatibility with docker compose
    #[arg(long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    no_parallel: Option<bool>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let project = session.load_with(&args.services)?;
    let only = Only::Pulled { ignore_buildable: args.ignore_buildable };
    let is_pulled = |name: &String| project.services.get(name).is_some_and(|service| only.includes(service));
    if !args.services.is_empty() && !args.include_deps && !args.services.iter().any(is_pulled) {
        report::line("nothing to pull: the named services are built");
        return Ok(ExitCode::SUCCESS);
    }
    let engine = session.connect().await?;
    let observed = observe(&engine, &project).await?;
    let options = plan::ImageOptions {
        services: args.services,
        only: Some(only),
        no_deps: !args.include_deps,
        no_build: true,
        ignore_pull_failures: args.ignore_pull_failures,
        pull: args.policy.as_deref().and_then(|policy| policy.parse().ok()),
        ..Default::default()
    };
    let plan = plan::images(&project, &observed, &options)?;
    let apply_options = session.apply_options_without_grace()?;
    apply(&engine, &project, &plan, &apply_options, &session.display(args.quiet)).await?;
    Ok(ExitCode::SUCCESS)
}
