//! `wharf pull`

use std::process::ExitCode;

use wharf_orchestrator::plan;

use crate::failure::Failure;
use crate::session::Session;

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
    /// always, or missing: only what is not here
    #[arg(long, value_name = "POLICY", default_value = "always", value_parser = ["always", "missing"])]
    policy: String,
    /// Print nothing but errors
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let mut project = session.load(&args.services)?;
    project.services.retain(|_, service| match &service.build {
        // Without a name of its own it is in no registry.
        Some(_) => service.image.is_some() && !args.ignore_buildable,
        None => true,
    });
    let engine = session.connect().await?;
    let observed = wharf_orchestrator::observe(&engine, &project).await?;
    let options = plan::ImageOptions {
        services: args.services,
        no_deps: !args.include_deps,
        no_build: true,
        pull: Some(args.policy),
        ..Default::default()
    };
    let plan = plan::images(&project, &observed, &options)?;
    session.apply(&plan, &project, &engine, &session.display(args.quiet), &Default::default()).await?;
    Ok(ExitCode::SUCCESS)
}
