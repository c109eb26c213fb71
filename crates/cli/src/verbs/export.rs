//! `wharf export`

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use futures_util::StreamExt;
use wharf_docker::export::export;

use crate::failure::Failure;
use crate::flags::container::{Target, Wanted};
use crate::screen::whole_file::WholeFile;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Service
    service: String,
    /// Number of the replica (default: the first that is running)
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
    /// Write to a file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let wanted = Wanted { service: &args.service, index: args.index, stopped: false };
    let Target { engine, container, .. } = Target::find(session, &wanted).await?;
    if session.only_shows(|| format!("export the files of container {}\n", container.name))? {
        return Ok(ExitCode::SUCCESS);
    }
    let mut archive = std::pin::pin!(export(&engine, &container.id));
    // An existing file is only replaced by a complete archive.
    let mut file = match &args.output {
        Some(path) => Some(WholeFile::create(path)?),
        None if std::io::stdout().is_terminal() => {
            return Err(anyhow::anyhow!("refusing to write an archive to a terminal: use -o FILE").into());
        }
        None => None,
    };
    let mut stdout = std::io::stdout().lock();
    while let Some(piece) = archive.next().await {
        let piece = piece?;
        let out: &mut dyn Write = match &mut file {
            Some(file) => file,
            None => &mut stdout,
        };
        out.write_all(&piece).context("cannot write the archive")?;
    }
    stdout.flush().context("cannot write the archive")?;
    if let Some(file) = file {
        file.finish()?;
    }
    Ok(ExitCode::SUCCESS)
}
