//! `wharf create`

use std::process::ExitCode;

use wharf_orchestrator::plan::UpOptions;
use wharf_orchestrator::{ConvergeOptions, up};

use crate::failure::Failure;
use crate::flags::provisioning::{Attended, Provisioning};
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to create containers for, with their dependencies (default: all)
    services: Vec<String>,
    #[command(flatten)]
    provisioning: Provisioning,
    #[command(flatten)]
    attended: Attended,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let project = session.load(&args.services)?;
    let (engine, interrupts, lock, observed) = session.connect_to_change("create", &project).await?;
    let consent = args.attended.consent(session);
    let display = session.display(false).with_consent(consent).without_output_of(args.attended.quiet_pull, false);
    let options = ConvergeOptions {
        images: args.provisioning.image_options(&args.services, false),
        containers: UpOptions { no_start: true, ..args.provisioning.up_options(session, &project, &args.services)? },
        apply: lock.options(session.apply_options(&interrupts)),
        seen: Some(observed),
    };
    up(&engine, &project, &options, &display).await.map_err(|error| lock.failure(error))?;
    Ok(ExitCode::SUCCESS)
}
