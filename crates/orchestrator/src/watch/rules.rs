//! What a change of a file leads to. Pure: paths in, work for services out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharf_buildkit::Patterns;
use wharf_compose::Place;
use wharf_compose::model::{Hook, Trigger};

use crate::Error;

/// What editors and tools leave beside the files that they save, and the folder of Git: no service is made of them.
const NEVER: [&str; 14] = [
    "**/.git",
    "**/.idea",
    "**/*___jb_old___",
    "**/*___jb_tmp___",
    "**/.#*",
    "**/#*#",
    "**/4913",
    "**/*~",
    "**/.*.swp",
    "**/.*.swx",
    "**/.*.swo",
    "**/.*.swn",
    "**/.*.kate-swp",
    "**/*-go-tmp-umask",
];

/// The rules of `develop.watch`.
#[derive(Debug)]
pub struct Rules(pub(super) Vec<Rule>);

/// One entry of `develop.watch`.
#[derive(Debug)]
pub(super) struct Rule {
    service: String,
    /// Its place in the list, from 0.
    index: usize,
    /// The path to watch: absolute, with its symbolic links resolved.
    path: PathBuf,
    /// The path in the container.
    target: PathBuf,
    rebuild: bool,
    copy: bool,
    restart: bool,
    exec: Option<Arc<Hook>>,
    /// `None`: all that is not ignored.
    include: Option<Patterns>,
    /// Patterns, each list relative to a directory.
    ignore: Vec<(PathBuf, Arc<Patterns>)>,
    initial_sync: bool,
}

/// What has to be done for one service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Job {
    /// The service.
    pub service: String,
    /// The files that changed, in order.
    pub changed: BTreeSet<PathBuf>,
    /// Whether the image is built and the containers are replaced.
    pub rebuild: bool,
    /// The files that are copied, by their paths in the container. One that does not exist here is removed there.
    pub files: BTreeMap<PathBuf, PathBuf>,
    /// Whether the containers are restarted.
    pub restart: bool,
    /// Commands that run in the containers, by their entry in the service's list.
    pub exec: BTreeMap<usize, Arc<Hook>>,
}

/// What a rule is made of besides the file's entry.
pub(super) struct Surroundings {
    /// The path with its symbolic links resolved.
    pub(super) path: PathBuf,
    /// Whether the container has the path as a bind mount, so that nothing is copied.
    pub(super) is_mounted: bool,
    /// The build context and what its `.dockerignore` excludes.
    pub(super) dockerignore: Option<(PathBuf, Arc<Patterns>)>,
    /// Where the entry is in the file.
    pub(super) place: Option<Place>,
}

impl Rule {
    /// Reads an entry (Compose Develop Specification, `watch`). `None`: with the bind mount nothing is left to do.
    ///
    /// # Errors
    /// [`Error::Refused`]: it cannot be carried out.
    pub(super) fn read(
        (service, index): (&str, usize),
        trigger: &Trigger,
        is_built: bool,
        surroundings: Surroundings,
    ) -> Result<Option<Self>, Error> {
        let Surroundings { path, is_mounted, dockerignore, place } = surroundings;
        let refused = |message: String, help: &str| {
            Error::refused(format!("service {service}: {message}"), place.clone(), help.to_owned())
        };
        let action = trigger.action.as_str();
        let rebuild = action == "rebuild";
        if rebuild && !is_built {
            let help = "add `build`, or watch with `sync`, `sync+restart` or `restart`";
            return Err(refused("`rebuild` needs a `build`, and the service has none".to_owned(), help));
        }
        let exec = trigger.exec.as_ref().filter(|_| action == "sync+exec");
        let has_command = exec.and_then(|hook| hook.command.as_ref()).is_some_and(|command| !command.is_empty());
        if action == "sync+exec" && !has_command {
            let help = "for example `exec: { command: nginx -s reload }`";
            return Err(refused("`sync+exec` needs a command".to_owned(), help));
        }
        let patterns = |key: &str, list: &[String]| {
            let read = Patterns::read(list.iter().map(String::as_str));
            read.map_err(|error| refused(format!("`{key}`: {error}"), "patterns are written as in .dockerignore"))
        };
        let never = Patterns::read(NEVER).map_err(|error| refused(error, ""))?;
        let own = [never, patterns("ignore", &trigger.ignore)?].map(|patterns| (path.clone(), Arc::new(patterns)));
        let rule = Rule {
            service: service.to_owned(),
            index,
            target: PathBuf::from(trigger.target.as_deref().unwrap_or("/")),
            rebuild,
            copy: action.starts_with("sync") && !is_mounted,
            restart: action.ends_with("restart"),
            exec: exec.cloned().map(Arc::new),
            include: (!trigger.include.is_empty()).then(|| patterns("include", &trigger.include)).transpose()?,
            ignore: dockerignore.into_iter().chain(own).collect(),
            initial_sync: trigger.initial_sync,
            path,
        };
        Ok((rule.rebuild || rule.copy || rule.restart || rule.exec.is_some()).then_some(rule))
    }

    /// Where a path is in the container, if the rule is about it.
    fn target_of(&self, path: &Path) -> Option<PathBuf> {
        let below = path.strip_prefix(&self.path).ok()?;
        if let Some(include) = &self.include
            && !include.matches(&slashed(below))
        {
            return None;
        }
        let ignored = self
            .ignore
            .iter()
            .any(|(root, patterns)| path.strip_prefix(root).is_ok_and(|relative| patterns.matches(&slashed(relative))));
        // Joining nothing would add a slash.
        let is_root = below.as_os_str().is_empty();
        (!ignored).then(|| if is_root { self.target.clone() } else { self.target.join(below) })
    }

    /// Whether something below a directory may concern the rule.
    fn reaches_below(&self, directory: &Path) -> bool {
        directory.starts_with(&self.path)
            && !self.ignore.iter().any(|(root, patterns)| {
                directory.strip_prefix(root).map(slashed).is_ok_and(|relative| {
                    !relative.is_empty() && patterns.matches(&relative) && !patterns.may_except_below(&relative)
                })
            })
    }
}

impl Rules {
    /// The services that are watched, in name order.
    pub fn services(&self) -> BTreeSet<&str> {
        self.0.iter().map(|rule| rule.service.as_str()).collect()
    }

    /// The services whose images are built when files change, in name order.
    pub fn built(&self) -> BTreeSet<&str> {
        self.0.iter().filter(|rule| rule.rebuild).map(|rule| rule.service.as_str()).collect()
    }

    /// The paths that are watched.
    pub(super) fn roots(&self) -> BTreeSet<&Path> {
        self.0.iter().map(|rule| rule.path.as_path()).collect()
    }

    /// Whether a change of this path leads to anything.
    pub(super) fn concern(&self, path: &Path) -> bool {
        self.0.iter().any(|rule| rule.target_of(path).is_some())
    }

    /// Whether a change below this directory may lead to anything. If not, the directory is not watched.
    pub(super) fn reach_below(&self, directory: &Path) -> bool {
        self.0.iter().any(|rule| rule.reaches_below(directory))
    }

    /// The paths whose files are copied at the start (`initial_sync`), and the services.
    pub(super) fn initial(&self) -> impl Iterator<Item = (&Path, &str)> {
        let rules = self.0.iter().filter(|rule| rule.initial_sync && rule.copy);
        rules.map(|rule| (rule.path.as_path(), rule.service.as_str()))
    }

    /// The files among `paths` that are copied to the containers of a service at the start, by their paths there.
    pub(super) fn initial_files<'p>(
        &self,
        service: &str,
        paths: impl IntoIterator<Item = &'p PathBuf>,
    ) -> BTreeMap<PathBuf, PathBuf> {
        let rules = || self.0.iter().filter(|rule| rule.service == service && rule.initial_sync && rule.copy);
        let of =
            |path: &PathBuf| rules().filter_map(|rule| Some((rule.target_of(path)?, path.clone()))).collect::<Vec<_>>();
        paths.into_iter().flat_map(of).collect()
    }

    /// What the changes of these paths lead to, in the order of the services' names.
    pub fn jobs<'p>(&self, changed: impl IntoIterator<Item = &'p PathBuf>) -> Vec<Job> {
        let mut jobs: BTreeMap<&str, Job> = BTreeMap::new();
        for path in changed {
            for rule in &self.0 {
                let Some(target) = rule.target_of(path) else { continue };
                let new = || Job { service: rule.service.clone(), ..Job::default() };
                let job = jobs.entry(&rule.service).or_insert_with(new);
                job.changed.insert(path.clone());
                job.rebuild |= rule.rebuild;
                job.restart |= rule.restart;
                job.exec.extend(rule.exec.iter().map(|hook| (rule.index, hook.clone())));
                if rule.copy {
                    job.files.insert(target, path.clone());
                }
            }
        }
        jobs.into_values().collect()
    }
}

fn slashed(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests;
