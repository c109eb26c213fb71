//! `wharf commit`

use std::process::ExitCode;

use wharf_orchestrator::plan::{self, Commit};

use crate::failure::Failure;
use crate::flags::container::{Target, Wanted};
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Name of the image
    #[arg(value_name = "REPOSITORY[:TAG]")]
    image: Option<String>,
    /// Author of the image
    #[arg(short, long)]
    author: Option<String>,
    /// Instruction of a Dockerfile to apply to the image (ENV DEBUG=1); may be repeated
    #[arg(short, long = "change", value_name = "INSTRUCTION")]
    changes: Vec<String>,
    /// Number of the replica (default: the first that is running)
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Commit message
    #[arg(short, long)]
    message: Option<String>,
    /// Pause the container during the commit
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_value_t = true, default_missing_value = "true")]
    #[arg(action = clap::ArgAction::Set)]
    pause: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let wanted = Wanted { service: &args.service, index: args.index, stopped: false };
    let Target { project, engine, container } = Target::find(session, &wanted).await?;
    let commit = Commit {
        image: args.image,
        author: args.author,
        message: args.message,
        changes: args.changes,
        pause: args.pause,
    };
    let plan = plan::commit(&container.name, commit);
    session.carry_out(&plan, &project, &engine).await
}
