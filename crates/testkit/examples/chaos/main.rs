//! Attacks a built `wharf`: kills it at random moments and after each call, breaks its connection to the engine, and runs two at
//! once. `cargo xtask chaos` runs this.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod api;
mod attack;
mod proxy;
mod random;
mod report;
mod scene;
mod site;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tokio::task::JoinSet;

use api::Api;
use attack::{Attack, Attacker, Outcome};
use proxy::Fault;
use random::Random;
use report::Report;
use scene::{SCENES, Scene, VERBS};
use site::{Command, Site, clear_dead_runs, make_images};

/// Attacks a built wharf, and checks that the next run puts everything right.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask chaos", bin_name = "cargo xtask chaos")]
struct Cli {
    /// The built wharf
    #[arg(long, value_name = "FILE")]
    wharf: PathBuf,
    /// A simulated engine instead of the one at DOCKER_HOST
    #[arg(long, global = true)]
    simulated: bool,
    /// Projects that are attacked side by side
    #[arg(long, global = true, default_value_t = 2)]
    jobs: usize,
    /// The same seed makes the same choices (default: the clock's)
    #[arg(long, global = true)]
    seed: Option<u64>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
    /// An image with `sleep` and `true`, for a real engine
    #[arg(long, global = true, default_value = "wharf-local/debian:bookworm")]
    image: String,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// SIGKILL at random moments
    Kills {
        /// Kills in each scene
        #[arg(long, default_value_t = 20)]
        count: usize,
        /// Only these scenes: up, up-changed, scale-up, scale-down, down, down-volumes
        #[arg(long)]
        scene: Vec<String>,
    },
    /// SIGKILL at each call that changes something, in turn
    Calls {
        /// Only these scenes
        #[arg(long)]
        scene: Vec<String>,
        /// Also before the engine gets the call
        #[arg(long)]
        before: bool,
    },
    /// Two commands at once, for each pair of verbs that change something
    Pairs {
        /// How often each pair
        #[arg(long, default_value_t = 2)]
        count: usize,
    },
    /// A connection with faults
    Faults {
        /// Commands for each kind of fault
        #[arg(long, default_value_t = 20)]
        count: usize,
        /// Of 100 calls, so many go wrong
        #[arg(long, default_value_t = 20)]
        percent: u64,
        /// How late a slow call is, in milliseconds
        #[arg(long, default_value_t = 10_000)]
        slow: u64,
    },
}

/// What one job does without a break.
#[derive(Debug, Clone)]
enum Work {
    /// Attacks each of these scenes once.
    Scenes(Vec<&'static Scene>, String, Attack),
    /// Attacks a scene at each of its calls.
    Calls(&'static Scene, Fault),
    Pair([Command; 2]),
}

fn main() -> ExitCode {
    let runtime = tokio::runtime::Runtime::new();
    match runtime.context("no runtime").and_then(|runtime| runtime.block_on(run(Cli::parse()))) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cargo xtask chaos: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether nothing is wrong.
async fn run(cli: Cli) -> Result<bool> {
    let socket = match cli.simulated {
        true => None,
        false => {
            let host = std::env::var("DOCKER_HOST").unwrap_or_else(|_| "unix:///var/run/docker.sock".to_owned());
            let path = host.strip_prefix("unix://").context("the engine is reached by a Unix socket only")?;
            let api = Api { socket: path.into() };
            clear_dead_runs(&api).await?;
            make_images(&api, &cli.image).await?;
            Some(api.socket)
        }
    };
    let seed =
        cli.seed.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |time| time.as_secs()));
    eprintln!("seed {seed}");
    let mut random = Random(seed);
    // From the end.
    let mut work = work(&cli.what)?;
    work.reverse();
    let (queue, report) = (Arc::new(Mutex::new(work)), Arc::new(Report::default()));
    let mut jobs = JoinSet::new();
    for number in 0..cli.jobs.max(1) {
        let site = Site::new(cli.wharf.clone(), socket.clone(), number).await?;
        let attacker = Attacker::new(site, random.split());
        jobs.spawn(job(attacker, queue.clone(), report.clone()));
    }
    let mut outcome = Ok(());
    while let Some(ended) = jobs.join_next().await {
        outcome = outcome.and(ended?);
    }
    report.print(cli.json);
    outcome.map(|()| report.is_right())
}

fn work(what: &What) -> Result<Vec<Work>> {
    let chosen = |names: &[String]| -> Result<Vec<&'static Scene>> {
        let scene = |name: &String| {
            let found = SCENES.iter().find(|scene| scene.name == name);
            found.with_context(|| format!("there is no scene `{name}`"))
        };
        if names.is_empty() { Ok(SCENES.iter().collect()) } else { names.iter().map(scene).collect() }
    };
    Ok(match what {
        What::Kills { count, scene } => vec![Work::Scenes(chosen(scene)?, "killed".to_owned(), Attack::Kill); *count],
        What::Calls { scene, before } => {
            let faults: &[Fault] = if *before { &[Fault::KillAfter, Fault::KillBefore] } else { &[Fault::KillAfter] };
            let scenes = chosen(scene)?;
            faults.iter().flat_map(|fault| scenes.iter().map(|scene| Work::Calls(scene, *fault))).collect()
        }
        What::Pairs { count } => {
            let pairs = VERBS.iter().enumerate().flat_map(|(at, one)| VERBS[at..].iter().map(|other| [*one, *other]));
            let pairs: Vec<Work> = pairs.map(Work::Pair).collect();
            pairs.iter().cycle().take(pairs.len() * count).cloned().collect()
        }
        What::Faults { count, percent, slow } => {
            let faults = [
                ("500 before", Fault::ErrorBefore),
                ("500 after", Fault::ErrorAfter),
                ("reset before", Fault::ResetBefore),
                ("reset after", Fault::ResetAfter),
                ("truncated", Fault::Truncated),
                ("garbage", Fault::Garbage),
                ("502 HTML", Fault::Html),
                ("slow", Fault::Slow(Duration::from_millis(*slow))),
            ];
            let scenes: Vec<&Scene> = SCENES.iter().cycle().take(*count).collect();
            let work = |part: &[&'static Scene]| {
                let part = part.to_vec();
                faults.map(|(name, fault)| Work::Scenes(part.clone(), name.to_owned(), Attack::Often(fault, *percent)))
            };
            // All kinds in turn, so that a run that is ended early has seen each.
            scenes.chunks(SCENES.len()).flat_map(work).collect()
        }
    })
}

/// Takes work until there is none, or until somebody interrupts. Leaves nothing behind.
async fn job(mut attacker: Attacker, queue: Arc<Mutex<Vec<Work>>>, report: Arc<Report>) -> Result<()> {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let all = async {
        attacker.learn().await?;
        while let Some(work) = next() {
            carry_out(&mut attacker, work, &report).await?;
        }
        Ok(())
    };
    let outcome = tokio::select! {
        outcome = all => outcome,
        interrupted = interrupted() => interrupted,
    };
    attacker.site.clear().await?;
    outcome
}

async fn interrupted() -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut int, mut term) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = int.recv() => {}
        _ = term.recv() => {}
    }
    Ok(())
}

/// A moment that is too late is chosen anew so often.
const MOST_TRIES: usize = 10;

async fn carry_out(attacker: &mut Attacker, work: Work, report: &Report) -> Result<()> {
    match work {
        Work::Scenes(scenes, name, attack) => {
            for scene in scenes {
                for _ in 0..MOST_TRIES {
                    let outcome = attacker.attack(scene, attack).await?;
                    let is_late = outcome.is_late;
                    report.note(&[&name, scene.name], outcome);
                    if !is_late {
                        break;
                    }
                }
            }
        }
        Work::Calls(scene, fault) => {
            for number in 1.. {
                let outcome = attacker.attack(scene, Attack::At(fault, number)).await?;
                let Outcome { is_late, .. } = outcome;
                report.note(&[&format!("{fault:?}"), scene.name], outcome);
                if is_late {
                    break;
                }
            }
        }
        Work::Pair(pair) => {
            let outcome = attacker.pair([&pair[0], &pair[1]]).await?;
            report.note(&[pair[0].words[0], pair[1].words[0]], outcome);
        }
    }
    Ok(())
}
