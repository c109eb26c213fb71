//! `wharf images`

use std::process::ExitCode;

use serde_json::json;
use wharf_compose::model::ImageReference;
use wharf_docker::images::ImageDetails;
use wharf_docker::names::short_id;
use wharf_go::units::human_size;
use wharf_orchestrator::observe::Container;
use wharf_orchestrator::read::images::images;

use crate::failure::Failure;
use crate::flags::duration::ago;
use crate::screen::columns::{Format, table};
use crate::screen::plain;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Services (default: all)
    services: Vec<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print only IDs
    #[arg(short, long)]
    quiet: bool,
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let existing = session.existing(&args.services).await?;
    let containers = existing.containers(&args.services, true).await?;
    let images: Vec<Row> = images(&existing.engine, &containers).await?.into_iter().map(Row::from).collect();
    let text = match (args.quiet, args.format) {
        (true, _) => {
            let mut ids: Vec<&str> = images.iter().map(|row| row.image.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            ids.iter().map(|id| format!("{}\n", id.trim_start_matches("sha256:"))).collect()
        }
        (_, Format::Table) => {
            let rows: Vec<_> = images.iter().map(cells).collect();
            table(["CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"], &rows)
        }
        (_, Format::Json) => format!("{}\n", plain::json(&json!(images.iter().map(as_json).collect::<Vec<_>>()))),
    };
    report::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// The image of a container.
struct Row {
    container: String,
    name: String,
    tag: String,
    image: ImageDetails,
}

impl From<(&Container, ImageDetails)> for Row {
    fn from((container, image): (&Container, ImageDetails)) -> Self {
        let reference = ImageReference::from(container.image.as_str());
        let untagged = if reference.digest().is_some() { "<none>" } else { ImageReference::DEFAULT_TAG };
        let tag = reference.tag().unwrap_or(untagged).to_owned();
        Row { container: container.name.clone(), name: reference.repository().to_owned(), tag, image }
    }
}

fn cells(row: &Row) -> [String; 7] {
    let Row { container, name, tag, image } = row;
    let id = image.id.trim_start_matches("sha256:");
    [
        container.clone(),
        name.clone(),
        tag.clone(),
        image.platform.clone(),
        short_id(id).to_owned(),
        human_size(image.size),
        image.last_tagged.map_or_else(|| "N/A".to_owned(), |time| ago(time.0.div_euclid(1_000_000_000))),
    ]
}

/// The keys of docker compose.
fn as_json(row: &Row) -> serde_json::Value {
    let Row { container, name, tag, image } = row;
    let tagged = image.last_tagged.and_then(|time| jiff::Timestamp::from_nanosecond(time.0.into()).ok());
    json!({
        "ID": image.id,
        "ContainerName": container,
        "Repository": name,
        "Tag": tag,
        "Platform": image.platform,
        "Size": image.size,
        "LastTagTime": tagged.map(|time| time.to_string()),
    })
}
