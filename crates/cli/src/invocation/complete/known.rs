//! What there is: in the Compose files, in the engine, in docker's configuration. Everything is only read.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::FromArgMatches;
use wharf_compose::Project;
use wharf_docker::{Engine, list_networks, listing};
use wharf_go::time::parse_duration;
use wharf_orchestrator::observe::{Container, State, list_containers};

use super::wanted::{Ending, Having, Wanted};
use super::{Called, Candidate};
use crate::session::Session;
use crate::session::flags::Global;

/// How long the engine may take. A person waits for a completion, and one without the engine's part is better than none.
const DEADLINE: Duration = Duration::from_millis(200);

/// The variable with another [`DEADLINE`], for an engine that is far away or busy.
const DEADLINE_VARIABLE: &str = "WHARF_COMPLETION_TIMEOUT";

/// What can be known from the words before the last one.
pub(super) struct Known {
    /// `None`: the flags do not say which project is meant.
    session: Option<Session>,
}

impl Known {
    pub(super) fn new(called: Called, before: &[&str]) -> Self {
        Known { session: session(called, before) }
    }

    /// The words that may stand in a place; of them those are left that begin with `last`.
    pub(super) fn candidates(&self, wanted: &Wanted, last: &str) -> Vec<Candidate> {
        let found = match wanted {
            Wanted::Words(words) => return words.clone(),
            Wanted::File | Wanted::Directory | Wanted::Nothing => return Vec::new(),
            Wanted::Services { having, given, ending } => self.services(*having, given, *ending),
            Wanted::Replica { service } => self.replicas(service),
            Wanted::Port { service } => self.ports(service),
            Wanted::Profile => self.profiles(),
            Wanted::Project => self.projects(""),
            Wanted::ProjectFilter => self.projects("name="),
            Wanted::Context => self.contexts(),
            Wanted::Volume => self.volumes(),
            Wanted::EngineFilter => self.engine_filters(last),
        };
        found.unwrap_or_default()
    }

    fn services(&self, having: Having, given: &[String], ending: Ending) -> Option<Vec<Candidate>> {
        let project = self.project()?;
        let containers = match having {
            Having::Entry | Having::Build if !project.services.is_empty() => None,
            _ => self.of_engine(async |engine| list_containers(engine, Some(&project.name), true).await.ok()),
        };
        let mut names = match &containers {
            Some(containers) => having_containers(having, containers),
            None => having_entries(having, &project),
        };
        names.retain(|name, _| !given.contains(name));
        let ending = match ending {
            Ending::Nothing => "",
            Ending::Number => "=",
            Ending::Path => ":",
        };
        Some(names.into_iter().map(|(name, about)| (format!("{name}{ending}"), about)).collect())
    }

    fn replicas(&self, service: &str) -> Option<Vec<Candidate>> {
        let name = self.project()?.name;
        let mut found = self.of_engine(async |engine| list_containers(engine, Some(&name), true).await.ok())?;
        found.retain(|container| !container.one_off && (service.is_empty() || container.service == service));
        Some(found.into_iter().map(|container| (container.number.to_string(), container.name)).collect())
    }

    fn ports(&self, service: &str) -> Option<Vec<Candidate>> {
        let project = self.project()?;
        let ports = &project.services.get(service)?.ports;
        Some(ports.iter().map(|port| (port.target.to_string(), String::new())).collect())
    }

    fn profiles(&self) -> Option<Vec<Candidate>> {
        let project = self.project()?;
        Some(project.profiles().into_iter().map(|profile| (profile.to_owned(), String::new())).collect())
    }

    fn volumes(&self) -> Option<Vec<Candidate>> {
        let volumes = self.project()?.volumes;
        let own = volumes.into_iter().filter(|(_, volume)| !volume.external);
        Some(own.map(|(key, volume)| (volume.name, key)).collect())
    }

    fn projects(&self, prefix: &str) -> Option<Vec<Candidate>> {
        let containers = self.of_engine(async |engine| list_containers(engine, None, true).await.ok())?;
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for container in containers {
            *counts.entry(container.project).or_default() += 1;
        }
        Some(
            counts
                .into_iter()
                .map(|(name, count)| {
                    (format!("{prefix}{name}"), format!("{count} container{}", if count == 1 { "" } else { "s" }))
                })
                .collect(),
        )
    }

    fn contexts(&self) -> Option<Vec<Candidate>> {
        let session = self.session.as_ref()?;
        let contexts = session.endpoint_choice().contexts(&session.settings.environment);
        Some(contexts.into_iter().map(|name| (name, String::new())).collect())
    }

    /// The names of filters; after a name, values that exist.
    fn engine_filters(&self, last: &str) -> Option<Vec<Candidate>> {
        let of = |prefix: &str, names: Vec<String>| {
            Some(names.into_iter().map(|name| (format!("{prefix}{name}"), String::new())).collect())
        };
        match last.split_once('=') {
            None => of("", ["label=", "name=", "network=", "status="].map(str::to_owned).into()),
            Some(("name", _)) => of(
                "name=",
                self.of_engine(async |engine| {
                    let found = listing::list_containers(engine, None, false).await.ok()?;
                    Some(found.into_iter().map(|container| container.name).collect())
                })?,
            ),
            Some(("network", _)) => of(
                "network=",
                self.of_engine(async |engine| {
                    let found = list_networks(engine).await.ok()?;
                    Some(found.into_iter().map(|network| network.name).collect())
                })?,
            ),
            Some(_) => None,
        }
    }

    /// The project, if its files are well, or its name alone.
    fn project(&self) -> Option<Project> {
        let session = self.session.as_ref()?;
        // What a person types is not read here, nor a pipe: whoever writes to it may keep the person waiting.
        let may_wait = |file: &PathBuf| file.as_os_str() == "-" || file.metadata().is_ok_and(|found| !found.is_file());
        let may_wait = session.global.file.iter().any(may_wait);
        let (project, _) = if may_wait { None } else { session.load_or_name(&[]).ok() }?;
        Some(project)
    }

    /// Asks the engine. An engine behind ssh is not asked, because ssh may ask for a password.
    fn of_engine<T>(&self, ask: impl AsyncFnOnce(&Engine) -> Option<T>) -> Option<T> {
        let session = self.session.as_ref()?;
        let deadline = deadline(session.settings.environment.get(DEADLINE_VARIABLE));
        let endpoint = session.endpoint().ok()?;
        if endpoint.host.starts_with("ssh://") {
            return None;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let answer = async { ask(&Engine::connect(&endpoint).await.ok()?).await };
        let answer = runtime.block_on(async { tokio::time::timeout(deadline, answer).await });
        // A name that is still being resolved must not keep the person waiting.
        runtime.shutdown_background();
        answer.ok().flatten()
    }
}

/// [`DEADLINE`], or the one that its variable has. What is not a duration is ignored: a completion has no place for a complaint.
fn deadline(variable: Option<&String>) -> Duration {
    let set = variable.and_then(|text| u64::try_from(parse_duration(text)?).ok());
    set.map_or(DEADLINE, Duration::from_nanos)
}

/// The session that the flags before the last word describe, as far as they are understood.
fn session(called: Called, before: &[&str]) -> Option<Session> {
    let line = std::iter::once(called.program()).chain(before.iter().copied());
    let matches = crate::command(called).ignore_errors(true).try_get_matches_from(line).ok()?;
    Some(Session::new(called, Global::from_arg_matches(&matches).ok()?).without_fetching())
}

/// Services with a word about each.
type Services = BTreeMap<String, String>;

fn having_entries(having: Having, project: &Project) -> Services {
    let all = project.services.iter().chain(&project.disabled_services);
    let fitting = all.filter(|(_, service)| having != Having::Build || service.build.is_some());
    fitting
        .map(|(name, service)| (name.clone(), service.image.as_ref().map(ToString::to_string).unwrap_or_default()))
        .collect()
}

fn having_containers(having: Having, containers: &[Container]) -> Services {
    let fits = |container: &&Container| match having {
        Having::Entry | Having::Build | Having::Container => true,
        Having::Up => container.is_up(),
        Having::Running => container.state == State::Running,
        Having::Paused => container.state == State::Paused,
        Having::Stopped => !container.is_up(),
    };
    let mut services = Services::new();
    for container in containers.iter().filter(|container| !container.is_hook()).filter(fits) {
        services.entry(container.service.clone()).or_insert_with(|| container.status.clone());
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_choose_services_once_each() {
        let container = |service: &str, state| Container { service: service.into(), state, ..Container::default() };
        let containers = [
            container("db", State::Exited),
            container("web", State::Running),
            container("web", State::Exited),
            container("web", State::Running),
            container("job", State::Paused),
        ];
        let names = |having| having_containers(having, &containers).into_keys().collect::<Vec<_>>();
        assert_eq!(names(Having::Stopped), ["db", "web"]);
        assert_eq!(names(Having::Up), ["job", "web"]);
        assert_eq!(names(Having::Running), ["web"]);
        assert_eq!(names(Having::Paused), ["job"]);
        assert_eq!(names(Having::Container), ["db", "job", "web"]);
    }

    #[test]
    fn another_deadline_is_a_duration() {
        let set = |text: &str| deadline(Some(&text.to_owned()));
        assert_eq!(set("1m30s"), Duration::from_secs(90));
        assert_eq!(set("0"), Duration::ZERO);
        for wrong in ["", "soon", "-1s"] {
            assert_eq!(set(wrong), DEADLINE, "{wrong:?}");
        }
        assert_eq!(deadline(None), DEADLINE);
    }

    #[test]
    fn the_flags_before_an_unfinished_line_count() {
        let global = |line: &str| session(Called::Wharf, &line.split(' ').collect::<Vec<_>>()).unwrap().global;
        assert_eq!(global("-p shop exec").project_name.as_deref(), Some("shop"));
        assert_eq!(global("up --profile a --profile b --nonsense").profile, ["a", "b"]);
        assert_eq!(global("-f x.yaml scale web=").file.len(), 1);
    }
}
