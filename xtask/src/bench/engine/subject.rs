//! The programs that are compared, and what was measured of them.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use super::floor::Floor;
use super::project::Chain;
use super::proxy::{Counts, Proxy};
use crate::bench::process::children_cpu_seconds;
use crate::stage::{command, output};

/// What the names of all projects begin with.
pub(super) const PREFIX: &str = "wharf-bench-";

/// What is measured by itself.
#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// `up -d` of services that are not there.
    Up,
    /// `up -d` once more.
    NothingToDo,
    /// `down -t 1`
    Down,
    /// `up -d` of services that wait for each other.
    Chain(Chain),
    /// `down -t 0`, which only clears up.
    Kill,
}

impl Phase {
    fn index(self) -> usize {
        match self {
            Phase::Up => 0,
            Phase::NothingToDo => 1,
            Phase::Down => 2,
            Phase::Chain(chain) => 3 + usize::from(!chain.answers_after.is_zero()),
            Phase::Kill => 5,
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Phase::Up | Phase::NothingToDo | Phase::Chain(_) => &["up", "-d"],
            Phase::Down => &["down", "-t", "1"],
            Phase::Kill => &["down", "-t", "0"],
        }
    }
}

/// Figures of one phase.
#[derive(Debug, Default)]
struct Figures {
    /// Seconds of each run.
    wall: Vec<f64>,
    /// CPU seconds of all runs, without the engine's.
    cpu: f64,
    calls: Option<Counts>,
}

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    Wharf,
    Compose2,
    Compose1,
    Floor,
}

/// A program, or bare calls.
#[derive(Debug)]
pub(super) struct Subject {
    name: String,
    kind: Kind,
    program: PathBuf,
    project: String,
    engine: PathBuf,
    figures: [Figures; 6],
}

/// wharf, those of the others that are installed, and bare calls.
pub(super) fn all(wharf: PathBuf, peer: Option<PathBuf>, engine: PathBuf) -> Result<Vec<Subject>> {
    let subject = |name: String, kind: Kind, program: PathBuf, project: &str| Subject {
        name,
        kind,
        program,
        project: format!("{PREFIX}{project}"),
        engine: engine.clone(),
        figures: Default::default(),
    };
    let mut subjects = vec![subject("wharf".to_owned(), Kind::Wharf, wharf, "wharf")];
    match peer {
        Some(peer) => {
            let version = output(command(&peer).args(["version", "--short"]))?;
            subjects.push(subject(format!("docker compose {version}"), Kind::Compose2, peer, "two"));
        }
        None => eprintln!("docker compose 2 is left out: name its program with --peer or WHARF_BENCH_DOCKER_COMPOSE"),
    }
    match command("docker-compose").args(["version", "--short"]).output() {
        Ok(found) if found.stdout.starts_with(b"1.") => {
            let version = String::from_utf8_lossy(&found.stdout).trim().to_owned();
            subjects.push(subject(format!("docker-compose {version}"), Kind::Compose1, "docker-compose".into(), "one"));
        }
        _ => eprintln!("docker-compose 1 is left out: it is not installed (Debian 12: apt-get install docker-compose)"),
    }
    // A name of its own in each run: a network that an earlier run could not remove is not used again.
    let floor = format!("floor-{}", std::process::id());
    subjects.push(subject("bare API calls".to_owned(), Kind::Floor, PathBuf::new(), &floor));
    Ok(subjects)
}

impl Subject {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_wharf(&self) -> bool {
        self.kind == Kind::Wharf
    }

    pub(super) fn is_floor(&self) -> bool {
        self.kind == Kind::Floor
    }

    pub(super) fn is_peer(&self) -> bool {
        matches!(self.kind, Kind::Compose1 | Kind::Compose2)
    }

    /// Whether the others are compared with it.
    pub(super) fn is_reference(&self) -> bool {
        self.kind == Kind::Compose2
    }

    /// Does the phases one after the other. With a proxy their calls are counted instead of their time.
    pub(super) fn run(&mut self, file: &Path, phases: &[Phase], proxy: Option<&Proxy>) -> Result<()> {
        for phase in phases {
            let (start, cpu) = (Instant::now(), children_cpu_seconds()?);
            match self.kind {
                Kind::Floor => self.floor(*phase, proxy)?,
                _ => self.program(file, *phase, proxy)?,
            }
            let (wall, cpu) = (start.elapsed().as_secs_f64(), children_cpu_seconds()? - cpu);
            let figures = &mut self.figures[phase.index()];
            match proxy {
                Some(proxy) => figures.calls = Some(proxy.take()),
                None => {
                    figures.wall.push(wall);
                    figures.cpu += cpu;
                }
            }
        }
        Ok(())
    }

    fn program(&self, file: &Path, phase: Phase, proxy: Option<&Proxy>) -> Result<()> {
        let mut command = Command::new(&self.program);
        command.arg("-p").arg(&self.project).arg("-f").arg(file).args(phase.arguments());
        if let Some(proxy) = proxy {
            command.env("DOCKER_HOST", proxy.host());
        }
        let output = command.stdin(Stdio::null()).output();
        let output = output.with_context(|| format!("cannot run {}", self.program.display()))?;
        if !output.status.success() {
            bail!("{} {phase:?} failed: {}", self.name, String::from_utf8_lossy(&output.stderr));
        }
        Ok(())
    }

    fn floor(&self, phase: Phase, proxy: Option<&Proxy>) -> Result<()> {
        let socket = proxy.map_or(self.engine.as_path(), Proxy::path);
        let floor = Floor { socket, project: &self.project };
        match phase {
            Phase::Up => floor.up(),
            Phase::NothingToDo => floor.nothing_to_do(),
            Phase::Down => floor.down(),
            Phase::Chain(chain) => floor.chain(chain),
            Phase::Kill => floor.remove_chain(),
        }
    }

    /// The median time of a run, in seconds.
    pub(super) fn median(&self, phase: Phase) -> Option<f64> {
        let sorted = self.sorted(phase);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => None,
            length if length % 2 == 1 => Some(sorted[middle]),
            _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
        }
    }

    /// The time of the shortest run, in seconds.
    pub(super) fn least(&self, phase: Phase) -> Option<f64> {
        self.sorted(phase).first().copied()
    }

    fn sorted(&self, phase: Phase) -> Vec<f64> {
        let mut sorted = self.figures[phase.index()].wall.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    /// The CPU time of a run, in seconds.
    pub(super) fn cpu(&self, phase: Phase) -> f64 {
        let figures = &self.figures[phase.index()];
        figures.cpu / figures.wall.len().max(1) as f64
    }

    /// The calls of a run.
    pub(super) fn calls(&self, phase: Phase) -> Option<&Counts> {
        self.figures[phase.index()].calls.as_ref()
    }
}
