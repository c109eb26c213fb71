//! `cargo xtask chaos`: attacks a built `wharf`. The attacks are in an example of wharf-testkit.

use std::path::PathBuf;

use anyhow::Result;

use crate::{
    binaries,
    stage::{cargo, run},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A built wharf, instead of the one that is built now
    #[arg(long, value_name = "FILE")]
    wharf: Option<PathBuf>,
    /// What to do, and how often: `--help` after `--` tells more
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "ATTACK")]
    attack: Vec<String>,
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    let wharf = binaries::given_or_built(args.wharf.as_deref())?;
    let mut chaos = cargo();
    chaos.args(["run", "--quiet", "--locked", "--package", "wharf-testkit", "--example", "chaos", "--"]);
    run(chaos.arg("--wharf").arg(wharf).args(&args.attack))
}
