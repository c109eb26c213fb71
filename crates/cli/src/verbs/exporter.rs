//! `wharf exporter`

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context;
use clap::Subcommand;
use wharf_exporter::{CONTAINER_LABELS, Collector, Config, Exporter, RunError, databases};
use wharf_serve::{Limits, health};
use wharf_telemetry::Format;

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = false)]
pub(crate) struct Args {
    #[command(subcommand)]
    task: Option<Task>,
    /// Address and port to listen on
    #[arg(long, env = "WHARF_EXPORTER_LISTEN", value_name = "ADDRESS", global = true,
        default_value_t = SocketAddr::from((Ipv4Addr::UNSPECIFIED, wharf_exporter::PORT)))]
    listen: SocketAddr,
    /// Collectors, separated by commas: containers, host, filesystem, databases (default: all)
    #[arg(long, env = "WHARF_EXPORTER_COLLECTORS", value_name = "NAMES", value_delimiter = ',', value_parser = collector)]
    collectors: Vec<Collector>,
    /// File with Redis and Postgres servers to scrape, and with credentials for discovered ones
    #[arg(long, env = "WHARF_EXPORTER_DATABASES", value_name = "FILE")]
    databases: Option<PathBuf>,
    /// Container labels that become labels of their series, separated by commas (default: Compose's project,
    /// service and number)
    #[arg(long, env = "WHARF_EXPORTER_CONTAINER_LABELS", value_name = "LABELS", value_delimiter = ',',
        default_values = CONTAINER_LABELS, hide_default_value = true)]
    container_labels: Vec<String>,
    /// Also serve container metrics that few dashboards use
    #[arg(long, env = "WHARF_EXPORTER_MORE_CONTAINER_METRICS")]
    more_container_metrics: bool,
    /// Greatest age of the size of a container's writable layer, in seconds; 0: never ask the engine for it
    #[arg(long, env = "WHARF_EXPORTER_LAYER_SIZES_EVERY", value_name = "SECONDS", default_value_t = 60)]
    layer_sizes_every: u64,
    /// The host's /proc
    #[arg(long = "path.procfs", env = "WHARF_EXPORTER_PROCFS", value_name = "DIR", default_value = "/proc")]
    procfs: PathBuf,
    /// The host's root directory, for the sizes of its file systems
    #[arg(long = "path.rootfs", env = "WHARF_EXPORTER_ROOTFS", value_name = "DIR", default_value = "/")]
    rootfs: PathBuf,
    /// Format of the log, on standard output: `human` or `json` (default: human on a terminal, else json)
    #[arg(long, env = "LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<Format>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum Task {
    /// Ask the exporter at --listen whether it is alive
    Healthcheck,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    if let Some(Task::Healthcheck) = args.task {
        health::check(args.listen, "/healthz").context("the exporter is not healthy")?;
        return Ok(ExitCode::SUCCESS);
    }
    let _telemetry =
        match wharf_telemetry::init("wharf-exporter", args.log_format.unwrap_or_else(Format::of_standard_output)) {
            Ok(telemetry) => telemetry,
            Err(error) => return Ok(refuse(&error.to_string())),
        };
    let databases = match args.databases.as_ref().map(read).transpose() {
        Ok(databases) => databases.unwrap_or_default(),
        Err(error) => return Ok(refuse(&format!("{error:#}"))),
    };
    let config = Config {
        listen: args.listen,
        engine: session.endpoint()?,
        collectors: if args.collectors.is_empty() { Collector::ALL.to_vec() } else { args.collectors },
        procfs: args.procfs,
        rootfs: args.rootfs,
        container_labels: args.container_labels,
        more_container_metrics: args.more_container_metrics,
        layer_sizes_every: Some(Duration::from_secs(args.layer_sizes_every)).filter(|every| !every.is_zero()),
        databases,
        limits: Limits::default(),
    };
    let exporter = match Exporter::bind(config).await {
        Ok(exporter) => exporter,
        Err(error @ (RunError::Labels(_) | RunError::Databases(_))) => return Ok(refuse(&error.to_string())),
        Err(error) => return Err(anyhow::Error::from(error).into()),
    };
    let interrupts = session.interrupts()?;
    tokio::select! {
        outcome = exporter.run(interrupts.first) => outcome.map_err(anyhow::Error::from)?,
        () = interrupts.second.cancelled() => return Err(anyhow::anyhow!("aborted by a second signal").into()),
    }
    Ok(ExitCode::SUCCESS)
}

/// Reports a wrong setting. The exit code is 2, as for wrong usage.
fn refuse(text: &str) -> ExitCode {
    report::line(&format!("wharf exporter: {text}"));
    ExitCode::from(2)
}

fn collector(name: &str) -> Result<Collector, String> {
    let found = Collector::ALL.into_iter().find(|collector| collector.name() == name);
    found.ok_or_else(|| format!("unknown collector; use one of: {}", Collector::ALL.map(Collector::name).join(", ")))
}

fn read(file: &PathBuf) -> anyhow::Result<databases::Config> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_saphyr::from_str(&text).with_context(|| file.display().to_string())
}
