//! `wharf agent convert`

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use wharf_agent::alloy;

use super::settings;
use crate::failure::Failure;
use crate::screen::report;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Alloy's configuration
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Refuse a file with components that have no counterpart, instead of leaving them out with a warning
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let text = std::fs::read_to_string(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
    match alloy::convert(&text, args.strict) {
        Ok(converted) => {
            settings::warn(&converted.warnings, &args.file);
            report::print(&converted.yaml)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(errors) => Err(Failure::Agent { file: args.file.clone(), text, errors }),
    }
}
