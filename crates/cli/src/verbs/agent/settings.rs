//! The settings of `wharf agent`: flags, environment and file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use wharf_agent::agent::Options;
use wharf_agent::config::{self, Read, Selection, Simple, Warning};
use wharf_agent::discovery::docker::ReadFrom;
use wharf_go::units::ram_in_bytes;

use crate::failure::Failure;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(super) struct Settings {
    /// Promtail's configuration; without it, the flags below are the configuration
    #[arg(long = "config", alias = "config.file", value_name = "FILE", env = "WHARF_AGENT_CONFIG")]
    config: Option<PathBuf>,
    /// Replace ${NAME} in the configuration by the environment's values, as Promtail does: \\ is then a backslash, and $$ a dollar sign
    #[arg(
        long,
        alias = "config.expand-env",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        default_value_t = false,
        value_name = "BOOL",
        hide_default_value = true,
        hide_possible_values = true
    )]
    expand_env: bool,
    /// Loki's address; /loki/api/v1/push is added if it has no path. With --config, an endpoint beside those of the file
    #[arg(long, alias = "client.url", value_name = "URL", env = "WHARF_AGENT_LOKI")]
    loki: Vec<String>,
    /// Tenant to send as to --loki
    #[arg(long, alias = "client.tenant-id", value_name = "NAME", env = "WHARF_AGENT_TENANT")]
    tenant: Option<String>,
    /// Label to add to all lines for --loki, as name=value; may be repeated
    #[arg(long = "label", value_name = "NAME=VALUE")]
    labels: Vec<String>,
    /// Read the containers of this machine except those labelled log_collect=false. Without this flag, the agent reads those of the project in the current folder, and where there is none, those labelled log_collect=true
    #[arg(long, alias = "all", env = "WHARF_AGENT_ALL", conflicts_with = "config")]
    all_projects: bool,
    /// Read the containers that match this filter of the engine, such as label=app=web, name=web or network=front; may be repeated
    #[arg(long = "filter", value_name = "NAME=VALUE", conflicts_with_all = ["config", "all_projects"])]
    filters: Vec<String>,
    /// File for positions (default: /var/lib/wharf-agent/positions.json, or what the configuration says)
    #[arg(long, value_name = "FILE", env = "WHARF_AGENT_POSITIONS")]
    positions: Option<PathBuf>,
    /// Address for /metrics, /ready and /targets (default: the configuration's, or 0.0.0.0:9080)
    #[arg(long, value_name = "ADDRESS", env = "WHARF_AGENT_LISTEN")]
    listen: Option<std::net::SocketAddr>,
    /// How to read containers' logs: from files, through the engine, or auto (files if possible)
    #[arg(long, value_name = "HOW", default_value = "auto", env = "WHARF_AGENT_READ", hide_possible_values = true)]
    read: How,
    /// Folder for lines that no endpoint accepts; without it they wait in the engine's files
    #[arg(long, value_name = "DIR", env = "WHARF_AGENT_SPOOL")]
    spool: Option<PathBuf>,
    /// Largest size of the spool
    #[arg(long, value_name = "SIZE", default_value = "1GB", value_parser = parse_size, env = "WHARF_AGENT_SPOOL_SIZE")]
    spool_size: u64,
    /// Format of the agent's own log, on standard output: `human` or `json` (default: human on a terminal, else json)
    #[arg(long, value_name = "FORMAT", env = "LOG_FORMAT")]
    log_format: Option<wharf_telemetry::Format>,
    /// Most memory for lines that are read but not acknowledged
    #[arg(long, value_name = "SIZE", default_value = "4MB", value_parser = parse_size, env = "WHARF_AGENT_MEMORY")]
    memory: u64,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum How {
    /// From disk if possible, else through the engine
    Auto,
    /// Only from disk
    Files,
    /// Only through the engine
    Engine,
}

fn parse_size(text: &str) -> Result<u64, String> {
    ram_in_bytes(text)
        .ok()
        .and_then(|size| u64::try_from(size).ok())
        .ok_or_else(|| "a size, such as 512KB, 8MB or 1GB".to_owned())
}

impl Settings {
    /// The file's name, for messages.
    pub(super) fn file(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new("flags"))
    }

    /// The whole configuration, or all its errors.
    pub(super) fn config(&self, session: &Session) -> Result<Read, Failure> {
        self.read(session, true)
    }

    /// Like [`config`](Self::config), but without the need for an endpoint, because nothing is sent.
    pub(super) fn config_to_show(&self, session: &Session) -> Result<Read, Failure> {
        self.read(session, false)
    }

    fn read(&self, session: &Session, sends: bool) -> Result<Read, Failure> {
        let mut read = match &self.config {
            Some(file) => self.of_file(file, session, sends)?,
            None => Read { config: self.of_flags(session, sends)?, warnings: Vec::new() },
        };
        if self.positions.is_some() {
            read.config.positions.clone_from(&self.positions);
        }
        read.config.listen = self.listen.or(read.config.listen);
        read.config.limits.memory = usize::try_from(self.memory).unwrap_or(usize::MAX);
        Ok(read)
    }

    fn of_file(&self, file: &Path, session: &Session, sends: bool) -> Result<Read, Failure> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let parse = if self.loki.is_empty() && sends { config::from_yaml } else { config::part_from_yaml };
        let read = if self.expand_env {
            let expanded = config::expand_environment(&text, &session.settings.environment);
            expanded.map_err(|error| vec![error]).and_then(|expanded| parse(&expanded))
        } else {
            parse(&text)
        };
        // The text before the expansion, which may hold secrets.
        let mut read = read.map_err(|errors| Failure::Agent { file: file.to_owned(), text, errors })?;
        let flags = self.simple(Selection::Labelled).config().map_err(anyhow::Error::msg)?;
        read.config.clients.extend(flags.clients);
        Ok(read)
    }

    fn of_flags(&self, session: &Session, sends: bool) -> Result<config::Config, Failure> {
        if self.loki.is_empty() && sends {
            let text = "no endpoint: name Loki with `--loki http://loki:3100`, or a configuration with `--config`";
            return Err(anyhow::Error::msg(text).into());
        }
        let selection = match &self.filters[..] {
            [] if self.all_projects => Selection::All,
            [] => session.project_name()?.map_or(Selection::Labelled, Selection::Project),
            filters => Selection::Filters(filters.to_vec()),
        };
        Ok(self.simple(selection).config().map_err(anyhow::Error::msg)?)
    }

    fn simple(&self, selection: Selection) -> Simple {
        Simple { loki: self.loki.clone(), tenant: self.tenant.clone(), labels: self.labels.clone(), selection }
    }

    /// The format of the agent's own log.
    pub(super) fn log_format(&self) -> wharf_telemetry::Format {
        self.log_format.unwrap_or_else(wharf_telemetry::Format::of_standard_output)
    }

    /// The options that are not part of the configuration.
    pub(super) fn options(&self, session: &Session) -> Options {
        Options {
            read_from: match self.read {
                How::Auto => ReadFrom::Auto,
                How::Files => ReadFrom::Files,
                How::Engine => ReadFrom::Engine,
            },
            engine: session.endpoint_choice(),
            environment: session.settings.environment.clone(),
            spool: self.spool.clone().map(|folder| (folder, self.spool_size)),
            limits: wharf_serve::Limits::default(),
        }
    }
}

/// Reports the parts of a configuration that have no effect.
pub(super) fn warn(warnings: &[Warning], file: &Path) {
    for warning in warnings {
        report::line(&format!("warning: {}:{}: {}", file.display(), warning.place, warning.message));
    }
}
