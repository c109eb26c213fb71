//! `wharf stats`

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use bollard::models::{ContainerBlkioStats, ContainerMemoryStats, ContainerStatsResponse};
use bollard::query_parameters::StatsOptionsBuilder;
use futures_util::StreamExt;
use futures_util::future::join_all;
use serde_json::{Value, json};
use wharf_docker::Engine;
use wharf_docker::names::short_id;
use wharf_go::units::{bytes_size, human_size};
use wharf_orchestrator::observe::{Container, list_containers};

use crate::failure::Failure;
use crate::screen::columns::table;
use crate::screen::template::{Format, render};
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Stopped containers, too
    #[arg(short, long)]
    all: bool,
    /// How the list is printed: table, json (an object a line), a template ({{.Name}}), or "table TEMPLATE"
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print once
    #[arg(long)]
    no_stream: bool,
    /// Do not cut long values
    #[arg(long)]
    no_trunc: bool,
}

/// What a template may name.
const FIELDS: [&str; 9] = ["BlockIO", "CPUPerc", "Container", "ID", "MemPerc", "MemUsage", "Name", "NetIO", "PIDs"];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name(&args.services)?;
    known(&project, has_file, &args.services)?;
    let engine = session.connect().await?;
    let clears = std::io::stdout().is_terminal() && !args.no_stream;
    loop {
        let mut containers = list_containers(&engine, Some(&project.name), args.all).await?;
        containers.retain(|found| args.services.is_empty() || args.services.contains(&found.service));
        // The engine takes two samples, a second apart, so this is the pace of the list, too.
        let samples = join_all(containers.iter().map(|container| sample(&engine, container))).await;
        let rows: Vec<Value> =
            containers.iter().zip(&samples).map(|(found, sample)| row(found, sample.as_ref(), args.no_trunc)).collect();
        let text = shown(&rows, &args.format)?;
        let mut out = std::io::stdout().lock();
        let clear = if clears { "\x1b[2J\x1b[H" } else { "" };
        let written = write!(out, "{clear}{text}").and_then(|()| out.flush());
        if args.no_stream || written.is_err() {
            return Ok(ExitCode::SUCCESS);
        }
        if containers.is_empty() {
            drop(out);
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}

/// Without a number for a container that does not run, or is gone.
async fn sample(engine: &Engine, container: &Container) -> Option<ContainerStatsResponse> {
    if !container.is_up() {
        return None;
    }
    let options = StatsOptionsBuilder::default().stream(false).build();
    engine.docker().stats(&container.id, Some(options)).boxed().next().await?.ok()
}

fn shown(rows: &[Value], format: &Format) -> anyhow::Result<String> {
    let field = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    Ok(match format {
        Format::Json => rows.iter().map(|row| format!("{row}\n")).collect(),
        Format::Template { source, table } => {
            let rows: Vec<_> = rows.iter().filter_map(|row| row.as_object().cloned()).collect();
            render(source, *table, &rows, &FIELDS)?
        }
        Format::Table => {
            let keys = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];
            let rows: Vec<[String; 8]> = rows.iter().map(|row| keys.map(|key| field(row, key))).collect();
            let head = ["CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"];
            table(head, &rows)
        }
    })
}

fn row(container: &Container, stats: Option<&ContainerStatsResponse>, whole: bool) -> Value {
    let id = if whole { &container.id } else { short_id(&container.id) };
    let memory = stats.and_then(|stats| stats.memory_stats.as_ref());
    let (used, limit) = (used_memory(memory), memory.and_then(|memory| memory.limit).unwrap_or(0));
    let networks = stats.and_then(|stats| stats.networks.as_ref()).into_iter().flatten();
    let (received, sent) = networks.fold((0, 0), |(received, sent), (_, network)| {
        (received + network.rx_bytes.unwrap_or(0), sent + network.tx_bytes.unwrap_or(0))
    });
    let (read, written) = block_io(stats.and_then(|stats| stats.blkio_stats.as_ref()));
    let pids = stats.and_then(|stats| stats.pids_stats.as_ref()).and_then(|pids| pids.current).unwrap_or(0);
    let share = if limit == 0 { 0.0 } else { used as f64 / limit as f64 * 100.0 };
    json!({
        "BlockIO": format!("{} / {}", human_size(read), human_size(written)),
        "CPUPerc": format!("{:.2}%", stats.map_or(0.0, cpu_share)),
        "Container": id,
        "ID": id,
        "MemPerc": format!("{share:.2}%"),
        "MemUsage": format!("{} / {}", bytes_size(used), bytes_size(limit)),
        "Name": container.name,
        "NetIO": format!("{} / {}", human_size(received), human_size(sent)),
        "PIDs": pids.to_string(),
    })
}

/// Part of one CPU between two samples, in percent: 200 is two CPUs.
fn cpu_share(stats: &ContainerStatsResponse) -> f64 {
    let usage = |cpu: Option<&bollard::models::ContainerCpuStats>| {
        let total = cpu.and_then(|cpu| cpu.cpu_usage.as_ref()).and_then(|usage| usage.total_usage).unwrap_or(0);
        (total as f64, cpu.and_then(|cpu| cpu.system_cpu_usage).unwrap_or(0) as f64)
    };
    let (before, system_before) = usage(stats.precpu_stats.as_ref());
    let (now, system_now) = usage(stats.cpu_stats.as_ref());
    let online = stats.cpu_stats.as_ref().and_then(|cpu| cpu.online_cpus).unwrap_or(1).max(1);
    match (now - before, system_now - system_before) {
        (used, system) if used > 0.0 && system > 0.0 => used / system * f64::from(online) * 100.0,
        _ => 0.0,
    }
}

/// What cannot be given back: the page cache does not count (cgroup v1: `total_inactive_file`, v2: `inactive_file`).
fn used_memory(memory: Option<&ContainerMemoryStats>) -> u64 {
    let Some(memory) = memory else { return 0 };
    let usage = memory.usage.unwrap_or(0);
    let stats = memory.stats.as_ref();
    let cache = stats.and_then(|stats| stats.get("total_inactive_file").or_else(|| stats.get("inactive_file")));
    let cache = cache.copied().unwrap_or(0);
    if cache < usage { usage - cache } else { usage }
}

fn block_io(stats: Option<&ContainerBlkioStats>) -> (u64, u64) {
    let entries = stats.and_then(|stats| stats.io_service_bytes_recursive.as_ref()).into_iter().flatten();
    entries.fold((0, 0), |(read, written), entry| {
        let value = entry.value.unwrap_or(0);
        match entry.op.as_deref().map(str::to_lowercase).as_deref() {
            Some("read") => (read + value, written),
            Some("write") => (read, written + value),
            _ => (read, written),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_a_cpu_lies_between_two_samples() {
        use bollard::models::{ContainerCpuStats, ContainerCpuUsage};
        let cpu = |total, system| ContainerCpuStats {
            cpu_usage: Some(ContainerCpuUsage { total_usage: Some(total), ..Default::default() }),
            system_cpu_usage: Some(system),
            online_cpus: Some(2),
            ..Default::default()
        };
        let stats = ContainerStatsResponse {
            precpu_stats: Some(cpu(100, 1000)),
            cpu_stats: Some(cpu(350, 2000)),
            ..Default::default()
        };
        assert_eq!(cpu_share(&stats), 50.0);
    }
}
