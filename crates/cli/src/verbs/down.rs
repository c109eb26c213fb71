//! `wharf down`

use std::process::ExitCode;

use clap::ValueEnum;
use wharf_orchestrator::plan::{DownOptions, RemoveImages};
use wharf_orchestrator::{observe, plan};

use crate::failure::Failure;
use crate::screen::report;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services to take down; networks and volumes then stay (default: the whole project)
    services: Vec<String>,
    /// Remove named volumes of the project and anonymous ones of its containers, with all they hold
    #[arg(short, long)]
    volumes: bool,
    /// Remove containers of services that are not in the file, and those of `run`, too
    #[arg(long)]
    remove_orphans: bool,
    /// Remove images, too: `local` are those without a name of their own
    #[arg(long, value_name = "TYPE")]
    rmi: Option<Rmi>,
    /// Seconds until a container that does not stop is killed
    #[arg(short, long, value_name = "SECONDS")]
    timeout: Option<u64>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Rmi {
    All,
    Local,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name(&args.services)?;
    known(&project, has_file, &args.services)?;
    let engine = session.connect().await?;
    let observed = observe(&engine, &project).await?;
    let options = DownOptions {
        services: args.services,
        volumes: args.volumes,
        remove_orphans: args.remove_orphans || session.is_set("COMPOSE_REMOVE_ORPHANS"),
        images: args.rmi.map(|which| match which {
            Rmi::All => RemoveImages::All,
            Rmi::Local => RemoveImages::Local,
        }),
        timeout: args.timeout,
        by_label: !has_file,
    };
    let plan = plan::down(&project, &observed, &options);
    if plan.is_empty() {
        report::line(&format!("nothing of project {} to remove", project.name));
    }
    session.carry_out(&plan, &project, &engine).await
}
