//! `wharf images`

use std::process::ExitCode;

use serde_json::json;
use wharf_orchestrator::observe::list_containers;

use crate::failure::Failure;
use crate::report;
use crate::session::{Session, known};
use crate::table::{Format, table};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// How the list is printed
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print identifiers only
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let (project, has_file) = session.load_or_name(&args.services)?;
    known(&project, has_file, &args.services)?;
    let engine = session.connect().await?;
    let mut containers = list_containers(&engine, Some(&project.name), true).await?;
    containers.retain(|container| args.services.is_empty() || args.services.contains(&container.service));
    let mut rows = Vec::new();
    for container in &containers {
        let image = engine.docker().inspect_image(&container.image_id).await.map_err(wharf_docker::Error::from)?;
        let (name, tag) = container
            .image
            .rsplit_once(':')
            .filter(|(_, tag)| !tag.contains('/'))
            .unwrap_or((&container.image, "latest"));
        let id = container.image_id.trim_start_matches("sha256:");
        let id = id.get(..12).unwrap_or(id).to_owned();
        rows.push([container.name.clone(), name.to_owned(), tag.to_owned(), id, size(image.size.unwrap_or(0))]);
    }
    let text = match (args.quiet, args.format) {
        (true, _) => {
            let mut ids: Vec<&str> = containers.iter().map(|container| container.image_id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.iter().map(|id| format!("{}\n", id.trim_start_matches("sha256:"))).collect()
        }
        (_, Format::Table) => table(["CONTAINER", "REPOSITORY", "TAG", "IMAGE ID", "SIZE"], &rows),
        (_, Format::Json) => {
            let images: Vec<_> = rows
                .iter()
                .map(|[container, repository, tag, id, size]| {
                    json!({ "ContainerName": container, "Repository": repository, "Tag": tag, "ID": id, "Size": size })
                })
                .collect();
            format!("{}\n", json!(images))
        }
    };
    report::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// Decimal units, as the docker command writes them.
fn size(bytes: i64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if value < 1000.0 {
            return if unit == "B" { format!("{value}B") } else { format!("{value:.1}{unit}") };
        }
        value /= 1000.0;
    }
    format!("{value:.1}TB")
}
