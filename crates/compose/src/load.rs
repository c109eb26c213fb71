//! The way from options to a project, stage by stage.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use indexmap::IndexMap;
use serde::Deserialize as _;
use serde_json::Value;

use crate::assemble::assembler::{Assembler, Context, Settings, Values};
use crate::assemble::normalise::normalise;
use crate::find::files::{Files, checked_text};
use crate::find::locate::{self, Environment, Found};
use crate::find::name;
use crate::find::service_files;
use crate::model::decode::{Scalars, Spans, add_own_keys, has_own_keys};
use crate::model::{Concealed, NameOrigin, Project};
use crate::options::Options;
use crate::passes::Passes;
use crate::print::render;
use crate::read::input::Input;
use crate::report::diagnostic::{Diagnostic, LoadError};
use crate::report::findings::{At, Report};
use crate::spec::file::FILE;
use crate::unknown_service::UnknownService;
use crate::validate::check;
use crate::validate::lint;
use crate::validate::required::require;
use wharf_yaml::Node;

/// A project, and what its author should know about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loaded {
    /// The project.
    pub project: Project,
    /// What is allowed but probably not meant.
    pub warnings: Vec<Diagnostic>,
    /// The values that variables were replaced by: the environment, then the env files, and `COMPOSE_PROJECT_NAME`; the
    /// same as [`environment`](crate::environment) gives.
    pub environment: BTreeMap<String, String>,
}

impl Project {
    /// Reads the Compose files that `options` name and makes one checked project of them.
    ///
    /// # Errors
    /// All that is wrong with the files, each with its place; nothing is loaded then.
    pub fn load(options: &Options) -> Result<Loaded, LoadError> {
        project(options, Passes::default())
    }

    /// The same with some of the way left out.
    ///
    /// Without [`Passes::interpolate`] most files cannot be represented: `${PORT}` is not a port. Use
    /// [`Config::load`](crate::Config::load) for those.
    ///
    /// # Errors
    /// All that is wrong with the files, each with its place; nothing is loaded then.
    pub fn load_by(options: &Options, passes: Passes) -> Result<Loaded, LoadError> {
        project(options, passes)
    }
}

/// Reads a project by the given passes, interpolation among them.
fn project(options: &Options, passes: Passes) -> Result<Loaded, LoadError> {
    let mut report = Report::default();
    let project = load(options, passes, &mut report).map(|(mut project, tree)| {
        project.places = Spans(&tree.node).places(&report);
        (project, tree.environment)
    });
    let ((project, environment), warnings) = finished(project, report)?;
    Ok(Loaded { project, warnings, environment })
}

/// The same as plain values, with all of the author's own keys (`x-*`).
pub(crate) fn canonical(options: &Options, passes: Passes) -> Result<(Value, Vec<Diagnostic>), LoadError> {
    let mut report = Report::default();
    let value = load(options, passes, &mut report).map(|(project, tree)| {
        let project = project.selected(&options.services);
        let project = if passes.keep_unused { project } else { project.without_unused() };
        // Without keys of the author's own the tree has done its work, and its memory serves the value.
        let tree = has_own_keys(&tree.node).then_some(tree);
        let mut value = serde_json::to_value(project).unwrap_or_default();
        if let Some(tree) = tree {
            add_own_keys(&tree.node, &FILE, &mut value);
        }
        render::canonical(value)
    });
    finished(value, report)
}

/// Reads a project whose variables stay as they are written: as values, since it has no types then.
pub(crate) fn uninterpolated(options: &Options, passes: Passes) -> Result<(Value, Vec<Diagnostic>), LoadError> {
    let mut report = Report::default();
    let value = tree(options, passes, &mut report).map(|tree| {
        let mut value = Scalars::Written.json(&tree.node, &FILE);
        if let Some(map) = value.as_object_mut() {
            map.shift_remove("version");
            map.insert("name".to_owned(), tree.name.into());
        }
        value.sort_all_objects();
        render::for_yaml(value)
    });
    finished(value, report)
}

fn finished<T>(value: Option<T>, mut report: Report) -> Result<(T, Vec<Diagnostic>), LoadError> {
    let unknown_service = report.unknown_service.take();
    let (mut errors, warnings) = report.finish();
    match value {
        Some(value) if errors.is_empty() => Ok((value, warnings)),
        _ => {
            if errors.is_empty() {
                errors.push(Diagnostic::new("the project cannot be loaded"));
            }
            let unknown_service = unknown_service.filter(|unknown| unknown.names.len() == errors.len());
            Err(LoadError { diagnostics: errors, warnings, unknown_service })
        }
    }
}

/// A project's tree: one for all files, and what it was read with.
struct Tree {
    node: Node,
    name: String,
    name_origin: NameOrigin,
    files: Vec<PathBuf>,
    dir: PathBuf,
    environment: Environment,
    values: Values,
}

fn load(options: &Options, passes: Passes, report: &mut Report) -> Option<(Project, Tree)> {
    let tree = tree(options, passes, report)?;
    let spans = Spans(&tree.node);
    let mut project = typed(&tree, &spans, report)?;
    select(&mut project, options, &tree.environment, report);
    if passes.check_consistency {
        check::check_resources(&project, &spans, report);
        check::check(&project, &options.services, &spans, report);
        lint::project(&project, &spans, report);
    }
    if report.errors.is_empty() && (passes.read_env_files || passes.read_label_files) {
        let sources = service_files::Sources { files: Files::of(options), spans: &spans };
        // A file that is not needed now may be missing.
        let needed: HashSet<String> =
            project.with_dependencies(&options.services).into_iter().map(str::to_owned).collect();
        for (name, service) in project.services.iter_mut().filter(|(name, _)| needed.contains(*name)) {
            service_files::read(name, service, &tree.environment, passes, sources, report);
        }
    }
    Some((project, tree))
}

/// Finds, reads, interpolates, merges, checks and completes.
fn tree(options: &Options, passes: Passes, report: &mut Report) -> Option<Tree> {
    let files_of = Files::of(options);
    let Found { files, dir, mut environment } = locate::find(options, files_of, report)?;
    // Without the values of a wrong env file, variables would seem not to be set.
    let interpolate = passes.interpolate && report.errors.is_empty();
    let settings = Settings { interpolate, resolve_paths: passes.resolve_paths };
    let mut assembler = Assembler::new(files_of, report, settings);
    let inputs = read_inputs(options, &files, &mut assembler);
    let (name, name_origin) = name::choose(options, &inputs, &dir, &environment, assembler.report);
    environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    let context = Context { dir: dir.clone(), environment: &environment, from_project: None, included_by: Vec::new() };
    let mut node = assembler.assemble(inputs, &context);
    let values = std::mem::take(&mut assembler.values);
    if node.as_map().is_none_or(|map| map.is_empty()) && report.errors.is_empty() {
        report.error(At::NOWHERE, "the Compose file is empty");
        report.help("it needs at least `services: { web: { image: nginx } }`");
    }
    require(&mut node, &FILE, report);
    if passes.normalise {
        normalise(&mut node, &name, &environment, !interpolate);
    }
    Some(Tree { node, name, name_origin, files, dir, environment, values })
}

/// Reads the project's own files.
pub(crate) fn read_inputs(options: &Options, files: &[PathBuf], assembler: &mut Assembler<'_>) -> Vec<Input> {
    let mut inputs = Vec::new();
    for file in files {
        if locate::is_stdin(file) {
            let text = options.stdin.clone().unwrap_or_default();
            let text = checked_text(text.into_bytes(), "the standard input", assembler.report);
            inputs.extend(text.map(|text| assembler.read_given(file, text)));
        } else {
            inputs.extend(assembler.read(file));
        }
    }
    inputs
}

/// The tree as typed values, profiles aside.
fn typed(tree: &Tree, spans: &Spans<'_>, report: &mut Report) -> Option<Project> {
    let mut value = Scalars::Typed.json(&tree.node, &FILE);
    if let Some(map) = value.as_object_mut() {
        map.shift_remove("version");
        map.insert("name".to_owned(), tree.name.clone().into());
    }
    let own_keys = take_own_keys(&mut value);
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
    project.extensions = own_keys.project;
    for (name, keys) in own_keys.services {
        if let Some(service) = project.services.get_mut(&name) {
            service.extensions = keys;
        }
    }
    for (section, objects) in [("secrets", &mut project.secrets), ("configs", &mut project.configs)] {
        for (name, object) in objects {
            let Some(variable) = &object.environment else { continue };
            let value = tree.values.get(&(section, name.clone(), variable.clone()));
            object.value = value.map(|value| Concealed(value.clone()));
        }
    }
    project.name_origin = tree.name_origin;
    project.working_dir = tree.dir.clone();
    project.files = tree.files.clone();
    Some(project)
}

/// Keys of the author's own, `x-*`.
#[derive(Default)]
struct OwnKeys {
    project: IndexMap<String, Value>,
    services: Vec<(String, IndexMap<String, Value>)>,
}

/// Takes the `x-*` keys out of the project and its services: the types hold them apart.
fn take_own_keys(project: &mut Value) -> OwnKeys {
    let mut own_keys = OwnKeys::default();
    let Some(map) = project.as_object_mut() else { return own_keys };
    own_keys.project = take_extensions(map);
    if let Some(services) = map.get_mut("services").and_then(Value::as_object_mut) {
        for (name, service) in services {
            let keys = service.as_object_mut().map(take_extensions).unwrap_or_default();
            if !keys.is_empty() {
                own_keys.services.push((name.clone(), keys));
            }
        }
    }
    own_keys
}

fn take_extensions(map: &mut serde_json::Map<String, Value>) -> IndexMap<String, Value> {
    let mut taken = IndexMap::new();
    if map.keys().any(|key| key.starts_with("x-")) {
        map.retain(|key, value| {
            let own = key.starts_with("x-");
            if own {
                taken.insert(key.clone(), value.take());
            }
            !own
        });
    }
    taken
}

/// Moves the services that no active profile enables aside.
fn select(project: &mut Project, options: &Options, environment: &Environment, report: &mut Report) {
    let mut active = options.profiles.clone();
    if active.is_empty() {
        let listed = environment.get("COMPOSE_PROFILES").map(String::as_str).unwrap_or_default();
        active.extend(listed.split(',').map(|profile| profile.trim().to_owned()));
    }
    let mut unknown = Vec::new();
    for name in &options.services {
        match project.services.get(name) {
            Some(service) if !is_enabled(&service.profiles, &active) => active.extend(service.profiles.clone()),
            Some(_) => {}
            None if report.is_tainted(&format!("services.{name}")) => {}
            None => {
                unknown.push(name.clone());
                let unknown = UnknownService::new(name, project);
                report.error(At::NOWHERE, unknown.message());
                report.help(unknown.help());
            }
        }
    }
    let services = std::mem::take(&mut project.services);
    let (enabled, disabled) = services.into_iter().partition(|(_, service)| is_enabled(&service.profiles, &active));
    (project.services, project.disabled_services) = (enabled, disabled);
    report.unknown_service =
        (!unknown.is_empty()).then(|| UnknownService { names: unknown, ..UnknownService::new("", project) });
}

fn is_enabled(profiles: &[String], active: &[String]) -> bool {
    profiles.is_empty() || active.iter().any(|profile| profile == "*" || profiles.contains(profile))
}
