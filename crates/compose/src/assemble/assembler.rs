//! Makes one tree out of all files: each is read, interpolated, checked, completed by what it includes and extends, and
//! merged onto those before it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::assemble::merge::{apply_resets, merge, settle};
use crate::assemble::normalise;
use crate::assemble::paths::{self, Base};
use crate::find::files::{Files, clean};
use crate::find::locate::{self, Environment};
use crate::find::remote::{self, is_remote};
use crate::interpolate::tree::{ROOM, interpolate};
use crate::read::input::Input;
use crate::read::reader;
use crate::report::findings::{At, Report};
use crate::spec::file::FILE;
use crate::validate::document::validate;
use crate::validate::lint;
use wharf_yaml::{Map, Node, Span, Value};

/// Most files that a project may be made of, repeats counted.
const MAX_FILES: usize = 2_000;

/// What a set of files is read with.
pub(crate) struct Context<'c> {
    /// The directory that relative paths start from.
    pub(crate) dir: PathBuf,
    pub(crate) environment: &'c Environment,
    /// The same directory relative to that of the project, for a file that is included.
    pub(crate) from_project: Option<PathBuf>,
    /// The files whose `include`s led here.
    pub(crate) included_by: Vec<PathBuf>,
}

/// How a project is read.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) interpolate: bool,
    pub(crate) resolve_paths: bool,
}

/// Puts a project's tree together.
pub(crate) struct Assembler<'r> {
    pub(crate) files_of: Files<'r>,
    pub(crate) report: &'r mut Report,
    pub(crate) settings: Settings,
    /// Services of files that were extended from, with those files' own `extends` resolved on use.
    pub(crate) extended: HashMap<PathBuf, Map>,
    pub(crate) files: usize,
    pub(crate) values: Values,
    /// Bytes of text that variables may still make.
    room: usize,
}

/// Values of the variables that secrets and configs name: by section, key and variable.
pub(crate) type Values = HashMap<(&'static str, String, String), String>;

impl<'r> Assembler<'r> {
    pub(crate) fn new(files_of: Files<'r>, report: &'r mut Report, settings: Settings) -> Self {
        Self { files_of, report, settings, extended: HashMap::new(), files: 0, values: Values::new(), room: ROOM }
    }

    /// Reads a file's documents.
    pub(crate) fn read(&mut self, file: &Path) -> Option<Input> {
        self.files += 1;
        if self.files > MAX_FILES {
            self.report.error(At::NOWHERE, format!("the project is made of more than {MAX_FILES} files"));
            return None;
        }
        let text = self.files_of.read(file, self.report)?;
        Some(self.read_given(file, text))
    }

    /// Reads the documents of a text.
    pub(crate) fn read_given(&mut self, file: &Path, text: String) -> Input {
        let source = self.report.add_source(file.to_owned(), text);
        Input { file: file.to_owned(), documents: reader::read(source, self.report) }
    }

    /// Merges files to one tree, its paths absolute and its defaults set.
    pub(crate) fn assemble(&mut self, inputs: Vec<Input>, context: &Context<'_>) -> Node {
        let mut tree = empty();
        for input in inputs {
            for document in input.documents {
                tree = self.add(tree, document, &input.file, context);
            }
        }
        normalise::set_defaults(&mut tree, self.report);
        let home = context.environment.get("HOME").map(String::as_str);
        if self.settings.resolve_paths {
            paths::resolve(&mut tree, &Base { dir: &context.dir, home });
        } else if let Some(relative) = &context.from_project {
            paths::resolve(&mut tree, &Base { dir: relative, home: None });
        }
        self.look_up(&mut tree, context.environment);
        tree
    }

    /// Takes values from the environment by name. Done for each set of files: included ones have their own environment.
    fn look_up(&mut self, tree: &mut Node, environment: &Environment) {
        if self.settings.interpolate {
            normalise::fill_in_variables(tree, environment);
        }
        for section in ["secrets", "configs"] {
            for (key, object) in tree.get(section).and_then(Node::as_map).into_iter().flatten() {
                let Some(variable) = object.get_text("environment") else { continue };
                if let Some(value) = environment.get(variable) {
                    self.values.insert((section, key.clone(), variable.to_owned()), value.clone());
                }
            }
        }
    }

    /// Merges a document onto the tree of those before it.
    fn add(&mut self, mut tree: Node, document: Node, file: &Path, context: &Context<'_>) -> Node {
        let Some(mut document) = self.checked(document, context) else { return tree };
        if let Some(include) = document.as_map_mut().and_then(|map| map.shift_remove("include")) {
            self.include(&mut document, &include, file, context);
        }
        apply_resets(&mut tree, &document);
        self.extend_services(&mut document, file, context);
        settle(&mut document);
        merge(tree, document, &FILE)
    }

    /// Interpolates a document and checks it against the specification.
    fn checked(&mut self, mut document: Node, context: &Context<'_>) -> Option<Node> {
        if document.is_null() {
            return None;
        }
        if document.as_map().is_none() {
            self.report.error(&document, "a Compose file must be a mapping at its top");
            self.report.help("for example `services: { web: { image: nginx } }`");
            return None;
        }
        lint::document(&document, self.report);
        if self.settings.interpolate {
            interpolate(&mut document, &|name| context.environment.get(name).cloned(), &mut self.room, self.report);
        }
        Some(validate(document, &FILE, !self.settings.interpolate, self.report))
    }

    /// Puts what `include` names under the document's own elements.
    fn include(&mut self, document: &mut Node, include: &Node, file: &Path, context: &Context<'_>) {
        for entry in include.as_list().unwrap_or_default() {
            let Some(included) = self.included(entry, file, context) else { continue };
            let own = std::mem::replace(document, empty());
            let mut base = included;
            if let Some(map) = base.as_map_mut() {
                const SHARED: [&str; 6] = ["services", "networks", "volumes", "secrets", "configs", "models"];
                map.retain(|key, _| SHARED.contains(&key.as_str()));
            }
            apply_resets(&mut base, &own);
            *document = merge(base, own, &FILE);
        }
    }

    /// The tree of one entry of `include`.
    fn included(&mut self, entry: &Node, file: &Path, context: &Context<'_>) -> Option<Node> {
        let paths = texts(entry.get("path"));
        let home = context.environment.get("HOME").map(String::as_str);
        let base = Base { dir: &context.dir, home };
        let mut files = Vec::new();
        for (path, span) in paths {
            let file = match is_remote(path) {
                true => remote::local(path, self.files_of, span, self.report)?,
                false => PathBuf::from(base.absolute(path)),
            };
            files.push((file, span));
        }
        let Some((main, main_span)) = files.first().cloned() else {
            self.report.error(entry, "this `include` names no file");
            self.report.help("for example `include: [other/compose.yaml]`");
            return None;
        };
        let mut chain = context.included_by.clone();
        chain.push(file.to_owned());
        if chain.contains(&main) {
            let chain: Vec<_> = chain.iter().map(|file| file.display().to_string()).collect();
            let message = format!("{} includes itself: {} includes {0}", main.display(), chain.join(" includes "));
            self.report.error(main_span, message);
            return None;
        }
        let dir = match entry.get_text("project_directory") {
            Some(dir) => PathBuf::from(base.absolute(dir)),
            None => main.parent().unwrap_or(Path::new("/")).to_owned(),
        };
        let mut environment = context.environment.clone();
        let env_files = match entry.get("env_file") {
            Some(files) => texts(Some(files))
                .iter()
                .map(|(file, _)| base.absolute(file))
                .filter(|file| file != "/dev/null")
                .map(PathBuf::from)
                .collect(),
            None => [dir.join(".env")].into_iter().filter(|file| self.files_of.is_file(file)).collect::<Vec<_>>(),
        };
        let errors = self.report.errors.len();
        locate::add_env_files(&env_files, &mut environment, self.files_of, self.report);
        let settings = self.settings;
        // Without the values of a wrong env file, variables would seem not to be set.
        self.settings.interpolate &= self.report.errors.len() == errors;
        let mut inputs = Vec::new();
        for (path, span) in files {
            if !self.files_of.is_file(&path) {
                let why = self.files_of.why_no_file(&path);
                self.report.error(span, format!("cannot read {}: {why}", path.display()));
                continue;
            }
            inputs.extend(self.read(&path));
        }
        let extended = std::mem::take(&mut self.extended);
        let from_project = paths::relative(&dir, &context.dir);
        let from_project = Some(match &context.from_project {
            Some(outer) => clean(&outer.join(from_project)),
            None => from_project,
        });
        let tree = self.assemble(inputs, &Context { dir, environment: &environment, from_project, included_by: chain });
        self.extended = extended;
        self.settings = settings;
        Some(tree)
    }

    /// The services of a file that is extended from: checked, its paths absolute, nothing included or extended yet.
    pub(crate) fn services_of(&mut self, file: &Path, context: &Context<'_>) -> Option<Map> {
        let input = self.read(file)?;
        let mut tree = empty();
        for document in input.documents {
            let Some(document) = self.checked(document, context) else { continue };
            apply_resets(&mut tree, &document);
            // The tags stay: they also count for what these services extend.
            tree = merge(tree, document, &FILE);
        }
        let dir = file.parent().unwrap_or(Path::new("/"));
        let home = context.environment.get("HOME").map(String::as_str).filter(|_| self.settings.resolve_paths);
        let dir = if self.settings.resolve_paths { dir.to_owned() } else { paths::relative(dir, &context.dir) };
        let services = tree.as_map_mut()?.shift_remove("services")?;
        let Value::Map(mut services) = services.value else { return None };
        for service in services.values_mut() {
            paths::resolve_service(service, &Base { dir: &dir, home });
        }
        Some(services)
    }
}

fn empty() -> Node {
    Node::new(Span::default(), Value::Map(Map::default()))
}

/// The texts of a list, with their places.
fn texts(list: Option<&Node>) -> Vec<(&str, Span)> {
    let list = list.and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(|node| Some((node.as_text()?, node.span))).collect()
}
