//! `cargo xtask fuzz NAME`: mutated inputs until something breaks, or until there were enough of them.

use std::{
    process::Child,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};

use crate::stage::{cargo, stage};

/// Files of a run that does not hold up a change: seconds.
const A_FEW: u64 = 5_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    name: Name,
}

#[derive(Debug, clap::Subcommand)]
enum Name {
    /// Compose files: no panic, no hang, no memory without bounds, and `config` of `config` is itself
    Compose(Runs),
    /// Lines through the log agent's stages, and labels through its rules: no panic, no hang
    Agent(Runs),
}

#[derive(Debug, clap::Args)]
struct Runs {
    /// How many inputs
    #[arg(long, default_value_t = 100_000)]
    runs: u64,
    /// The same seed makes the same inputs (default: the clock's)
    #[arg(long)]
    seed: Option<u64>,
    /// Processes that share the work
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    match &args.name {
        Name::Compose(runs) => mutate("wharf-compose", runs, &["--release"]),
        Name::Agent(runs) => mutate("wharf-agent", runs, &["--release"]),
    }
}

/// What every change goes through: a few files, other ones each time, with what the tests have compiled already.
pub(crate) fn a_few() -> Result<()> {
    mutate("wharf-compose", &Runs { runs: A_FEW, seed: None, jobs: 1 }, &[])?;
    // Each run compiles expressions, which takes its time without optimisation.
    mutate("wharf-agent", &Runs { runs: A_FEW / 10, seed: None, jobs: 1 }, &[])
}

/// Runs the crate's own example, in as many processes as asked for.
fn mutate(package: &str, runs: &Runs, profile: &[&str]) -> Result<()> {
    let seed = runs.seed.unwrap_or_else(clock);
    let fuzz = |arguments: &[String]| {
        let mut fuzz = cargo();
        fuzz.args(["run", "--quiet", "--locked", "--package", package, "--example", "fuzz"]).args(profile);
        fuzz.arg("--").args(arguments);
        fuzz
    };
    stage(&format!("{} inputs for {package}, seed {seed}", runs.runs), || {
        let share = runs.runs.div_ceil(runs.jobs);
        let start = |job: u64| -> Result<Child> {
            let arguments = ["--runs".to_owned(), share.to_string(), "--seed".to_owned(), (seed + job).to_string()];
            fuzz(&arguments).spawn().context("cannot run cargo")
        };
        let jobs: Vec<Child> = (0..runs.jobs).map(start).collect::<Result<_>>()?;
        let mut failed = Vec::new();
        for (job, mut process) in jobs.into_iter().enumerate() {
            if !process.wait()?.success() {
                failed.push((seed + job as u64).to_string());
            }
        }
        match failed.is_empty() {
            true => Ok(()),
            false => {
                bail!("an input broke it: see above; `--jobs 1 --seed {}` makes it again", failed.join(" or "))
            }
        }
    })
}

/// A seed that is another one each time; small, so that one can type it.
fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_secs() % 1_000_000)
}
