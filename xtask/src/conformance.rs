//! `cargo xtask conformance NAME DIR`: runs cases from a folder, which were made with reference implementations.

use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::stage::{cargo, run};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    name: Name,
}

#[derive(Debug, clap::Subcommand)]
enum Name {
    /// Relabelling (relabel.json), stages (stages.jsonl) and their configuration (stage-config.jsonl) of the log agent
    Agent {
        /// The folder with the cases
        dir: PathBuf,
    },
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    match &args.name {
        Name::Agent { dir } => {
            let dir = dir.canonicalize().with_context(|| format!("{} cannot be read", dir.display()))?;
            let mut cases = cargo();
            cases.args(["run", "--quiet", "-p", "wharf-agent", "--example", "conformance", "--"]).arg(dir);
            run(&mut cases)
        }
    }
}
