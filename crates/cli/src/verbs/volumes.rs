//! `wharf volumes`

use std::collections::HashMap;
use std::process::ExitCode;

use bollard::query_parameters::ListVolumesOptionsBuilder;
use serde_json::json;
use wharf_docker::labels;
use wharf_orchestrator::observe::list_containers;

use crate::failure::Failure;
use crate::screen::columns::table;
use crate::screen::report;
use crate::screen::template::{Format, render};
use crate::session::{Session, known};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only volumes that containers of these services use (default: all of the project)
    services: Vec<String>,
    /// How the list is printed: table, json (an object a line), a template ({{.Name}}), or "table TEMPLATE"
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print names only
    #[arg(short, long)]
    quiet: bool,
}

/// What a template may name.
const FIELDS: [&str; 10] =
    ["Availability", "Driver", "Group", "Labels", "Links", "Mountpoint", "Name", "Scope", "Size", "Status"];

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name(&args.services)?;
    known(&project, has_file, &args.services)?;
    let engine = session.connect().await?;
    let filters = HashMap::from([("label", vec![labels::selector(labels::PROJECT, &project.name)])]);
    let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let found = engine.docker().list_volumes(Some(options)).await.map_err(wharf_docker::Error::from)?;
    let mut volumes = found.volumes.unwrap_or_default();
    if !args.services.is_empty() {
        let containers = list_containers(&engine, Some(&project.name), true).await?;
        let used = |name: &String| {
            containers.iter().any(|found| args.services.contains(&found.service) && found.mounts.contains(name))
        };
        volumes.retain(|volume| used(&volume.name));
    }
    volumes.sort_by(|a, b| a.name.cmp(&b.name));
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
        (true, _) => volumes.iter().map(|volume| format!("{}\n", volume.name)).collect(),
        (_, Format::Json) => rows.map(|row| format!("{row}\n")).collect(),
        (_, Format::Table) => {
            let rows: Vec<_> = volumes.iter().map(|volume| [volume.driver.clone(), volume.name.clone()]).collect();
            table(["DRIVER", "VOLUME NAME"], &rows)
        }
        (_, Format::Template { source, table }) => {
            let rows: Vec<_> = rows.filter_map(|row| row.as_object().cloned()).collect();
            render(source, *table, &rows, &FIELDS)?
        }
    };
    report::print(&text);
    Ok(ExitCode::SUCCESS)
}
