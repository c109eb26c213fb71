//! `wharf pull`

use std::process::ExitCode;

use wharf_orchestrator::plan;

use crate::failure::Failure;
use crate::screen::report;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services whose images are pulled (default: all)
    services: Vec<String>,
    /// Pull the images of services that they depend on, too
    #[arg(long)]
    include_deps: bool,
    /// Leave out images that can be built
    #[arg(long)]
    ignore_buildable: bool,
    /// Report an image that cannot be pulled, and go on
    #[arg(long)]
    ignore_pull_failures: bool,
    /// always, or missing: only what is not here
    #[arg(long, value_name = "POLICY", default_value = "always", value_parser = ["always", "missing"])]
    policy: String,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let mut project = session.load(&args.services)?;
    known(&project, true, &args.services)?;
    let mut services = args.services;
    project.services.retain(|_, service| match &service.build {
        // Without a name of its own it is in no registry.
        Some(_) => service.image.is_some() && !args.ignore_buildable,
        None => true,
    });
    if !services.is_empty() {
        services.retain(|name| project.services.contains_key(name));
        if services.is_empty() {
            report::line("nothing to pull: what is named is built");
            return Ok(ExitCode::SUCCESS);
        }
    }
    let engine = session.connect().await?;
    let observed = wharf_orchestrator::observe(&engine, &project).await?;
    let options = plan::ImageOptions {
        services,
        no_deps: !args.include_deps,
        no_build: true,
        ignore_pull_failures: args.ignore_pull_failures,
        pull: Some(args.policy),
        ..Default::default()
    };
    let plan = plan::images(&project, &observed, &options)?;
    session
        .apply(&plan, &project, &engine, &session.display(args.quiet), &session.apply_options(&Default::default()))
        .await?;
    Ok(ExitCode::SUCCESS)
}
