//! `wharf volumes`

use std::process::ExitCode;

use serde_json::json;
use wharf_orchestrator::read::volumes::volumes;

use crate::failure::Failure;
use crate::screen::columns::table;
use crate::screen::plain;
use crate::screen::report;
use crate::screen::template::{Format, render};
use crate::session::{Existing, Session};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services whose volumes are listed (default: all volumes of the project)
    services: Vec<String>,
    /// Output format: table, json (one object per line), a template ({{.Name}}), or "table TEMPLATE"
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print only names
    #[arg(short, long)]
    quiet: bool,
}

/// What a template may name.
const FIELDS: [&str; 10] =
    ["Availability", "Driver", "Group", "Labels", "Links", "Mountpoint", "Name", "Scope", "Size", "Status"];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let Existing { project, engine, .. } = session.existing(&args.services).await?;
    let volumes = volumes(&engine, &project.name, &args.services).await?;
    let rows = volumes.iter().map(|volume| {
        let labels: Vec<String> = volume.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        json!({
            "Availability": "N/A",
            "Driver": volume.driver,
            "Group": "N/A",
            "Labels": labels.join(","),
            "Links": "N/A",
            "Mountpoint": volume.mountpoint,
            "Name": volume.name,
            "Scope": volume.scope,
            "Size": "N/A",
            "Status": "N/A",
        })
    });
    let text = match (args.quiet, &args.format) {
        (true, _) => volumes.iter().map(|volume| format!("{}\n", plain::one_line(&volume.name))).collect(),
        (_, Format::Json) => rows.map(|row| format!("{}\n", plain::json(&row))).collect(),
        (_, Format::Table) => {
            let rows: Vec<_> = volumes.iter().map(|volume| [volume.driver.clone(), volume.name.clone()]).collect();
            table(["DRIVER", "VOLUME NAME"], &rows)
        }
        (_, Format::Template { source, table }) => render(source, *table, &plain::rows(rows), &FIELDS)?,
    };
    report::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
