//! The cost of a scrape of `wharf exporter` with 10 and with 50 containers. It is part of `cargo xtask bench metrics`.
//!
//! For comparison, with 50 containers on one machine, cAdvisor 0.35 takes 31 ms and 37 MB, and has 52 series per
//! container.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::process::Server;
use crate::{
    binaries,
    stage::{command, output, stage},
};

const IMAGE: &str = "wharf-local/debian:bookworm";
/// The label of this benchmark's containers.
const LABEL: &str = "org.wharf.bench=exporter";
/// Goals with 50 containers: milliseconds (a third of cAdvisor's), series per container, MiB.
const GOALS: (f64, usize, f64) = (31.0 / 3.0, 30, 15.0);

/// Makes `scrapes` scrapes for each number of containers, of this build and of one before in turn, and prints the figures.
pub(crate) fn scrapes(scrapes: u32, before: Option<&Path>) -> Result<()> {
    stage("binaries", binaries::build)?;
    let wharf = binaries::wharf()?;
    let programs = [Some(("wharf", wharf.as_path())), before.map(|before| ("before", before))];
    let containers = Containers::remove_others()?;
    println!(
        "{:>10} {:8} {:>12} {:>14} {:>10} {:>10} {:>18}",
        "containers", "subject", "ms a scrape", "CPU ms a scrape", "MiB now", "MiB peak", "series a container"
    );
    for number in [10, 50] {
        containers.grow_to(number)?;
        let mut exporters = Vec::new();
        for (name, program) in programs.into_iter().flatten() {
            exporters.push(Exporter::start(name, program, number)?);
        }
        for _ in 0..scrapes {
            exporters.iter_mut().try_for_each(Exporter::scrape)?;
        }
        for exporter in exporters {
            exporter.print(number)?;
        }
        if number == 50 {
            println!("{:10} {:8} {:12.1} {:14} {:10.1} {:10} {:18}", "", "goals", GOALS.0, "", GOALS.2, "", GOALS.1);
        }
    }
    Ok(())
}

/// A running exporter, with the milliseconds of its scrapes.
struct Exporter {
    name: &'static str,
    server: Server,
    series: usize,
    cpu_before: f64,
    times: Vec<f64>,
}

impl Exporter {
    fn start(name: &'static str, program: &Path, containers: usize) -> Result<Self> {
        let server = Server::start(
            command(program).args(["exporter", "--collectors", "containers"]).stdout(std::process::Stdio::null()),
            "WHARF_EXPORTER_LISTEN",
        )?;
        let series = wait(server.address, containers)?;
        Ok(Self { name, cpu_before: server.cpu_seconds()?, server, series, times: Vec::new() })
    }

    fn scrape(&mut self) -> Result<()> {
        let began = Instant::now();
        scrape(self.server.address)?;
        self.times.push(began.elapsed().as_secs_f64() * 1e3);
        Ok(())
    }

    fn print(mut self, containers: usize) -> Result<()> {
        let (name, series) = (self.name, self.series);
        let cpu = (self.server.cpu_seconds()? - self.cpu_before) * 1e3 / self.times.len() as f64;
        self.times.sort_by(f64::total_cmp);
        let median = self.times.get(self.times.len() / 2).copied().unwrap_or_default();
        let (now, peak) = (self.server.resident_memory()?, self.server.peak_memory()?);
        println!("{containers:10} {name:8} {median:12.1} {cpu:14.1} {now:10.1} {peak:10.1} {series:18}");
        Ok(())
    }
}

/// The containers. Dropping this removes them.
struct Containers;

impl Containers {
    fn remove_others() -> Result<Self> {
        Self::remove()?;
        Ok(Self)
    }

    fn ids() -> Result<Vec<String>> {
        let ids = output(command("docker").args(["ps", "--all", "--quiet", "--filter", &format!("label={LABEL}")]))?;
        Ok(ids.lines().map(str::to_owned).collect())
    }

    fn remove() -> Result<()> {
        let ids = Self::ids()?;
        if !ids.is_empty() {
            output(command("docker").args(["rm", "--force", "--volumes"]).args(ids))?;
        }
        Ok(())
    }

    /// Starts containers that sleep, with limits on memory and CPU.
    fn grow_to(&self, number: usize) -> Result<()> {
        for _ in Self::ids()?.len()..number {
            let limits = ["--memory", "32m", "--cpus", "0.1"];
            output(
                command("docker")
                    .args(["run", "--detach", "--label", LABEL])
                    .args(limits)
                    .args([IMAGE, "sleep", "3600"]),
            )?;
        }
        Ok(())
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        // The next run removes what is left.
        let _ = Self::remove();
    }
}

/// Waits until all containers have series, with the sizes of their layers. Returns the number of series of one of them.
fn wait(address: SocketAddr, number: usize) -> Result<usize> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let text = scrape(address)?;
        let told = text.lines().filter(|line| line.starts_with("container_fs_usage_bytes{")).count();
        if told >= number {
            let of_bench = |line: &&str| line.contains(&format!("image=\"{IMAGE}\""));
            let series = text.lines().filter(|line| line.starts_with("container_")).filter(of_bench).count();
            let containers =
                text.lines().filter(|line| line.starts_with("container_last_seen{")).filter(of_bench).count();
            return Ok(series / containers.max(1));
        }
        if Instant::now() > deadline {
            bail!("of {number} containers {told} are told after a minute");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn scrape(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    if !head.starts_with("HTTP/1.0 200") {
        bail!("the answer began with {}", head.lines().next().unwrap_or_default());
    }
    Ok(body.to_owned())
}
