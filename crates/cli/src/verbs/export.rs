//! `wharf export`

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use futures_util::StreamExt;
use tempfile::NamedTempFile;

use crate::failure::Failure;
use crate::flags::container::{Target, Wanted};
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Number of the replica (default: the first that runs)
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let wanted = Wanted { service: &args.service, index: args.index, stopped: false };
    let Target { engine, container, .. } = Target::find(session, &wanted).await?;
    if session.global.dry_run {
        report::print(&format!("export the files of container {}\n", container.name));
        return Ok(ExitCode::SUCCESS);
    }
    let mut archive = engine.docker().export_container(&container.id).boxed();
    // A file that is there is replaced by a whole one only.
    let mut file = match &args.output {
        Some(path) => {
            let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
            if !directory.is_dir() {
                return Err(anyhow::anyhow!("there is no directory {}", directory.display()).into());
            }
            Some(NamedTempFile::new_in(directory).with_context(|| format!("cannot write {}", path.display()))?)
        }
        None if std::io::stdout().is_terminal() => {
            return Err(anyhow::anyhow!("an archive is nothing for a terminal: use -o FILE").into());
        }
        None => None,
    };
    let mut stdout = std::io::stdout().lock();
    while let Some(piece) = archive.next().await {
        let piece = piece.map_err(wharf_docker::Error::from)?;
        let out: &mut dyn Write = match &mut file {
            Some(file) => file,
            None => &mut stdout,
        };
        out.write_all(&piece).context("the archive cannot be written")?;
    }
    stdout.flush().context("the archive cannot be written")?;
    if let (Some(file), Some(path)) = (file, &args.output) {
        file.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(ExitCode::SUCCESS)
}
