//! The programs of a project's providers, which are found before anything is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharf_compose::Project;
use wharf_compose::model::Concealed;
use wharf_docker::{Engine, plugin_folders};

use super::call::metadata;
use super::metadata::Metadata;
use crate::{Error, Problem};

/// A command of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderAct {
    /// Make what the service is, or find it as it is.
    Up,
    /// Remove it.
    Down,
}

impl ProviderAct {
    /// The command's name.
    pub fn as_str(self) -> &'static str {
        match self {
            ProviderAct::Up => "up",
            ProviderAct::Down => "down",
        }
    }
}

/// The program that provides a service.
#[derive(Debug, Clone, PartialEq)]
pub struct ProviderProgram {
    /// The provider's `type`.
    pub kind: String,
    /// Where the program is.
    pub path: PathBuf,
    /// The service's options, as the program takes them: `--size=10`.
    pub arguments: Vec<Concealed>,
}

/// The programs of providers, by their services.
pub type ProviderPrograms = BTreeMap<String, Arc<ProviderProgram>>;

/// Finds the programs of those of the services that a provider provides, and asks each what options it takes.
///
/// # Errors
/// [`Error::Refused`] with every program that is not on this machine, and every option that is missing.
pub async fn programs(
    engine: &Engine,
    project: &Project,
    services: &BTreeSet<String>,
    act: ProviderAct,
    environment: &BTreeMap<String, String>,
) -> Result<ProviderPrograms, Error> {
    let chosen = services.iter().filter_map(|name| project.services.get_key_value(name));
    let chosen: Vec<_> = chosen.filter_map(|(name, service)| Some((name, service.provider.as_ref()?))).collect();
    if chosen.is_empty() {
        return Ok(ProviderPrograms::new());
    }
    let places = Places {
        directory: &project.working_dir,
        folders: plugin_folders(engine.endpoint()),
        path: environment.get("PATH").map(String::as_str).unwrap_or_default(),
    };
    let (mut found, mut problems) = (ProviderPrograms::new(), Vec::new());
    let mut known: BTreeMap<PathBuf, Metadata> = BTreeMap::new();
    for (name, provider) in chosen {
        let problem = |key: &str, message: String, help: String| Problem {
            message,
            place: project.places.get(&format!("services.{name}.provider.{key}")).cloned(),
            help: Some(help),
        };
        let kind = &provider.r#type;
        let path = match places.find(kind) {
            Ok(path) => path,
            Err(help) => {
                problems.push(problem(
                    "type",
                    format!("service {name}: there is no provider {kind:?} on this machine"),
                    help,
                ));
                continue;
            }
        };
        if !known.contains_key(&path) {
            known.insert(path.clone(), metadata(&path, environment).await);
        }
        match known[&path].arguments(act, &provider.options) {
            Ok(arguments) => {
                let program = ProviderProgram { kind: kind.clone(), path, arguments };
                found.insert(name.clone(), Arc::new(program));
            }
            Err(missing) => {
                let key = if provider.options.is_empty() { "type" } else { "options" };
                let message = format!(
                    "service {name}: the provider {kind:?} requires the option {missing:?} for `{}`",
                    act.as_str()
                );
                problems.push(problem(key, message, format!("set it: `options: {{ {missing}: ... }}`")));
            }
        }
    }
    if problems.is_empty() { Ok(found) } else { Err(Error::Refused(problems)) }
}

/// Where programs are looked for, as docker compose does: plugins of the `docker` command, then the PATH.
struct Places<'a> {
    /// A name with a `/` is a path that starts here.
    directory: &'a Path,
    folders: Vec<PathBuf>,
    path: &'a str,
}

impl Places<'_> {
    /// The program of a provider, or else where it was looked for.
    fn find(&self, kind: &str) -> Result<PathBuf, String> {
        if kind == "compose" || kind.is_empty() {
            return Err("`type` names the program that provides the service, which is not `compose`".to_owned());
        }
        if kind.contains('/') {
            let path = self.directory.join(kind);
            return if is_program(&path) { Ok(path) } else { Err(format!("{} is not a program", path.display())) };
        }
        let plugins = self.folders.iter().map(|folder| folder.join(format!("docker-{kind}")));
        // What is empty in a PATH means the current directory, from which nothing is run by its bare name.
        let in_path = self.path.split(':').filter(|folder| folder.starts_with('/'));
        let programs = in_path.map(|folder| Path::new(folder).join(kind));
        plugins.chain(programs).find(|path| is_program(path)).ok_or_else(|| {
            let folders: Vec<String> = self.folders.iter().map(|folder| folder.display().to_string()).collect();
            format!(
                "install it: it was looked for as `docker-{kind}` in {}, and as `{kind}` in PATH ({})",
                folders.join(", "),
                self.path
            )
        })
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(path: &Path, mode: u32) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_plugin_comes_before_a_program_of_the_path_and_a_file_that_cannot_run_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path);
        let path = format!("{}::{}", at("no").display(), at("bin").display());
        let places = Places { directory: directory.path(), folders: vec![at("a"), at("b")], path: &path };
        let missing = places.find("cloud").unwrap_err();
        assert!(missing.contains("`docker-cloud` in ") && missing.contains("`cloud` in PATH"), "{missing}");
        program(&at("bin/cloud"), 0o755);
        assert_eq!(places.find("cloud").unwrap(), at("bin/cloud"));
        program(&at("a/docker-cloud"), 0o644);
        assert_eq!(places.find("cloud").unwrap(), at("bin/cloud"));
        program(&at("b/docker-cloud"), 0o755);
        assert_eq!(places.find("cloud").unwrap(), at("b/docker-cloud"));
        assert_eq!(places.find("./bin/cloud").unwrap(), at("./bin/cloud"));
        assert!(places.find("./cloud").is_err() && places.find("compose").is_err());
    }
}
