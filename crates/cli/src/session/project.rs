//! Reading the project that the flags name.

use std::io::Read;

use tokio_util::sync::CancellationToken;
use wharf_compose::{Config, LoadError, Loaded, Options, Passes, Project, UnknownService};
use wharf_docker::Engine;
use wharf_orchestrator::observe::{Container, labelled_services, list_containers};
use wharf_orchestrator::{Error, Observed, observe};

use super::Session;
use super::lock::ProjectLock;
use crate::failure::Failure;
use crate::screen::report;

impl Session {
    /// What the reader is given. `services` are those named on the command line.
    pub(crate) fn options(&self, services: &[String]) -> anyhow::Result<Options> {
        Ok(Options {
            stdin: self.standard_input()?,
            services: services.to_vec(),
            git: Some(self.git.clone()),
            ..self.global.place(&self.settings.environment)?
        })
    }

    /// Standard input, if it is one of the Compose files.
    fn standard_input(&self) -> anyhow::Result<Option<String>> {
        if !self.global.file.iter().any(|file| file.as_os_str() == "-") {
            return Ok(None);
        }
        if self.stdin.get().is_none() {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            self.stdin.get_or_init(|| text);
        }
        Ok(self.stdin.get().cloned())
    }

    /// Reads the project and prints the reader's warnings. `services` are those named on the command line.
    pub(crate) fn load(&self, services: &[String]) -> Result<Project, Failure> {
        self.load_by(services, Passes::default())
    }

    /// The same; the services have to be in the file.
    pub(crate) fn load_with(&self, services: &[String]) -> Result<Project, Failure> {
        let project = self.load(services)?;
        known(&project, services)?;
        Ok(project)
    }

    /// The same by the given passes.
    pub(crate) fn load_by(&self, services: &[String], passes: Passes) -> Result<Project, Failure> {
        let loaded = self.read(services, passes)?;
        report::compose_warnings(&loaded.warnings, self.colours.err);
        Ok(loaded.project)
    }

    /// Reads the canonical form by the given passes and prints the reader's warnings.
    pub(crate) fn config(&self, services: &[String], passes: Passes) -> Result<Config, Failure> {
        let config = Config::load(&self.options(services)?, passes)?;
        report::compose_warnings(&config.warnings, self.colours.err);
        Ok(config)
    }

    /// Reads the project; the warnings are the caller's.
    pub(crate) fn load_quietly(&self) -> Result<Loaded, Failure> {
        self.read(&[], Passes::default())
    }

    fn read(&self, services: &[String], passes: Passes) -> Result<Loaded, Failure> {
        let mut loaded = Project::load_by(&self.options(services)?, passes).map_err(unknown_service)?;
        self.settings.keep_project(std::mem::take(&mut loaded.environment));
        tracing::debug!(project = loaded.project.name, services = loaded.project.services.len(), "read");
        if let Some(platform) = self.settings.variable("DOCKER_DEFAULT_PLATFORM").filter(|value| !value.is_empty()) {
            loaded.project.set_default_platform(&platform);
        }
        loaded.project.compatibility = self.global.compatibility || self.is_set("COMPOSE_COMPATIBILITY");
        Ok(loaded)
    }

    /// Reads the project for a verb on what exists: what would be wrong to start may be stopped. Without any file takes the
    /// name alone: containers are then found by their labels. The flag says whether there was a file. Nothing is printed.
    pub(crate) fn load_or_name(&self, services: &[String]) -> Result<(Project, bool), Failure> {
        let passes =
            Passes { check_consistency: false, read_env_files: false, read_label_files: false, ..Passes::default() };
        match self.read(services, passes) {
            Ok(loaded) => Ok((loaded.project, true)),
            Err(Failure::Compose(error)) if error.no_file() && self.global.file.is_empty() => {
                let variable = || self.settings.environment.get("COMPOSE_PROJECT_NAME");
                match self.global.project_name.as_ref().or_else(variable).filter(|name| !name.is_empty()) {
                    Some(name) => Ok((Project { name: name.clone(), ..Project::default() }, false)),
                    None => Err(error.into()),
                }
            }
            Err(other) => Err(other),
        }
    }

    /// The name of the project that the flags, the environment or the current folder name; `None`: there is none.
    pub(crate) fn project_name(&self) -> Result<Option<String>, Failure> {
        match self.load_or_name(&[]) {
            Ok((project, _)) => Ok(Some(project.name)),
            Err(Failure::Compose(error)) if error.no_file() && self.global.file.is_empty() => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// Whether a variable of the environment, or of the project's `.env`, says yes.
    pub(crate) fn is_set(&self, variable: &str) -> bool {
        self.settings.is_set(variable, || {
            let options = self.options(&[]).ok();
            options.and_then(|options| wharf_compose::environment(&options).ok()).unwrap_or_default()
        })
    }

    /// The project for a verb on what exists, and its engine. `services` have to be in the file, if there is one.
    pub(crate) async fn existing(&self, services: &[String]) -> Result<Existing, Failure> {
        let (project, has_file) = self.load_or_name(services)?;
        if has_file {
            known(&project, services)?;
        }
        Ok(Existing { project, has_file, engine: self.connect().await? })
    }

    /// The same for a verb that changes it: locked, and with what the engine has of it.
    pub(crate) async fn lock_existing(&self, verb: &'static str, services: &[String]) -> Result<Locked, Failure> {
        let existing = self.existing(services).await?;
        self.lock_found(verb, existing).await
    }

    /// Locks a project that was found, and observes it.
    pub(crate) async fn lock_found(&self, verb: &'static str, existing: Existing) -> Result<Locked, Failure> {
        let lock = self.lock(verb, &existing.project, &existing.engine, &CancellationToken::new()).await?;
        let observed = observe(&existing.engine, &existing.project).await?;
        self.refuse_namesakes(&existing.project, &observed.containers)?;
        let Existing { project, has_file, engine } = existing;
        Ok(Locked { project, has_file, engine, observed, lock })
    }
}

impl Session {
    /// The project for a verb that starts what exists. Without a file it has the services that the containers' labels name.
    pub(crate) async fn lock_startable(&self, verb: &'static str, services: &[String]) -> Result<Locked, Failure> {
        let mut locked = self.lock_existing(verb, services).await?;
        if !locked.has_file {
            locked.project.services = labelled_services(&locked.observed.containers);
            known(&locked.project, services)?;
        }
        Ok(locked)
    }
}

/// A project as it exists on an engine: read from its files, or known by its name alone.
pub(crate) struct Existing {
    pub(crate) project: Project,
    /// False: the name is all that is known.
    pub(crate) has_file: bool,
    pub(crate) engine: Engine,
}

/// A project that no other command changes meanwhile.
pub(crate) struct Locked {
    pub(crate) project: Project,
    /// False: the name is all that is known.
    pub(crate) has_file: bool,
    pub(crate) engine: Engine,
    pub(crate) observed: Observed,
    pub(crate) lock: ProjectLock,
}

impl Existing {
    /// The containers of `services` (none: of the whole project); with `stopped` those that do not run, too.
    pub(crate) async fn containers(&self, services: &[String], stopped: bool) -> Result<Vec<Container>, Failure> {
        let mut containers = list_containers(&self.engine, Some(&self.project.name), stopped).await?;
        containers.retain(|found| services.is_empty() || services.contains(&found.service));
        Ok(containers)
    }
}

/// An unknown service name is the caller's mistake, not the file's.
fn unknown_service(error: LoadError) -> Failure {
    match error.unknown_service {
        Some(unknown) => Error::from(unknown).into(),
        None => error.into(),
    }
}

/// Services named on the command line have to be in the file.
pub(crate) fn known(project: &Project, services: &[String]) -> Result<(), Failure> {
    let is_service =
        |name: &String| project.services.contains_key(name) || project.disabled_services.contains_key(name);
    match services.iter().find(|name| !is_service(name)) {
        Some(unknown) => Err(Error::from(UnknownService::new(unknown, project)).into()),
        None => Ok(()),
    }
}
