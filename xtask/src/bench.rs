//! `cargo xtask bench NAME`: figures that compare two things in one run, interleaved, never a timed test.

mod exporter;
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
    /// A scrape of `wharf exporter` with 10 and 50 containers: time, CPU, memory, series
    Exporter(exporter::Args),
    /// `/count` of wharf-web, of a bare axum + redis counter, and redis-benchmark's INCR
    Web(web::Args),
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    match &args.name {
        Name::Exporter(args) => exporter::run_task(args),
        Name::Web(args) => web::run_task(args),
    }
}
