//! `wharf ls`

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::json;
use wharf_docker::labels;
use wharf_orchestrator::observe::{Container, list_containers};

use crate::failure::Failure;
use crate::screen::columns::{Format, table};
use crate::screen::plain;
use crate::screen::report;
use crate::session::Session;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Include projects without a running container
    #[arg(short, long)]
    all: bool,
    /// Only projects whose name contains a text (name=TEXT); may be repeated
    #[arg(long, value_name = "FILTER", value_parser = parse_filter)]
    filter: Vec<String>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print only names
    #[arg(short, long)]
    quiet: bool,
}

fn parse_filter(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        Some(("name", name)) => Ok(name.to_owned()),
        _ => Err("use name=TEXT".to_owned()),
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let engine = session.connect().await?;
    let containers = list_containers(&engine, None, true).await?;
    let mut projects: BTreeMap<&str, Vec<&Container>> = BTreeMap::new();
    for container in &containers {
        projects.entry(&container.project).or_default().push(container);
    }
    projects.retain(|_, containers| args.all || containers.iter().any(|container| container.is_up()));
    projects.retain(|name, _| args.filter.is_empty() || args.filter.iter().any(|text| name.contains(text)));
    let rows: Vec<[String; 3]> = projects
        .iter()
        .map(|(name, containers)| {
            let files = containers.iter().find_map(|container| container.labels.get(labels::CONFIG_FILES));
            [(*name).to_owned(), status(containers), files.cloned().unwrap_or_default()]
        })
        .collect();
    let text = match (args.quiet, args.format) {
        (true, _) => rows.iter().map(|[name, ..]| format!("{}\n", plain::one_line(name))).collect(),
        (_, Format::Table) => table(["NAME", "STATUS", "CONFIG FILES"], &rows),
        (_, Format::Json) => {
            let projects: Vec<_> = rows
                .iter()
                .map(|[name, status, files]| json!({ "Name": name, "Status": status, "ConfigFiles": files }))
                .collect();
            format!("{}\n", plain::json(&json!(projects)))
        }
    };
    report::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// `running(3), exited(1)`
fn status(containers: &[&Container]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for container in containers {
        *counts.entry(container.state.as_str()).or_default() += 1;
    }
    let words: Vec<String> = counts.iter().rev().map(|(state, count)| format!("{state}({count})")).collect();
    words.join(", ")
}
