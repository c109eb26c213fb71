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
    Compose(Inputs),
    /// Records, frames and configurations of the agent: no panic, no broken text
    Agent(Inputs),
}

#[derive(Debug, clap::Args)]
struct Inputs {
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
        Name::Compose(inputs) => mutate(&COMPOSE, inputs, &["--release"]),
        Name::Agent(inputs) => mutate(&AGENT, inputs, &["--release"]),
    }
}

/// What every change goes through: a few files, other ones each time, with what the tests have compiled already.
pub(crate) fn a_few() -> Result<()> {
    let inputs = Inputs { runs: A_FEW, seed: None, jobs: 1 };
    mutate(&COMPOSE, &inputs, &[])?;
    mutate(&AGENT, &inputs, &[])
}

/// An example of a crate that mutates and reads.
struct Fuzz {
    what: &'static str,
    package: &'static str,
    example: &'static str,
}

const COMPOSE: Fuzz = Fuzz { what: "Compose files", package: "wharf-compose", example: "fuzz" };
const AGENT: Fuzz = Fuzz { what: "inputs of the agent", package: "wharf-agent", example: "fuzz-readers" };

/// Runs the crate's own example, in as many processes as asked for.
fn mutate(of: &Fuzz, inputs: &Inputs, profile: &[&str]) -> Result<()> {
    let seed = inputs.seed.unwrap_or_else(clock);
    let fuzz = |arguments: &[String]| {
        let mut fuzz = cargo();
        fuzz.args(["run", "--quiet", "--locked", "--package", of.package, "--example", of.example]).args(profile);
        fuzz.arg("--").args(arguments);
        fuzz
    };
    stage(&format!("{} {}, seed {seed}", inputs.runs, of.what), || {
        let share = inputs.runs.div_ceil(inputs.jobs);
        let start = |job: u64| -> Result<Child> {
            let arguments = ["--runs".to_owned(), share.to_string(), "--seed".to_owned(), (seed + job).to_string()];
            fuzz(&arguments).spawn().context("cannot run cargo")
        };
        let jobs: Vec<Child> = (0..inputs.jobs).map(start).collect::<Result<_>>()?;
        let mut failed = Vec::new();
        for (job, mut process) in jobs.into_iter().enumerate() {
            if !process.wait()?.success() {
                failed.push((seed + job as u64).to_string());
            }
        }
        match failed.is_empty() {
            true => Ok(()),
            false => {
                bail!("an input broke the reader: see above; `--jobs 1 --seed {}` makes it again", failed.join(" or "))
            }
        }
    })
}

/// A seed that is another one each time; small, so that one can type it.
fn clock() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_secs() % 1_000_000)
}
