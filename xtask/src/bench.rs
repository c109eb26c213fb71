//! `cargo xtask bench NAME`: compares programs in one run, interleaved. No test depends on the figures.

mod agent;
mod compose;
mod engine;
mod exporter;
mod metrics;
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
    /// The log agent, and a bare one that only reads, encodes and posts
    Agent(agent::Args),
    /// `config` of wharf, docker-compose 1 and docker compose 2, start of the process included
    Compose(compose::Args),
    /// `up`, `down` and waits on the engine, of wharf, docker-compose 1, docker compose 2, and bare API calls
    Engine(engine::Args),
    /// What wharf-http-metrics costs a request, beside axum-prometheus, and what a scrape of `wharf exporter` costs
    Metrics(metrics::Args),
    /// `/count` of wharf-web, of a bare axum + redis counter, and redis-benchmark's INCR
    Web(web::Args),
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    match &args.name {
        Name::Agent(args) => agent::run_task(args),
        Name::Compose(args) => compose::run_task(args),
        Name::Engine(args) => engine::run_task(args),
        Name::Metrics(args) => metrics::run_task(args),
        Name::Web(args) => web::run_task(args),
    }
}
