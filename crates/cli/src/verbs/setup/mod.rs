//! `wharf setup`

mod disk;
mod parts;
mod plan;
mod record;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap_complete::Shell;

use self::disk::{Change, Content};
use self::parts::{Part, Places};
use self::record::Record;
use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
#[command(after_help = "All or nothing is done, and no file is overwritten that setup did not make.")]
pub(crate) struct Args {
    /// What to install, or to take back (default: plugin; with --undo: all)
    #[arg(value_name = "PART")]
    parts: Vec<Part>,
    /// Take back what was installed
    #[arg(long)]
    undo: bool,
    /// Do not ask
    #[arg(short, long)]
    yes: bool,
    /// Directory of PATH for docker-compose (default: ~/.local/bin)
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
    /// Shell to complete for (default: SHELL)
    #[arg(long, value_name = "SHELL")]
    shell: Option<Shell>,
}

pub(crate) fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let environment = &session.settings.environment;
    let places = Places {
        environment,
        docker_config: session.endpoint_choice().config_directory(environment),
        program: program(environment.get("PATH").map_or("", String::as_str))?,
        directory: args.directory,
        shell: args.shell,
    };
    let file = places.record()?;
    let record = Record::read(&file)?;
    let mut parts = args.parts;
    parts.sort_unstable();
    parts.dedup();
    let (planned, hints) = if args.undo {
        (plan::undo(&parts, &record, &file), Vec::new())
    } else {
        let parts = if parts.is_empty() { vec![Part::Plugin] } else { parts };
        let items = places.items(&parts)?;
        (plan::install(&items, &record, &file), places.hints(&items))
    };
    let changes = planned.map_err(|obstacles| refused(&obstacles))?;
    if changes.is_empty() {
        let nothing = if args.undo { "nothing was installed by `wharf setup`" } else { "all of it is in place" };
        report::print(&format!("{}\n", session.called.name_in(nothing)))?;
        return Ok(ExitCode::SUCCESS);
    }
    report::print(&shown(&changes))?;
    if session.is_dry_run() {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.yes {
        if !std::io::stdin().is_terminal() {
            return Err(anyhow::anyhow!("nothing was changed: without a terminal to ask on, pass --yes").into());
        }
        if !report::confirmed("Do this", "--yes")? {
            return Ok(ExitCode::FAILURE);
        }
    }
    disk::make(&changes)?;
    for hint in hints {
        report::print(&format!("{hint}\n"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The path that links lead to: of the `wharf` in PATH if it is this program, since that path survives updates.
fn program(path: &str) -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let resolved = this.canonicalize()?;
    let in_path = std::env::split_paths(path).filter(|directory| directory.is_absolute());
    let same = |found: &PathBuf| found.canonicalize().is_ok_and(|found| found == resolved);
    Ok(in_path.map(|directory| directory.join("wharf")).find(same).unwrap_or(this))
}

fn refused(obstacles: &[String]) -> anyhow::Error {
    anyhow::anyhow!("{}; nothing was changed", obstacles.join("; "))
}

/// What is going to be done, as people read it.
fn shown(changes: &[Change]) -> String {
    let target = |content: &Content| match content {
        Content::Link(target) => format!(" -> {}", target.display()),
        Content::File(_) => String::new(),
    };
    let line = |what: &str, path: &Path, more: String| format!("{what:16} {}{more}\n", path.display());
    let text = |change: &Change| match change {
        Change::MakeDirectory(path) => line("create directory", path, String::new()),
        Change::Create(path, content) => line("create", path, target(content)),
        Change::Replace(path, content) => line("replace", path, target(content)),
        Change::Remove(path) => line("remove", path, String::new()),
        Change::RemoveDirectory(path) => line("remove directory", path, " (if it is empty)".to_owned()),
    };
    changes.iter().map(text).collect()
}
