//! `cargo xtask bench compose`: compares `config` of wharf, docker-compose 1 and docker compose 2, with their start.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail};

use super::process::children_cpu_seconds;
use crate::{
    binaries,
    stage::{command, output, root, stage},
};

/// How long each subject runs before the next, in seconds. It must be long, as `/proc` counts CPU time in hundredths.
const TURN: f64 = 0.3;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// docker compose 2 to compare with: the program itself, not the `docker` command
    #[arg(long, value_name = "FILE", env = "WHARF_BENCH_DOCKER_COMPOSE")]
    peer: Option<PathBuf>,
    /// Rounds, each with all subjects
    #[arg(long, default_value_t = 10)]
    rounds: u32,
}

/// A program that has a `config` command.
struct Subject {
    name: String,
    program: PathBuf,
    /// Its figures over all rounds.
    runs: u32,
    wall: f64,
    cpu: f64,
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    stage("binaries", binaries::build)?;
    let folder = root().join("target/bench/compose");
    // docker-compose 1 requires that a build's directory exists.
    let api = folder.join("api");
    fs::create_dir_all(&api).with_context(|| format!("cannot make {}", api.display()))?;
    println!("{:16} {:28} {:>10} {:>10} {:>16}", "file", "subject", "wall ms", "CPU ms", "wharf is faster");
    for (name, text) in [("3 services", three_services()), ("1,000 services", many_services(1000))] {
        let file = folder.join(format!("{}.yaml", name.replace([' ', ','], "-")));
        fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
        let mut subjects = subjects(args)?;
        for subject in &mut subjects {
            // The first run reads the program from disk, so it is not counted.
            subject.turn(&file, 0.0)?;
            (subject.runs, subject.wall, subject.cpu) = (0, 0.0, 0.0);
        }
        for _ in 0..args.rounds {
            for subject in &mut subjects {
                subject.turn(&file, TURN)?;
            }
        }
        let wharf = subjects[0].wall_ms();
        for subject in &subjects {
            let (wall, cpu) = (subject.wall_ms(), subject.cpu * 1e3 / f64::from(subject.runs));
            println!("{name:16} {:28} {wall:10.1} {cpu:10.1} {:>16}", subject.name, format!("{:.1} x", wall / wharf));
        }
    }
    Ok(())
}

/// wharf, and those of the others that are installed.
fn subjects(args: &Args) -> Result<Vec<Subject>> {
    let subject = |name: String, program: PathBuf| Subject { name, program, runs: 0, wall: 0.0, cpu: 0.0 };
    let mut subjects = vec![subject("wharf".to_owned(), binaries::wharf()?)];
    match command("docker-compose").args(["version", "--short"]).output() {
        Ok(found) if found.stdout.starts_with(b"1.") => {
            let version = String::from_utf8_lossy(&found.stdout).trim().to_owned();
            subjects.push(subject(format!("docker-compose {version}"), "docker-compose".into()));
        }
        _ => eprintln!("docker-compose 1 is left out: it is not installed (Debian 12: apt-get install docker-compose)"),
    }
    match &args.peer {
        Some(peer) => {
            let version = output(command(peer).args(["version", "--short"]))?;
            subjects.push(subject(format!("docker compose {version}"), peer.clone()));
        }
        None => eprintln!("docker compose 2 is left out: name its program with --peer or WHARF_BENCH_DOCKER_COMPOSE"),
    }
    Ok(subjects)
}

impl Subject {
    /// Runs `config` again and again for the given time, at least once.
    fn turn(&mut self, file: &Path, seconds: f64) -> Result<()> {
        let (start, cpu) = (Instant::now(), children_cpu_seconds()?);
        loop {
            let mut config = Command::new(&self.program);
            config.arg("-f").arg(file).arg("config").stdout(Stdio::null()).stderr(Stdio::null());
            let status = config.status().with_context(|| format!("cannot run {}", self.program.display()))?;
            if !status.success() {
                bail!("`{} -f {} config` failed ({status})", self.program.display(), file.display());
            }
            self.runs += 1;
            if start.elapsed().as_secs_f64() >= seconds {
                break;
            }
        }
        self.wall += start.elapsed().as_secs_f64();
        self.cpu += children_cpu_seconds()? - cpu;
        Ok(())
    }

    fn wall_ms(&self) -> f64 {
        self.wall * 1e3 / f64::from(self.runs)
    }
}

/// A small application that docker-compose 1 can also read.
fn three_services() -> String {
    "version: '3.7'
services:
  web:
    image: nginx:1
    ports: ['8080:80']
    depends_on: [api]
    volumes: ['./site:/usr/share/nginx/html:ro']
  api:
    build: {context: ./api, args: {VERSION: '${VERSION:-1}'}}
    environment: {DATABASE_URL: 'postgres://app@db/app', LOG: info}
    depends_on: [db]
    restart: unless-stopped
  db:
    image: postgres:15
    volumes: ['data:/var/lib/postgresql/data']
    healthcheck: {test: [CMD-SHELL, pg_isready], interval: 5s, timeout: 3s, retries: 10}
volumes:
  data:
"
    .to_owned()
}

/// A file of many typical services.
fn many_services(count: u32) -> String {
    let mut text = "version: '3.7'\nservices:\n".to_owned();
    for number in 0..count {
        let before = number.saturating_sub(1);
        let _ = write!(
            text,
            "  service-{number}:
    image: registry.example.com/team/service-{number}:${{TAG:-1}}
    command: [serve, --port, '8080']
    environment: {{NAME: service-{number}, LOG: info, PEER: 'http://service-{before}:8080'}}
    ports: ['{}:8080']
    volumes: ['data-{}:/data', './config/{number}:/config:ro']
    networks: [front, back]
    labels: {{com.example.number: '{number}'}}
    healthcheck: {{test: [CMD, check], interval: 10s, retries: 3}}
",
            10_000 + number,
            number % 10
        );
        if number > 0 {
            let _ = writeln!(text, "    depends_on: [service-{before}]");
        }
    }
    text.push_str("networks: {front: {}, back: {}}\nvolumes:\n");
    for number in 0..10 {
        let _ = writeln!(text, "  data-{number}: {{}}");
    }
    text
}
