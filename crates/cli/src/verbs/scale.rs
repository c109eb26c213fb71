//! `wharf scale`

use std::process::ExitCode;

use wharf_orchestrator::plan::{ImageOptions, UpOptions};
use wharf_orchestrator::{ConvergeOptions, up};

use crate::failure::Failure;
use crate::flags::scale::parse_scale;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services with their number of replicas
    #[arg(required = true, value_name = "SERVICE=NUM", value_parser = parse_scale)]
    services: Vec<(String, u32)>,
    /// Do not start dependencies
    #[arg(long)]
    no_deps: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let services: Vec<String> = args.services.iter().map(|(service, _)| service.clone()).collect();
    let project = session.load(&services)?;
    let (engine, interrupts, lock, observed) = session.connect_to_change("scale", &project).await?;
    let display = session.display(false);
    let options = ConvergeOptions {
        images: ImageOptions { services: services.clone(), no_deps: args.no_deps, ..ImageOptions::default() },
        containers: UpOptions {
            services,
            no_deps: args.no_deps,
            scale: args.services.into_iter().collect(),
            ignore_orphans: session.is_set("COMPOSE_IGNORE_ORPHANS"),
            ..UpOptions::default()
        },
        apply: lock.options(session.apply_options(&interrupts)),
        seen: Some(observed),
    };
    up(&engine, &project, &options, &display).await.map_err(|error| lock.failure(error))?;
    Ok(ExitCode::SUCCESS)
}
