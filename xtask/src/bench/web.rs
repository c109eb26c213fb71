//! `cargo xtask bench web`.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

use super::process::Server;
use crate::{
    binaries,
    host::{Need, ensure},
    stage::{command, output, stage},
};

/// How much larger wharf-web's page and headers are than the bare counter's, in bytes.
const PAGE: &str = "1000";
/// Asks for the page: without it the answer is plain text.
const BROWSER: &str = "Accept: text/html";
const REDIS_IMAGE: &str = "wharf-local/redis:7";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Seconds of load for each measurement
    #[arg(long, default_value_t = 5)]
    seconds: u32,
    /// Rounds, each with all subjects
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Another build of wharf-web, to be measured beside this one
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Ours,
    Before,
    Bare,
    LargeBare,
    Redis,
}

impl Subject {
    fn name(self) -> &'static str {
        match self {
            Subject::Ours => "wharf-web",
            Subject::Before => "before",
            Subject::Bare => "bare",
            Subject::LargeBare => "bare, large page",
            Subject::Redis => "redis-benchmark",
        }
    }
}

/// One measurement.
struct Figures {
    requests_per_second: f64,
    /// The server's CPU time per request in microseconds. redis-benchmark measures none of our servers.
    cpu: Option<f64>,
    memory: Option<f64>,
}

pub(crate) fn run_task(args: &Args) -> Result<()> {
    ensure(&[Need::Program("wrk", "wrk"), Need::Program("redis-benchmark", "redis-tools")])?;
    stage("binaries", binaries::build)?;
    let bare = binaries::bare()?;
    let wharf_web = binaries::wharf_web()?;
    let mut subjects = vec![Subject::Ours, Subject::Bare, Subject::LargeBare, Subject::Redis];
    if args.before.is_some() {
        subjects.insert(1, Subject::Before);
    }
    println!(
        "{:10} {:16} {:>12} {:>16} {:>10} {:>12}",
        "fsync", "subject", "requests/s", "CPU us/request", "peak MiB", "ours to it"
    );
    for policy in ["everysec", "always"] {
        let redis = Redis::start(policy)?;
        let mut all: Vec<(Subject, Vec<Figures>)> = subjects.iter().map(|subject| (*subject, Vec::new())).collect();
        for _ in 0..args.rounds {
            for (subject, figures) in &mut all {
                figures.push(match (*subject, &args.before) {
                    (Subject::Before, Some(before)) => redis.load(&mut command(before), args.seconds)?,
                    (Subject::Ours | Subject::Before, _) => redis.load(&mut command(&wharf_web), args.seconds)?,
                    (Subject::Bare, _) => redis.load(&mut command(&bare), args.seconds)?,
                    (Subject::LargeBare, _) => redis.load(command(&bare).env("PADDING", PAGE), args.seconds)?,
                    (Subject::Redis, _) => redis.benchmark()?,
                });
            }
        }
        let mut ours = None;
        for (subject, figures) in &all {
            let mean = |value: fn(&Figures) -> Option<f64>| {
                let values: Vec<f64> = figures.iter().filter_map(value).collect();
                (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
            };
            let text = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"));
            let rate = mean(|figures| Some(figures.requests_per_second)).unwrap_or_default();
            let (cpu, memory) = (mean(|figures| figures.cpu), mean(|figures| figures.memory));
            ours = ours.or(cpu);
            let ratio = ours.zip(cpu).map_or_else(|| "-".to_owned(), |(ours, cpu)| format!("{:.2}x", ours / cpu));
            println!(
                "{policy:10} {:16} {rate:12.0} {:>16} {:>10} {ratio:>12}",
                subject.name(),
                text(cpu),
                text(memory)
            );
        }
    }
    Ok(())
}

/// A Redis in its own container. Dropping this removes it.
struct Redis {
    container: String,
    port: String,
}

impl Redis {
    fn start(policy: &str) -> Result<Self> {
        let container =
            output(command("docker").args(["run", "--detach", "--rm", "--publish", "127.0.0.1::6379"]).args([
                REDIS_IMAGE,
                "redis-server",
                "--appendonly",
                "yes",
                "--appendfsync",
                policy,
            ]))?;
        let published = output(command("docker").args(["port", &container, "6379/tcp"]))?;
        let port = published.rsplit(':').next().unwrap_or_default().to_owned();
        Ok(Self { container, port })
    }

    /// Puts a server under load with wrk.
    fn load(&self, server: &mut Command, seconds: u32) -> Result<Figures> {
        server.env("REDIS_HOST", "127.0.0.1").env("REDIS_PORT", &self.port).stdout(Stdio::null());
        server.env("REDIS_URL", format!("redis://127.0.0.1:{}/", self.port));
        let server = Server::start(server, "LISTEN_ADDR")?;
        let url = format!("http://{}/count", server.address);
        // The first requests open connections and create series, so they are not counted.
        output(command("wrk").args(["-t1", "-c64", "-d1s", "-H", BROWSER, &url]))?;
        let before = server.cpu_seconds()?;
        let report = output(command("wrk").args(["-t1", "-c64", &format!("-d{seconds}s"), "-H", BROWSER, &url]))?;
        let spent = server.cpu_seconds()? - before;
        let number = |before: &str, after: &str| -> Result<f64> {
            let line = report.lines().find(|line| line.contains(before) && line.contains(after));
            let word = line.and_then(|line| line.split_whitespace().find_map(|word| word.parse::<f64>().ok()));
            word.with_context(|| format!("wrk printed something else:\n{report}"))
        };
        let requests = number("requests in", "read")?;
        Ok(Figures {
            requests_per_second: number("Requests/sec:", "")?,
            cpu: Some(spent / requests * 1e6),
            memory: Some(server.peak_memory()?),
        })
    }

    fn benchmark(&self) -> Result<Figures> {
        let report = output(command("redis-benchmark").args([
            "-h",
            "127.0.0.1",
            "-p",
            &self.port,
            "-c",
            "64",
            "-n",
            "300000",
            "-t",
            "incr",
            "--csv",
        ]))?;
        let rate = report.lines().find_map(|line| line.strip_prefix("\"INCR\",\"")?.split('"').next()?.parse().ok());
        let rate = rate.with_context(|| format!("redis-benchmark printed something else:\n{report}"))?;
        Ok(Figures { requests_per_second: rate, cpu: None, memory: None })
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = command("docker").args(["rm", "--force", "--volumes", &self.container]).output();
    }
}
