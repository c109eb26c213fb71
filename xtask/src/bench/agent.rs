//! `cargo xtask bench agent`.

mod sink;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use self::sink::Sink;
use super::process::Process;
use crate::{
    binaries,
    host::{Need, ensure},
    stage::{command, output, stage},
};

const IMAGE: &str = "wharf-local/debian:bookworm";
const LABEL: &str = "org.wharf.bench.agent";
/// The deadline of one measurement.
const DEADLINE: Duration = Duration::from_secs(300);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Containers that wrote
    #[arg(long, default_value_t = 10)]
    containers: u32,
    /// Lines of each
    #[arg(long, default_value_t = 333_400)]
    lines: u32,
    /// Rounds, each with all subjects
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Another build of wharf, to be measured beside this one
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
}

/// One measurement.
#[derive(Debug, Clone, Copy)]
struct Figures {
    /// CPU seconds per million lines.
    cpu: f64,
    /// The engine's CPU seconds per million lines.
    engine: f64,
    /// Lines per second.
    rate: f64,
    /// Peak memory of the process in MiB, unknown if it has ended.
    memory: Option<f64>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Bare,
    Files,
    Stages,
    Engine,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Subject::Bare => "bare",
            Subject::Files => "files, default labels",
            Subject::Stages => "files, json + labels + drop",
            Subject::Engine => "engine",
        }
    }
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    ensure(&[Need::Program("docker", "docker.io")])?;
    stage("binaries", binaries::build)?;
    let bench = Bench { total: args.containers * args.lines };
    let (wharf, bare) = (binaries::wharf()?, binaries::example("wharf-agent", "agent-bare")?);
    let containers = Containers::write(args)?;
    let mut programs = vec![(Subject::Bare, &bare, "")];
    for subject in [Subject::Files, Subject::Stages, Subject::Engine] {
        programs.push((subject, &wharf, ""));
        programs.extend(args.before.iter().map(|before| (subject, before, "before: ")));
    }
    let mut all: Vec<Vec<Figures>> = vec![Vec::new(); programs.len()];
    for _ in 0..args.rounds {
        for ((subject, program, _), figures) in programs.iter().zip(&mut all) {
            figures.push(bench.measure(*subject, program, &containers)?);
        }
    }
    let mean =
        |figures: &[Figures], value: fn(&Figures) -> f64| figures.iter().map(value).sum::<f64>() / figures.len() as f64;
    println!("{} lines in {} containers; CPU-s a million lines / with the engine's", bench.total, args.containers);
    println!(
        "{:38} {:>8} {:>8} {:>12} {:>10} {:>10} {:>10}",
        "subject", "CPU-s", "/ all", "lines/s", "peak MiB", "CPU: bare", "rate: bare"
    );
    for ((subject, _, build), figures) in programs.iter().zip(&all) {
        let cpu = mean(figures, |figures| figures.cpu);
        let rate = mean(figures, |figures| figures.rate);
        let memory = figures.iter().filter_map(|figures| figures.memory).reduce(f64::max);
        println!(
            "{:38} {cpu:8.2} {:8.2} {rate:12.0} {:>10} {:9.2}x {:9.2}x",
            format!("{build}{}", subject.name()),
            cpu + mean(figures, |figures| figures.engine),
            memory.map_or_else(|| "-".to_owned(), |memory| format!("{memory:.1}")),
            cpu / mean(&all[0], |figures| figures.cpu),
            rate / mean(&all[0], |figures| figures.rate),
        );
    }
    Ok(())
}

struct Bench {
    /// Lines.
    total: u32,
}

impl Bench {
    fn measure(&self, subject: Subject, program: &Path, containers: &Containers) -> Result<Figures> {
        let sink = Sink::start()?;
        let folder = std::env::temp_dir().join(format!("wharf-bench-agent-{}", std::process::id()));
        fs::create_dir_all(&folder)?;
        let engine = Engine::find();
        let engine_before = engine.cpu_seconds();
        let begun = Instant::now();
        let mut child = match subject {
            Subject::Bare => {
                let mut bare = command(program);
                bare.arg(sink.address.to_string()).args(&containers.logs).stdout(Stdio::null());
                bare.spawn().context("cannot start the bare one")?
            }
            subject => start_agent(program, subject, &sink, &folder)?,
        };
        let outcome = self.wait(&mut child, subject, begun);
        let process = Process(child.id());
        let figures = outcome.and_then(|seconds| {
            let millions = f64::from(self.total) / 1e6;
            Ok(Figures {
                cpu: process.cpu_seconds()? / millions,
                engine: (engine.cpu_seconds() - engine_before) / millions,
                rate: f64::from(self.total) / seconds,
                memory: process.peak_memory().ok(),
            })
        });
        // The process may have ended already.
        let _ = child.kill();
        let _ = child.wait();
        fs::remove_dir_all(&folder)?;
        figures
    }

    /// Waits until all lines have arrived and returns the seconds that this took. The measured process still exists.
    fn wait(&self, child: &mut Child, subject: Subject, begun: Instant) -> Result<f64> {
        loop {
            if begun.elapsed() > DEADLINE {
                bail!("{}: not done after {DEADLINE:?}", subject.name());
            }
            let done = match subject {
                Subject::Bare => Process(child.id()).has_ended(),
                Subject::Stages => sum_of(&["wharf_agent_read_lines_total"]) >= f64::from(self.total) && is_idle(),
                _ => sum_of(&["wharf_agent_sent_lines_total"]) >= f64::from(self.total),
            };
            if done {
                return Ok(begun.elapsed().as_secs_f64());
            }
            if let (false, Some(status)) = (subject == Subject::Bare, child.try_wait()?) {
                bail!("{}: it ended ({status})", subject.name());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn start_agent(program: &Path, subject: Subject, sink: &Sink, folder: &Path) -> Result<Child> {
    let positions = folder.join("positions.json");
    let mut agent = command(program);
    agent.arg("agent").args(["--listen", ADDRESS, "--positions"]).arg(&positions);
    agent.args(["--read", if subject == Subject::Engine { "engine" } else { "files" }]);
    if subject == Subject::Stages {
        let config = folder.join("promtail.yaml");
        fs::write(&config, STAGES.replace("SINK", &sink.address.to_string()).replace("LABEL", LABEL))?;
        agent.arg("--config").arg(config);
    } else {
        agent.args(["--loki", &format!("http://{}", sink.address), "--filter", &format!("label={LABEL}")]);
    }
    agent.stdout(Stdio::null()).spawn().context("cannot start the agent")
}

const ADDRESS: &str = "127.0.0.1:19083";

/// Stages that drop debug lines and turn the level into a label.
const STAGES: &str = "
clients: [{url: \"http://SINK/loki/api/v1/push\"}]
scrape_configs:
  - job_name: docker
    docker_sd_configs:
      - host: unix:///var/run/docker.sock
        filters: [{name: label, values: [LABEL]}]
    relabel_configs:
      - {source_labels: [__meta_docker_container_name], regex: '/(.*)', target_label: container}
      - {source_labels: [__meta_docker_container_log_stream], target_label: stream}
    pipeline_stages:
      - json: {expressions: {level: level}}
      - drop: {source: level, value: debug}
      - labels: {level: }
";

/// The sum of some of the agent's metrics, 0 while it does not answer.
fn sum_of(names: &[&str]) -> f64 {
    let text = sink::get(ADDRESS, "/metrics").unwrap_or_default();
    let values = text.lines().filter(|line| names.iter().any(|name| line.starts_with(name)));
    values.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

fn is_idle() -> bool {
    sum_of(&["wharf_agent_waiting_batches", "wharf_agent_memory_bytes", "wharf_agent_unread_bytes"]) == 0.0
}

/// The engine's process, if it runs on this machine and its `/proc` is readable.
struct Engine(Option<Process>);

impl Engine {
    fn find() -> Self {
        let pid =
            output(command("pidof").arg("dockerd")).ok().and_then(|text| text.split_whitespace().next()?.parse().ok());
        Self(pid.map(Process))
    }

    fn cpu_seconds(&self) -> f64 {
        self.0.as_ref().and_then(|process| process.cpu_seconds().ok()).unwrap_or(0.0)
    }
}

/// Containers that have written their lines. Dropping this removes them.
struct Containers {
    ids: Vec<String>,
    logs: Vec<String>,
}

impl Containers {
    fn write(args: &Args) -> Result<Self> {
        let script = format!(
            "for ($i = 1; $i <= {}; $i++) {{ $l = $i % 10 ? 'info' : 'debug'; \
             print qq({{\"level\":\"$l\",\"msg\":\"request served\",\"path\":\"/items/$i\",\"ms\":12}}\\n) }}",
            args.lines
        );
        let mut containers = Self { ids: Vec::new(), logs: Vec::new() };
        stage("lines", || {
            for _ in 0..args.containers {
                let mut run = command("docker");
                run.args([
                    "run",
                    "--detach",
                    "--network",
                    "none",
                    "--log-driver",
                    "json-file",
                    "--log-opt",
                    "max-size=10g",
                ]);
                containers.ids.push(output(run.args(["--label", LABEL, IMAGE, "perl", "-e", &script]))?);
            }
            for id in &containers.ids {
                output(command("docker").args(["wait", id]))?;
                containers.logs.push(output(command("docker").args(["inspect", "--format", "{{.LogPath}}", id]))?);
            }
            Ok(())
        })?;
        Ok(containers)
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", "--volumes"]).args(&self.ids).output();
    }
}
