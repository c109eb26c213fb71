//! `cargo xtask bench NAME`: figures that compare two things in one run, interleaved, never a timed test.

mod process;
mod web;

use anyhow::Result;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    name: Name,
}

#[derive(Debug, clap::Subcommand)]
enum Name {
    /// `/count` of wharf-web, of a bare axum + redis counter, and redis-benchmark's INCR
    Web(web::Args),
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    match &args.name {
        Name::Web(args) => web::run_task(args),
    }
}
