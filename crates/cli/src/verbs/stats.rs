//! `wharf stats`

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use serde_json::{Value, json};
use wharf_docker::names::short_id;
use wharf_go::units::{bytes_size, human_size};
use wharf_orchestrator::observe::Container;
use wharf_orchestrator::read::stats::{Usage, usage};

use crate::failure::Failure;
use crate::screen::columns::table;
use crate::screen::plain;
use crate::screen::report;
use crate::screen::template::{Format, render};
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Include stopped containers
    #[arg(short, long)]
    all: bool,
    /// Output format: table, json (one object per line), a template ({{.Name}}), or "table TEMPLATE"
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print once
    #[arg(long)]
    no_stream: bool,
    /// Do not truncate long values
    #[arg(long)]
    no_trunc: bool,
}

/// What a template may name.
const FIELDS: [&str; 9] = ["BlockIO", "CPUPerc", "Container", "ID", "MemPerc", "MemUsage", "Name", "NetIO", "PIDs"];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let existing = session.existing(&args.services).await?;
    let clears = std::io::stdout().is_terminal() && !args.no_stream;
    loop {
        let containers = existing.containers(&args.services, args.all).await?;
        // The engine takes two samples, a second apart: that is the pace of the list, too.
        let usages = usage(&existing.engine, &containers).await;
        let rows: Vec<Value> =
            containers.iter().zip(&usages).map(|(found, usage)| row(found, usage, args.no_trunc)).collect();
        let text = shown(&rows, &args.format)?;
        let mut out = std::io::stdout().lock();
        let clear = if clears { "\x1b[2J\x1b[H" } else { "" };
        let is_read = report::is_read(write!(out, "{clear}{text}").and_then(|()| out.flush()))?;
        if args.no_stream || !is_read {
            return Ok(ExitCode::SUCCESS);
        }
        if containers.is_empty() {
            drop(out);
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    }
}

fn shown(rows: &[Value], format: &Format) -> anyhow::Result<String> {
    let field = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    Ok(match format {
        Format::Json => rows.iter().map(|row| format!("{}\n", plain::json(row))).collect(),
        Format::Template { source, table } => render(source, *table, &plain::rows(rows.iter().cloned()), &FIELDS)?,
        Format::Table => {
            let keys = ["ID", "Name", "CPUPerc", "MemUsage", "MemPerc", "NetIO", "BlockIO", "PIDs"];
            let rows: Vec<[String; 8]> = rows.iter().map(|row| keys.map(|key| field(row, key))).collect();
            let head = ["CONTAINER ID", "NAME", "CPU %", "MEM USAGE / LIMIT", "MEM %", "NET I/O", "BLOCK I/O", "PIDS"];
            table(head, &rows)
        }
    })
}

fn row(container: &Container, usage: &Usage, whole: bool) -> Value {
    let id = if whole { &container.id } else { short_id(&container.id) };
    json!({
        "BlockIO": format!("{} / {}", human_size(usage.block_read), human_size(usage.block_written)),
        "CPUPerc": format!("{:.2}%", usage.cpu_percent),
        "Container": container.id,
        "ID": id,
        "MemPerc": format!("{:.2}%", usage.memory_percent()),
        "MemUsage": format!("{} / {}", bytes_size(usage.memory), bytes_size(usage.memory_limit)),
        "Name": container.name,
        "NetIO": format!("{} / {}", human_size(usage.network_received), human_size(usage.network_sent)),
        "PIDs": usage.pids.to_string(),
    })
}
