//! `wharf cp`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_orchestrator::copy::{self, CopyInto, Source};
use wharf_orchestrator::observe::{Container, list_containers};
use wharf_orchestrator::plan;

use crate::failure::Failure;
use crate::screen::report;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
#[command(
    after_help = "One of the two paths is in the containers of a service: SERVICE:PATH. A copy into a service goes to \
                        all of its replicas. `-` is a tar archive on standard input or output."
)]
pub(crate) struct Args {
    /// What is copied: PATH, SERVICE:PATH or -
    source: String,
    /// Where to: SERVICE:PATH, PATH or -
    target: String,
    /// Containers of `run`, too
    #[arg(long)]
    all: bool,
    /// The files belong to the container's user
    #[arg(short, long)]
    archive: bool,
    /// A symbolic link stands for what it points at
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
        (None, None) => Err(anyhow::anyhow!("one of the two paths has to be SERVICE:PATH").into()),
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

/// It goes to several containers, so it is kept.
fn from_standard_input() -> anyhow::Result<tempfile::NamedTempFile> {
    let mut file = tempfile::NamedTempFile::new().context("no place for the archive")?;
    std::io::copy(&mut std::io::stdin(), &mut file).context("the archive cannot be read")?;
    Ok(file)
}

async fn out_of(args: &Args, session: &Session, service: &str, path: &str) -> Result<ExitCode, Failure> {
    let (_, engine, containers) = containers(args, session, service).await?;
    let Some(container) = containers.first() else { return Ok(ExitCode::SUCCESS) };
    if session.global.dry_run {
        report::print(&format!("copy {}:{path} to {}\n", container.name, args.target));
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
    let (project, has_file) = session.load_or_name(&services)?;
    known(&project, has_file, &services)?;
    let engine = session.connect().await?;
    let mut containers = list_containers(&engine, Some(&project.name), true).await?;
    containers.retain(|found| {
        let wanted = match args.index {
            Some(index) => !found.one_off && found.number == index,
            None => args.all || !found.one_off,
        };
        found.service == service && wanted && !found.is_hook()
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
