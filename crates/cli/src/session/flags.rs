//! The flags that every verb takes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use wharf_compose::Options;
use wharf_docker::EndpointChoice;

use super::here;
use crate::invocation::help::GLOBAL;
use crate::screen::colour::Ansi;

/// Flags that stand before the verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = GLOBAL)]
pub(crate) struct Global {
    /// Compose file, or "-" for standard input; may be repeated
    #[arg(short, long = "file", value_name = "FILE")]
    pub(crate) file: Vec<PathBuf>,
    /// Project name
    #[arg(short = 'p', long, value_name = "PROJECT")]
    pub(crate) project_name: Option<String>,
    /// Profile to enable; may be repeated
    #[arg(long = "profile", value_name = "PROFILE", global = true)]
    pub(crate) profile: Vec<String>,
    /// Environment file instead of .env; may be repeated
    #[arg(long = "env-file", value_name = "FILE", global = true)]
    pub(super) env_file: Vec<PathBuf>,
    /// Base directory of relative paths (default: that of the first Compose file)
    #[arg(long, value_name = "DIR", global = true)]
    project_directory: Option<PathBuf>,
    /// Address of the engine, instead of DOCKER_HOST
    #[arg(short = 'H', long, value_name = "URL")]
    host: Option<String>,
    /// Docker context to use
    #[arg(long, value_name = "CONTEXT", global = true)]
    context: Option<String>,
    /// How to show progress
    #[arg(long, value_name = "TYPE", default_value = "auto")]
    #[arg(env = "COMPOSE_PROGRESS", hide_env_values = true, global = true)]
    pub(super) progress: ProgressKind,
    /// When to use colours and redraw lines
    #[arg(long, value_name = "WHEN", env = "COMPOSE_ANSI", hide_env_values = true, global = true)]
    ansi: Option<Ansi>,
    /// Include networks and volumes that no service uses
    #[arg(long)]
    pub(crate) all_resources: bool,
    /// Name containers and built images as Compose 1 did, with "_"
    #[arg(long, global = true)]
    pub(super) compatibility: bool,
    /// Maximum number of steps at a time (-1: no limit; default: as many as open files allow)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    pub(super) parallel: Option<i64>,
    /// Print what would be done, without doing it
    #[arg(long, global = true)]
    pub(super) dry_run: bool,
    /// With plan and --dry-run: print every step and what it waits for, instead of the changes
    #[arg(long, global = true)]
    pub(super) steps: bool,
    /// With plan and --dry-run: also print values that may be credentials
    #[arg(long, global = true)]
    pub(super) show_values: bool,
    #[command(flatten)]
    docker: DockerFlags,
    #[command(flatten)]
    deprecated: DeprecatedFlags,
}

/// Flags of the `docker` command, which come before the verb there.
#[derive(Debug, Clone, Args)]
struct DockerFlags {
    /// Short form of --context
    #[arg(short = 'c', value_name = "CONTEXT", conflicts_with = "context", hide = true)]
    short_context: Option<String>,
    /// Directory of docker's configuration (default: DOCKER_CONFIG, else ~/.docker)
    #[arg(long = "config", value_name = "DIR", id = "docker-config", hide = true)]
    config: Option<PathBuf>,
    /// Use TLS; the same as --tlsverify
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    tls: Option<bool>,
    /// Use TLS and verify the engine
    #[arg(long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    tlsverify: Option<bool>,
    /// Certificate of the authority that signed the engine's
    #[arg(long, value_name = "FILE", hide = true)]
    tlscacert: Option<PathBuf>,
    /// Certificate to show to the engine
    #[arg(long, value_name = "FILE", hide = true)]
    tlscert: Option<PathBuf>,
    /// Key of that certificate
    #[arg(long, value_name = "FILE", hide = true)]
    tlskey: Option<PathBuf>,
    /// The same as --verbose
    #[arg(short = 'D', long, hide = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    debug: Option<bool>,
    /// With debug or trace the same as --verbose
    #[arg(short, long, value_name = "LEVEL", hide = true)]
    log_level: Option<String>,
}

/// Flags that docker compose still takes and no longer shows.
#[derive(Debug, Clone, Args)]
struct DeprecatedFlags {
    /// Print details of the work to standard error
    #[arg(long, hide = true)]
    verbose: bool,
    /// The same as --ansi never
    #[arg(long, hide = true)]
    no_ansi: bool,
    /// The same as --project-directory
    #[arg(long, value_name = "DIR", hide = true, id = "deprecated-workdir", conflicts_with = "project_directory")]
    workdir: Option<PathBuf>,
}

impl Global {
    pub(super) fn ansi(&self) -> Option<Ansi> {
        if self.deprecated.no_ansi { Some(Ansi::Never) } else { self.ansi }
    }

    /// Where the project is, by these flags and the environment.
    pub(super) fn place(&self, environment: &BTreeMap<String, String>) -> anyhow::Result<Options> {
        Ok(Options {
            files: self.file.clone(),
            working_dir: here::directory()?,
            project_directory: self.project_directory().map(Path::to_owned),
            project_name: self.project_name.clone(),
            profiles: self.profile.clone(),
            env_files: self.env_file.clone(),
            environment: environment.clone(),
            ..Options::default()
        })
    }

    /// Whether details of the work are printed.
    pub(crate) fn is_verbose(&self) -> bool {
        let level = self.docker.log_level.as_deref();
        self.deprecated.verbose || self.docker.debug == Some(true) || matches!(level, Some("debug" | "trace"))
    }

    pub(super) fn project_directory(&self) -> Option<&Path> {
        self.project_directory.as_deref().or(self.deprecated.workdir.as_deref())
    }

    /// The engine that the flags name.
    pub(super) fn endpoint_choice(&self) -> EndpointChoice {
        let docker = &self.docker;
        EndpointChoice {
            host: self.host.clone(),
            context: self.context.clone().or_else(|| docker.short_context.clone()),
            config: docker.config.clone(),
            tls: docker.tls.unwrap_or(false) || docker.tlsverify.unwrap_or(false),
            ca: docker.tlscacert.clone(),
            cert: docker.tlscert.clone(),
            key: docker.tlskey.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressKind {
    /// `tty` on a terminal, `plain` elsewhere
    Auto,
    /// Redrawn lines
    Tty,
    /// One line per event
    Plain,
    /// One JSON object per event
    Json,
    /// The reports of BuildKit as they come, one JSON object per line
    #[value(name = "rawjson")]
    RawJson,
    /// Nothing
    Quiet,
}
