//! `cargo xtask down`: removes the stack.

use anyhow::{Result, bail};

use crate::{
    binaries,
    stack::{Source, wharf},
    stage::run,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Remove the volumes, too: the count, its history and the metrics
    #[arg(short, long)]
    volumes: bool,
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    if !binaries::wharf()?.exists() {
        bail!("there is no built `wharf` to do it: run `cargo xtask up` first");
    }
    let mut down = wharf(Source::Registry)?;
    down.arg("down");
    if args.volumes {
        down.arg("--volumes");
    }
    run(&mut down)
}
