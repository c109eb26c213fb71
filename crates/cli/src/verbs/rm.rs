//! `wharf rm`

use std::process::ExitCode;

use wharf_orchestrator::plan::{self, ContainerAct, ContainerStep, Plan, RemoveOptions, Step};

use crate::failure::Failure;
use crate::screen::plain;
use crate::screen::report;
use crate::session::{Existing, Locked, Session};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Do not ask for confirmation
    #[arg(short, long)]
    force: bool,
    /// Stop running containers first
    #[arg(short, long)]
    stop: bool,
    /// Remove their anonymous volumes as well
    #[arg(short, long)]
    volumes: bool,
    /// No effect; accepted for compatibility with docker compose
    #[arg(short, long, hide = true)]
    all: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let options = RemoveOptions { services: args.services, stop: args.stop, volumes: args.volumes };
    let mut locked = session.lock_existing("rm", &options.services).await?;
    let mut plan = plan::remove(&locked.project, &locked.observed, &options);
    let names = removed(&plan);
    if names.is_empty() {
        report::line("No stopped containers");
        return Ok(ExitCode::SUCCESS);
    }
    let question = format!("Going to remove {}", plain::one_line(&names.join(", ")));
    if args.force || session.is_dry_run() {
        report::print(&format!("{question}\n"))?;
        return session.change(&locked, &plan).await;
    }
    // A person may take long to answer.
    let Locked { project, has_file, engine, observed, lock } = locked;
    drop(lock);
    if !report::confirmed(&question, "--force")? {
        return Ok(ExitCode::SUCCESS);
    }
    locked = session.lock_found("rm", Existing { project, has_file, engine }).await?;
    locked.observed.containers.retain(|now| observed.containers.iter().any(|asked| asked.id == now.id));
    plan = plan::remove(&locked.project, &locked.observed, &options);
    session.change(&locked, &plan).await
}

/// The names of the containers that a plan removes.
fn removed(plan: &Plan) -> Vec<&str> {
    let removed = plan.steps().filter_map(|step| match step {
        Step::Container(ContainerStep { name, act: ContainerAct::Remove { .. } }) => Some(name.as_str()),
        _ => None,
    });
    removed.collect()
}
