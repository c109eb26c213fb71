//! `cargo xtask bench engine`: what takes place in the engine: `up`, `down` and waits for health, of wharf, docker-compose 1,
//! docker compose 2, and bare API calls.

mod api;
mod floor;
mod project;
mod proxy;
mod requests;
mod subject;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{binaries, stage::root};
use project::{Chain, LINKS, side_by_side};
use proxy::Proxy;
use subject::{Phase, Subject};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// docker compose 2 to compare with: the program itself, not the `docker` command
    #[arg(long, value_name = "FILE", env = "WHARF_BENCH_DOCKER_COMPOSE")]
    peer: Option<PathBuf>,
    /// A built wharf, instead of the one that is built now
    #[arg(long, value_name = "FILE")]
    wharf: Option<PathBuf>,
    /// Rounds, each with all subjects. The waits with an interval of 30 s are done three times, and once by the others
    #[arg(long, default_value_t = 20)]
    rounds: usize,
    /// Only these parts
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Also print which requests each subject sends
    #[arg(long)]
    requests: bool,
}

/// A part of the comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    /// 20 services: `up`, `up` with nothing to do, `down -t 1`
    Up,
    /// Three services that are waited for, with an interval of 1 s
    Chain,
    /// The same with an interval of 30 s
    SlowChain,
}

/// How often the chain with the long interval is waited for.
const SLOW_ROUNDS: usize = 3;

pub(crate) fn run_task(args: &Args) -> Result<()> {
    let wharf = binaries::given_or_built(args.wharf.as_deref())?;
    let folder = root().join("target/bench/engine");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let engine = socket()?;
    floor::clear(&engine, subject::PREFIX)?;
    let proxy = Proxy::start(folder.join("proxy.sock"), engine.clone())?;
    let mut subjects = subject::all(wharf, args.peer.clone(), engine)?;
    let chosen = |part: Part| args.only.is_empty() || args.only.contains(&part);
    let seconds = Duration::from_secs;
    println!(
        "{:26} {:26} {:>9} {:>8} {:>8} {:>6} {:>10}",
        "", "", "median ms", "least", "CPU ms", "calls", "of compose"
    );
    if chosen(Part::Up) {
        let file = write(&folder, "side-by-side.yaml", &side_by_side())?;
        let phases = [Phase::Up, Phase::NothingToDo, Phase::Down];
        for round in 0..args.rounds {
            rotated(&mut subjects, round, |subject| subject.run(&file, &phases, None))?;
        }
        report(
            args,
            &mut subjects,
            &file,
            &phases,
            &proxy,
            &[
                (Phase::Up, "up of 20 services"),
                (Phase::NothingToDo, "up with nothing to do"),
                (Phase::Down, "down -t 1"),
            ],
        )?;
    }
    if chosen(Part::Chain) {
        let chain = Chain { answers_after: Duration::ZERO, interval: seconds(1) };
        let file = write(&folder, "chain.yaml", &chain.text())?;
        let phases = [Phase::Chain(chain), Phase::Kill];
        for round in 0..args.rounds {
            rotated(&mut subjects, round, |subject| subject.run(&file, &phases, None))?;
        }
        report(args, &mut subjects, &file, &phases, &proxy, &[(phases[0], "three waits, interval 1s")])?;
    }
    if chosen(Part::SlowChain) {
        let chain = Chain { answers_after: seconds(2), interval: seconds(30) };
        let file = write(&folder, "slow-chain.yaml", &chain.text())?;
        let phases = [Phase::Chain(chain), Phase::Kill];
        for round in 0..SLOW_ROUNDS {
            rotated(&mut subjects, round, |subject| match subject.is_peer() && round > 0 {
                true => Ok(()),
                false => subject.run(&file, &phases, None),
            })?;
        }
        report(args, &mut subjects, &file, &[], &proxy, &[(phases[0], "three waits, interval 30s")])?;
        let median = |is: fn(&Subject) -> bool| subjects.iter().find(|subject| is(subject))?.median(phases[0]);
        if let (Some(wharf), Some(floor)) = (median(Subject::is_wharf), median(Subject::is_floor)) {
            let behind = (wharf - floor) / LINKS.len() as f64;
            println!("wharf goes on {:.0} ms after a service answers and a probe of it could have ended", behind * 1e3);
        }
    }
    Ok(())
}

/// The engine's socket.
fn socket() -> Result<PathBuf> {
    match std::env::var("DOCKER_HOST") {
        Err(_) => Ok("/var/run/docker.sock".into()),
        Ok(host) => match host.strip_prefix("unix://") {
            Some(path) => Ok(path.into()),
            None => bail!("the calls are counted on a Unix socket: DOCKER_HOST is {host}"),
        },
    }
}

fn write(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let file = folder.join(name);
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}

/// Lets another subject be the first one in each round.
fn rotated(subjects: &mut [Subject], round: usize, mut run: impl FnMut(&mut Subject) -> Result<()>) -> Result<()> {
    let count = subjects.len();
    (0..count).try_for_each(|index| run(&mut subjects[(round + index) % count]))
}

/// Counts the calls in one more run, and prints a line for each subject in each phase.
fn report(
    args: &Args,
    subjects: &mut [Subject],
    file: &Path,
    phases: &[Phase],
    proxy: &Proxy,
    shown: &[(Phase, &str)],
) -> Result<()> {
    for subject in subjects.iter_mut() {
        subject.run(file, phases, Some(proxy))?;
    }
    for (phase, name) in shown {
        let compose = subjects.iter().find(|subject| subject.is_reference()).and_then(|subject| subject.median(*phase));
        for subject in subjects.iter() {
            let (Some(median), Some(least)) = (subject.median(*phase), subject.least(*phase)) else { continue };
            let ratio = compose.map(|compose| format!("{:.2}", median / compose)).unwrap_or_default();
            let calls =
                subject.calls(*phase).map(|calls| calls.values().sum::<usize>().to_string()).unwrap_or_default();
            println!(
                "{name:26} {:26} {:9.0} {:8.0} {:8.0} {calls:>6} {ratio:>10}",
                subject.name(),
                median * 1e3,
                least * 1e3,
                subject.cpu(*phase) * 1e3,
            );
            if args.requests {
                for (request, count) in subject.calls(*phase).into_iter().flatten() {
                    println!("{:54}{count:5} {request}", "");
                }
            }
        }
    }
    Ok(())
}
