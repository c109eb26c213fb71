//! The way from options to a project, stage by stage.

use std::path::PathBuf;

use serde::Deserialize as _;

use crate::assemble::{Assembler, Context, Input, Settings};
use crate::conform::{Stage, conform};
use crate::consistency;
use crate::diagnostic::{Diagnostic, LoadError};
use crate::find::{self, Environment, Found};
use crate::model::{Concealed, Project};
use crate::name;
use crate::node::Node;
use crate::normalise::normalise;
use crate::options::Options;
use crate::report::{At, Report};
use crate::service_files;
use crate::spec;
use crate::value::{Spans, json};

/// A project, and what its author should know about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Diagnostic>,
}

impl Project {
    /// Reads the Compose files that `options` name and makes one checked project of them.
    ///
    /// # Errors
    /// All that is wrong with the files, each with its place; nothing is loaded then.
    pub fn load(options: &Options) -> Result<Loaded, LoadError> {
        let mut report = Report::default();
        let project = load(options, &mut report);
        let (mut errors, warnings) = report.finish();
        match project {
            Some(project) if errors.is_empty() => Ok(Loaded { project, warnings }),
            _ => {
                if errors.is_empty() {
                    errors.push(Diagnostic::new("the project cannot be loaded"));
                }
                Err(LoadError { diagnostics: errors, warnings })
            }
        }
    }
}

/// A project's tree: one for all files, and what it was read with.
struct Tree {
    node: Node,
    name: String,
    files: Vec<PathBuf>,
    dir: PathBuf,
    environment: Environment,
}

fn load(options: &Options, report: &mut Report) -> Option<Project> {
    let mut tree = tree(options, Settings { interpolate: true, resolve_paths: true }, report)?;
    tree.node = conform(tree.node, &spec::FILE, Stage::Whole, false, report);
    normalise(&mut tree.node, &tree.name, &tree.environment);
    let spans = Spans::of(&tree.node);
    let mut project = typed(&tree, &spans, report)?;
    consistency::check_resources(&project, &spans, report);
    select(&mut project, options, &tree.environment, report);
    consistency::check(&project, &spans, report);
    if report.errors.is_empty() {
        for (name, service) in &mut project.services {
            service_files::read(name, service, &tree.environment, &spans, report);
        }
    }
    project.places = spans.places(report);
    Some(project)
}

/// Finds, reads, interpolates and merges.
fn tree(options: &Options, settings: Settings, report: &mut Report) -> Option<Tree> {
    let Found { files, dir, mut environment } = find::find(options, report)?;
    let mut assembler = Assembler::new(report, settings);
    let mut inputs: Vec<Input> = Vec::new();
    for file in &files {
        if find::is_stdin(file) {
            let text = options.stdin.clone().unwrap_or_default();
            let text = find::checked_text(text.into_bytes(), "the standard input", assembler.report);
            inputs.extend(text.map(|text| assembler.read_given(file, text)));
        } else {
            inputs.extend(assembler.read(file));
        }
    }
    let name = name::choose(options, &inputs, &dir, &environment, assembler.report);
    environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    let context = Context { dir: dir.clone(), environment: &environment, included_by: Vec::new() };
    let node = assembler.assemble(inputs, &context);
    if node.as_map().is_none_or(|map| map.is_empty()) && report.errors.is_empty() {
        report.error(At::NOWHERE, "the Compose file is empty");
        report.help("it needs at least `services: { web: { image: nginx } }`");
    }
    Some(Tree { node, name, files, dir, environment })
}

/// The tree as typed values, profiles aside.
fn typed(tree: &Tree, spans: &Spans, report: &mut Report) -> Option<Project> {
    let mut value = json(&tree.node, &spec::FILE);
    if let Some(map) = value.as_object_mut() {
        map.shift_remove("version");
        map.insert("name".to_owned(), tree.name.clone().into());
    }
    let mut project = match Project::deserialize(value) {
        Ok(project) => project,
        Err(error) => {
            // What the tables accept, the types accept; a mistake in either ends here, not in a panic.
            if report.errors.is_empty() {
                report.error(spans.key("services"), format!("the project cannot be represented: {error}"));
            }
            return None;
        }
    };
    for object in project.secrets.values_mut().chain(project.configs.values_mut()) {
        let value = object.environment.as_ref().and_then(|name| tree.environment.get(name));
        object.value = value.map(|value| Concealed(value.clone()));
    }
    project.working_dir = tree.dir.clone();
    project.files = tree.files.clone();
    Some(project)
}

/// Moves the services that no active profile enables aside.
fn select(project: &mut Project, options: &Options, environment: &Environment, report: &mut Report) {
    let mut active = options.profiles.clone();
    if active.is_empty() {
        let listed = environment.get("COMPOSE_PROFILES").map(String::as_str).unwrap_or_default();
        active.extend(listed.split(',').map(|profile| profile.trim().to_owned()));
    }
    for name in &options.services {
        match project.services.get(name) {
            Some(service) if !is_enabled(&service.profiles, &active) => active.extend(service.profiles.clone()),
            Some(_) => {}
            None if report.is_tainted(&format!("services.{name}")) => {}
            None => {
                report.error(At::NOWHERE, format!("there is no service `{name}`"));
                match crate::conform::closest(name, project.services.keys().map(String::as_str)) {
                    Some(name) => report.help(format!("did you mean `{name}`?")),
                    None => report.help(format!(
                        "the services are: {}",
                        project.services.keys().cloned().collect::<Vec<_>>().join(", ")
                    )),
                };
            }
        }
    }
    let services = std::mem::take(&mut project.services);
    let (enabled, disabled) = services.into_iter().partition(|(_, service)| is_enabled(&service.profiles, &active));
    (project.services, project.disabled_services) = (enabled, disabled);
}

fn is_enabled(profiles: &[String], active: &[String]) -> bool {
    profiles.is_empty() || active.iter().any(|profile| profile == "*" || profiles.contains(profile))
}
