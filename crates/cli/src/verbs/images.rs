//! `wharf images`

use std::process::ExitCode;

use serde_json::json;
use wharf_docker::Engine;
use wharf_docker::names::short_id;
use wharf_go::units::human_size;
use wharf_orchestrator::observe::{Container, list_containers};

use crate::failure::Failure;
use crate::flags::duration::ago;
use crate::screen::columns::{Format, table};
use crate::screen::report;
use crate::session::{Session, known};

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
    let mut images = Vec::new();
    for container in &containers {
        images.push(image_of(&engine, container).await?);
    }
    let text = match (args.quiet, args.format) {
        (true, _) => {
            let mut ids: Vec<&str> = images.iter().map(|image| image.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.iter().map(|id| format!("{}\n", id.trim_start_matches("sha256:"))).collect()
        }
        (_, Format::Table) => {
            let rows: Vec<_> = images.iter().map(row).collect();
            table(["CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"], &rows)
        }
        (_, Format::Json) => format!("{}\n", json!(images.iter().map(as_json).collect::<Vec<_>>())),
    };
    report::print(&text);
    Ok(ExitCode::SUCCESS)
}

/// The image of a container.
struct Image {
    container: String,
    name: String,
    tag: String,
    platform: String,
    id: String,
    /// In bytes.
    size: i64,
    /// When it was last pulled, built or tagged here.
    tagged: Option<jiff::Timestamp>,
}

async fn image_of(engine: &Engine, container: &Container) -> Result<Image, Failure> {
    let found = engine.docker().inspect_image(&container.image_id).await.map_err(wharf_docker::Error::from)?;
    let (name, tag) =
        container.image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).unwrap_or((&container.image, "latest"));
    let parts = [found.os, found.architecture, found.variant];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let tagged = found.metadata.and_then(|metadata| metadata.last_tag_time);
    Ok(Image {
        container: container.name.clone(),
        name: name.to_owned(),
        tag: tag.to_owned(),
        platform: parts.join("/"),
        id: container.image_id.clone(),
        size: found.size.unwrap_or(0),
        tagged: tagged.and_then(|time| jiff::Timestamp::from_nanosecond(time.unix_timestamp_nanos()).ok()),
    })
}

fn row(image: &Image) -> [String; 7] {
    let id = image.id.trim_start_matches("sha256:");
    [
        image.container.clone(),
        image.name.clone(),
        image.tag.clone(),
        image.platform.clone(),
        short_id(id).to_owned(),
        human_size(u64::try_from(image.size).unwrap_or(0)),
        image.tagged.map_or_else(|| "N/A".to_owned(), |time| ago(time.as_second())),
    ]
}

/// The keys of docker compose.
fn as_json(image: &Image) -> serde_json::Value {
    json!({
        "ID": image.id,
        "ContainerName": image.container,
        "Repository": image.name,
        "Tag": image.tag,
        "Platform": image.platform,
        "Size": image.size,
        "LastTagTime": image.tagged.map(|time| time.to_string()),
    })
}
