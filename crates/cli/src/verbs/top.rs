//! `wharf top`

use std::process::ExitCode;

use wharf_docker::ErrorKind;
use wharf_orchestrator::observe::list_containers;

use crate::failure::Failure;
use crate::screen::columns::aligned;
use crate::screen::report;
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name(&args.services)?;
    known(&project, has_file, &args.services)?;
    let engine = session.connect().await?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for container in list_containers(&engine, Some(&project.name), false).await? {
        if !args.services.is_empty() && !args.services.contains(&container.service) {
            continue;
        }
        let options = None::<bollard::query_parameters::TopOptions>;
        let processes = match engine.docker().top_processes(&container.id, options).await {
            Ok(processes) => processes,
            // It has stopped in between.
            Err(error) if matches!(ErrorKind::of(&error), ErrorKind::Gone | ErrorKind::NotRunning) => continue,
            Err(error) => return Err(wharf_docker::Error::from(error).into()),
        };
        let lead = |first: &str, second: &str, cells: Vec<String>| {
            [first.to_owned(), second.to_owned()].into_iter().chain(cells).collect::<Vec<_>>()
        };
        if rows.is_empty() {
            rows.push(lead("SERVICE", "#", processes.titles.unwrap_or_default()));
        }
        for process in processes.processes.unwrap_or_default() {
            rows.push(lead(&container.service, &container.number.to_string(), process));
        }
    }
    report::print(&aligned(&rows));
    Ok(ExitCode::SUCCESS)
}
