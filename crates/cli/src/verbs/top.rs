//! `wharf top`

use std::process::ExitCode;

use wharf_orchestrator::read::processes::processes;

use crate::failure::Failure;
use crate::screen::columns::aligned;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let existing = session.existing(&args.services).await?;
    let containers = existing.containers(&args.services, false).await?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (container, processes) in processes(&existing.engine, &containers).await? {
        let lead =
            |first: &str, second: &str, cells: Vec<String>| [vec![first.to_owned(), second.to_owned()], cells].concat();
        if rows.is_empty() {
            rows.push(lead("SERVICE", "#", processes.titles));
        }
        let number = container.number.to_string();
        rows.extend(processes.rows.into_iter().map(|cells| lead(&container.service, &number, cells)));
    }
    report::print(&aligned(&rows))?;
    Ok(ExitCode::SUCCESS)
}
