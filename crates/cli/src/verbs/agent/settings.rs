//! The settings of `wharf agent`: flags, environment and file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::ValueEnum;
use wharf_agent::agent::Options;
use wharf_agent::config::{self, Read, Simple, Warning};
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
    /// Replace ${NAME} and ${NAME:-default} in the configuration by the environment's values
    #[arg(long, alias = "config.expand-env")]
    expand_env: bool,
    /// Loki's address; /loki/api/v1/push is added if it has no path
    #[arg(long, value_name = "URL", env = "WHARF_AGENT_LOKI", conflicts_with = "config")]
    loki: Vec<String>,
    /// Tenant to send as
    #[arg(long, value_name = "NAME", env = "WHARF_AGENT_TENANT", conflicts_with = "config")]
    tenant: Option<String>,
    /// Label to add to all lines, as name=value; may be repeated
    #[arg(long = "label", value_name = "NAME=VALUE", conflicts_with = "config")]
    labels: Vec<String>,
    /// Read all containers except those labelled log_collect=false, instead of only those labelled log_collect=true
    #[arg(long, env = "WHARF_AGENT_ALL", conflicts_with = "config")]
    all: bool,
    /// Read the containers that match this filter of the engine, such as label=app=web, name=web or network=front; may be repeated
    #[arg(long = "filter", value_name = "NAME=VALUE", conflicts_with = "config")]
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
    /// Format of the agent's own log, on standard output
    #[arg(long, value_name = "FORMAT", default_value = "human", env = "LOG_FORMAT")]
    log_format: wharf_telemetry::Format,
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
            Some(file) => self.of_file(file, session)?,
            None => Read { config: self.of_flags(sends)?, warnings: Vec::new() },
        };
        if self.positions.is_some() {
            read.config.positions.clone_from(&self.positions);
        }
        read.config.listen = self.listen.or(read.config.listen);
        read.config.limits.memory = usize::try_from(self.memory).unwrap_or(usize::MAX);
        Ok(read)
    }

    fn of_file(&self, file: &Path, session: &Session) -> Result<Read, Failure> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let text =
            if self.expand_env { config::expand_environment(&text, &session.settings.environment) } else { text };
        config::from_yaml(&text).map_err(|errors| Failure::Agent { file: file.to_owned(), text, errors })
    }

    fn of_flags(&self, sends: bool) -> Result<config::Config, Failure> {
        if self.loki.is_empty() && sends {
            let text = "no endpoint: name Loki with `--loki http://loki:3100`, or a configuration with `--config`";
            return Err(anyhow::Error::msg(text).into());
        }
        let simple = Simple {
            loki: self.loki.clone(),
            tenant: self.tenant.clone(),
            labels: self.labels.clone(),
            all: self.all,
            filters: self.filters.clone(),
        };
        Ok(simple.config().map_err(anyhow::Error::msg)?)
    }

    /// The format of the agent's own log.
    pub(super) fn log_format(&self) -> wharf_telemetry::Format {
        self.log_format
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
