//! `wharf ls`

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use serde_json::json;
use wharf_docker::labels;
use wharf_go::regexp::{Regex, compile};
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
    /// Only projects whose name matches a regular expression (name=EXPRESSION); may be repeated
    #[arg(long, value_name = "FILTER", value_parser = parse_filter)]
    filter: Vec<NameFilter>,
    /// Output format
    #[arg(long, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Print only names
    #[arg(short, long)]
    quiet: bool,
}

/// An expression, which also stands for itself, as in docker compose.
#[derive(Debug, Clone)]
struct NameFilter {
    text: String,
    expression: Option<Regex>,
}

impl NameFilter {
    fn matches(&self, name: &str) -> bool {
        self.text == name || self.expression.as_ref().is_some_and(|expression| expression.is_match(name))
    }
}

fn parse_filter(text: &str) -> Result<NameFilter, String> {
    match text.split_once('=') {
        Some(("name", text)) => Ok(NameFilter { text: text.to_owned(), expression: compile(text).ok() }),
        _ => Err("use name=EXPRESSION".to_owned()),
    }
}

pub(crate) async fn run(args: Args, session: &Session) -> Result<ExitCode, Failure> {
    let engine = session.connect().await?;
    // As docker compose does, only containers that run are counted unless all are asked for.
    let containers = list_containers(&engine, None, args.all).await?;
    let mut projects: BTreeMap<&str, Vec<&Container>> = BTreeMap::new();
    for container in &containers {
        projects.entry(&container.project).or_default().push(container);
    }
    projects.retain(|name, _| args.filter.is_empty() || args.filter.iter().any(|filter| filter.matches(name)));
    let rows: Vec<[String; 3]> = projects
        .iter()
        .map(|(name, containers)| {
            let states = containers.iter().map(|container| container.state.as_str());
            [(*name).to_owned(), status(states), config_files(containers)]
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

/// `exited(1), running(3)`
fn status<'a>(states: impl Iterator<Item = &'a str>) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for state in states {
        *counts.entry(state).or_default() += 1;
    }
    let words: Vec<String> = counts.iter().map(|(state, count)| format!("{state}({count})")).collect();
    words.join(", ")
}

/// The files that any of the containers was made from, each once.
fn config_files(containers: &[&Container]) -> String {
    let mut files: Vec<&str> = Vec::new();
    for file in containers.iter().filter_map(|container| container.labels.get(labels::CONFIG_FILES)) {
        files.extend(file.split(','));
    }
    let mut seen = BTreeSet::new();
    files.retain(|file| seen.insert(*file));
    files.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_regular_expression_as_go_has_them() {
        let matches = |filter: &str, name: &str| parse_filter(filter).unwrap().matches(name);
        assert!(matches("name=shop", "my-shop-1") && matches("name=^shop$", "shop") && matches("name=a|b", "xb"));
        assert!(!matches("name=^shop$", "shop-1") && matches("name=a(", "a(") && !matches("name=a(", "a"));
        assert!(parse_filter("status=running").is_err());
    }

    #[test]
    fn states_are_counted_in_the_order_of_their_names() {
        assert_eq!(status(["running", "exited", "running"].into_iter()), "exited(1), running(2)");
        assert_eq!(status(["running"].into_iter()), "running(1)");
    }
}
