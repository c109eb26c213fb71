//! `wharf version`

use std::process::ExitCode;

use clap::ValueEnum;
use serde_json::json;

use crate::failure::Failure;
use crate::screen::report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Output format
    #[arg(short, long, value_name = "FORMAT", default_value = "pretty")]
    format: Format,
    /// Print only the version number
    #[arg(long)]
    short: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Pretty,
    Json,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    report::print(&match (args.short, args.format) {
        (true, _) => format!("{version}\n"),
        (_, Format::Pretty) => format!("wharf version {version}\n"),
        (_, Format::Json) => format!("{}\n", json!({ "version": version })),
    });
    Ok(ExitCode::SUCCESS)
}
