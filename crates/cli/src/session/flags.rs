//! The flags that every verb takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::screen::colour::Ansi;

/// Flags that stand before the verb.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Compose file, or "-" for standard input; may be repeated, later files override earlier ones
    #[arg(short, long = "file", value_name = "FILE")]
    pub(super) file: Vec<PathBuf>,
    /// Project name
    #[arg(short = 'p', long, value_name = "NAME")]
    pub(super) project_name: Option<String>,
    /// Profile to enable; may be repeated
    #[arg(long = "profile", value_name = "NAME", global = true)]
    pub(super) profile: Vec<String>,
    /// Environment file instead of .env; may be repeated
    #[arg(long = "env-file", value_name = "FILE", global = true)]
    pub(super) env_file: Vec<PathBuf>,
    /// Base directory of relative paths (default: that of the first Compose file)
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) project_directory: Option<PathBuf>,
    /// Address of the engine, instead of DOCKER_HOST
    #[arg(short = 'H', long, value_name = "URL")]
    pub(super) host: Option<String>,
    /// Docker context to use
    #[arg(long, value_name = "NAME", global = true)]
    pub(super) context: Option<String>,
    /// How to show progress
    #[arg(long, value_name = "TYPE", default_value = "auto", env = "COMPOSE_PROGRESS", global = true)]
    pub(super) progress: ProgressKind,
    /// When to use colours and redraw lines
    #[arg(long, value_name = "WHEN", default_value = "auto", env = "COMPOSE_ANSI", global = true)]
    pub(super) ansi: Ansi,
    /// Include networks and volumes that no service uses
    #[arg(long)]
    pub(crate) all_resources: bool,
    /// Name containers and built images as Compose 1 did, with "_"
    #[arg(long, global = true)]
    pub(super) compatibility: bool,
    /// Maximum number of steps at a time (-1: no limit)
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, global = true)]
    pub(super) parallel: Option<i64>,
    /// Print what would be done, without doing it
    #[arg(long, global = true)]
    pub(super) dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProgressKind {
    /// `tty` on a terminal, `plain` elsewhere
    Auto,
    /// Redrawn lines
    Tty,
    /// One line per event
    Plain,
    /// One JSON object per event
    Json,
    /// Nothing
    Quiet,
}
