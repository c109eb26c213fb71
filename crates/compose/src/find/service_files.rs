//! Reads the files that services name: `env_file` into `environment`, `label_file` into `labels`.

use std::path::Path;

use indexmap::IndexMap;

use crate::find::dotenv;
use crate::find::files::Files;
use crate::find::locate::{self, Environment};
use crate::model::decode::Spans;
use crate::model::{EnvFile, Mapping, Service};
use crate::passes::Passes;
use crate::report::findings::Report;

/// Where the files are, and where they are named.
#[derive(Clone, Copy)]
pub(crate) struct Sources<'s> {
    pub(crate) files: Files<'s>,
    pub(crate) spans: &'s Spans<'s>,
}

/// Reads those files of one service that the passes ask for, and forgets their names.
pub(crate) fn read(
    name: &str,
    service: &mut Service,
    environment: &Environment,
    passes: Passes,
    sources: Sources<'_>,
    report: &mut Report,
) {
    if passes.read_env_files {
        read_env_files(name, service, environment, sources, report);
    }
    if passes.read_label_files {
        read_label_files(name, service, sources, report);
    }
}

fn read_env_files(
    name: &str,
    service: &mut Service,
    environment: &Environment,
    sources: Sources<'_>,
    report: &mut Report,
) {
    if service.env_file.is_empty() {
        return;
    }
    let own = std::mem::take(&mut service.environment);
    let mut entries: Vec<(String, String)> = Vec::new();
    let lookup = |key: &str| environment.get(key).cloned().or_else(|| own.get(key).cloned().flatten());
    for (index, file) in std::mem::take(&mut service.env_file).iter().enumerate() {
        let path = format!("services.{name}.env_file[{index}]");
        let Some(text) = text_of(file, &path, sources, report) else { continue };
        let source = report.add_source(file.path.clone().into(), text.clone());
        match file.format.as_deref() {
            Some("raw") => match dotenv::parse_raw(&text, &lookup) {
                Ok(parsed) => entries.extend(parsed),
                Err(problem) => locate::report_problem(&problem, source, report),
            },
            Some(other) => {
                report.error(
                    sources.spans.at(&format!("{path}.format")),
                    format!("`{other}` is not a format of env files"),
                );
                report.help("the only one is `raw`; without it, quotes and variables count");
            }
            None => match dotenv::parse(&text, entries.clone(), &lookup) {
                Ok(parsed) => entries.extend(locate::report_unset(parsed, source, report)),
                Err(problem) => locate::report_problem(&problem, source, report),
            },
        }
    }
    let mut all: Mapping = entries.into_iter().map(|(key, value)| (key, Some(value))).collect();
    all.extend(own);
    all.sort_keys();
    service.environment = all;
}

fn text_of(file: &EnvFile, path: &str, sources: Sources<'_>, report: &mut Report) -> Option<String> {
    if file.path.is_empty() && file.required {
        report.error(sources.spans.at(path), format!("`{path}` is empty"));
        report.help("name a file; a variable in its path may not be set");
        return None;
    }
    let there = sources.files.exists(Path::new(&file.path));
    if !there {
        if file.required {
            report.error(sources.spans.at(path), format!("the env file {} does not exist", file.path));
            report.help("create it, or say `required: false`");
        }
        return None;
    }
    sources.files.read(Path::new(&file.path), report)
}

fn read_label_files(name: &str, service: &mut Service, sources: Sources<'_>, report: &mut Report) {
    let mut entries: Vec<(String, String)> = Vec::new();
    service.labels_from = std::mem::take(&mut service.label_file);
    for (index, file) in service.labels_from.iter().enumerate() {
        if !sources.files.exists(Path::new(file)) {
            report.error(
                sources.spans.at(&format!("services.{name}.label_file[{index}]")),
                format!("the label file {file} does not exist"),
            );
            continue;
        }
        let Some(text) = sources.files.read(Path::new(file), report) else { continue };
        let source = report.add_source(file.into(), text.clone());
        match dotenv::parse(&text, entries.clone(), &|_| None) {
            Ok(parsed) => entries.extend(locate::report_unset(parsed, source, report)),
            Err(problem) => locate::report_problem(&problem, source, report),
        }
    }
    if entries.is_empty() {
        return;
    }
    let own = std::mem::take(&mut service.labels);
    let mut all: IndexMap<String, String> = entries.into_iter().collect();
    all.extend(own);
    all.sort_keys();
    service.labels = all;
}
