//! `wharf cp`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_orchestrator::copy::{self, CopyInto, Source};
use wharf_orchestrator::observe::Container;
use wharf_orchestrator::plan;

use crate::failure::Failure;
use crate::session::{Existing, Session};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "One of the two paths is in a service's containers: SERVICE:PATH. Copying into a service copies to all \
                        of its replicas. `-` is a tar archive on standard input or output."
)]
pub(crate) struct Args {
    /// Source: PATH, SERVICE:PATH or -
    source: String,
    /// Destination: SERVICE:PATH, PATH or -
    target: String,
    /// Include containers created by `run`
    #[arg(long)]
    all: bool,
    /// Make the container's user the owner of the files
    #[arg(short, long)]
    archive: bool,
    /// Follow symbolic links in the source
    #[arg(short = 'L', long)]
    follow_link: bool,
    /// Number of the replica
    #[arg(long, value_name = "NUMBER")]
    index: Option<u32>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    match (inside(&args.source), inside(&args.target)) {
        (None, Some((service, path))) => into(&args, session, service, path).await,
        (Some((service, path)), None) => out_of(&args, session, service, path).await,
        (Some(_), Some(_)) => Err(anyhow::anyhow!("copying between services is not supported").into()),
        (None, None) => Err(anyhow::anyhow!("one of the two paths must be SERVICE:PATH").into()),
    }
}

/// `SERVICE:PATH`. `/a:b` and `./a:b` are paths here.
fn inside(path: &str) -> Option<(&str, &str)> {
    path.split_once(':').filter(|(service, _)| !service.is_empty() && !service.starts_with(['.', '/']))
}

async fn into(args: &Args, session: &Session, service: &str, path: &str) -> Result<ExitCode, Failure> {
    let (project, engine, containers) = containers(args, session, service).await?;
    let archive = match args.source.as_str() {
        "-" => Some(from_standard_input()?),
        _ => None,
    };
    let source = match &archive {
        Some(file) => Source::Archive(file.path().to_owned()),
        None => Source::Path(PathBuf::from(&args.source)),
    };
    let copy = CopyInto { source, target: path.to_owned(), follow_links: args.follow_link, to_user: args.archive };
    let plan = plan::copy_into(containers.iter().map(|container| container.name.as_str()), copy);
    session.carry_out(&plan, &project, &engine).await
}

/// Keeps the archive in a file: it is copied to several containers.
fn from_standard_input() -> anyhow::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new().context("cannot create a temporary file for the archive")?;
    std::io::copy(&mut std::io::stdin(), &mut file).context("cannot read the archive")?;
    Ok(file)
}

async fn out_of(args: &Args, session: &Session, service: &str, path: &str) -> Result<ExitCode, Failure> {
    let (_, engine, containers) = containers(args, session, service).await?;
    let Some(container) = containers.first() else { return Ok(ExitCode::SUCCESS) };
    if session.only_shows(|| format!("copy {}:{path} to {}\n", container.name, args.target))? {
        return Ok(ExitCode::SUCCESS);
    }
    match args.target.as_str() {
        "-" => copy::archive_out_of(&engine, &container.id, path, &mut std::io::stdout().lock()).await?,
        target => copy::out_of(&engine, &container.id, path, Path::new(target), args.follow_link).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn containers(
    args: &Args,
    session: &Session,
    service: &str,
) -> Result<(Project, Engine, Vec<Container>), Failure> {
    let services = [service.to_owned()];
    let existing = session.existing(&services).await?;
    let mut containers = existing.containers(&services, true).await?;
    let Existing { project, engine, .. } = existing;
    containers.retain(|found| {
        let wanted = match args.index {
            Some(index) => !found.one_off && found.number == index,
            None => args.all || !found.one_off,
        };
        wanted && !found.is_hook()
    });
    match (containers.is_empty(), args.index) {
        (false, _) => Ok((project, engine, containers)),
        (true, Some(index)) => Err(anyhow::anyhow!("service {service} has no container {index}").into()),
        (true, None) => Err(anyhow::anyhow!("service {service} has no container").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::inside;

    #[test]
    fn a_path_with_a_service_before_it_is_in_its_containers() {
        assert_eq!(inside("web:/tmp/a"), Some(("web", "/tmp/a")));
        assert_eq!(inside("web:a:b"), Some(("web", "a:b")));
        for here in ["a", "/a:b", "./a:b", "../a:b", "-", ":a"] {
            assert_eq!(inside(here), None, "{here}");
        }
    }
}
