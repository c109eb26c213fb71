//! `cargo xtask fuzz NAME`: runs mutated inputs until something breaks, or until there were enough of them.

use std::{
    process::Child,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};

use crate::stage::{cargo, stage};

/// Inputs of the short run that every change goes through. It takes seconds.
const A_FEW: u64 = 2_000;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    name: Name,
}

#[derive(Debug, clap::Subcommand)]
enum Name {
    /// Compose files: no panic, no hang, no memory without bounds, and `config` of `config` is itself
    Compose(Runs),
    /// The log agent's readers, stages and rules: no panic, no hang, no broken text
    Agent(Runs),
    /// Files of cgroups and `/proc`, and answers of Redis: no panic, no hang, no memory without bounds
    Exporter(Runs),
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
        Name::Compose(runs) => mutate(COMPOSE, runs, &["--release"]),
        Name::Agent(runs) => AGENT.into_iter().try_for_each(|fuzz| mutate(fuzz, runs, &["--release"])),
        Name::Exporter(runs) => mutate(EXPORTER, runs, &["--release"]),
    }
}

/// The short run that every change goes through: a few inputs, different each time, with the tests' own build.
pub(crate) fn a_few() -> Result<()> {
    let runs = Runs { runs: A_FEW, seed: None, jobs: 1 };
    [COMPOSE, EXPORTER].into_iter().chain(AGENT).try_for_each(|fuzz| mutate(fuzz, &runs, &[]))
}

/// An example that mutates and reads: its package and its name.
type Fuzz = (&'static str, &'static str);

const COMPOSE: Fuzz = ("wharf-compose", "fuzz-compose");
const EXPORTER: Fuzz = ("wharf-exporter", "fuzz-exporter");
const AGENT: [Fuzz; 2] = [("wharf-agent", "fuzz-stages"), ("wharf-agent", "fuzz-readers")];

/// Runs the crate's example in the given number of processes.
fn mutate((package, example): Fuzz, runs: &Runs, profile: &[&str]) -> Result<()> {
    let seed = runs.seed.unwrap_or_else(clock);
    let fuzz = |arguments: &[String]| {
        let mut fuzz = cargo();
        fuzz.args(["run", "--quiet", "--locked", "--package", package, "--example", example]).args(profile);
        fuzz.arg("--").args(arguments);
        fuzz
    };
    stage(&format!("{} inputs for {package} ({example}), seed {seed}", runs.runs), || {
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

/// A seed that differs each time and is short enough to type.
fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_secs() % 1_000_000)
}
