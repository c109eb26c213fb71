//! The one container that a verb works on.

use wharf_compose::Project;
use wharf_docker::Engine;
use wharf_orchestrator::observe::Container;

use crate::failure::Failure;
use crate::session::{Existing, Session};

/// Which container of a service.
pub(crate) struct Wanted<'a> {
    pub(crate) service: &'a str,
    /// The replica's number; `None`: the first replica, or a container of `run` if there is no replica.
    pub(crate) index: Option<u32>,
    /// Stopped containers count, too.
    pub(crate) stopped: bool,
}

pub(crate) struct Target {
    pub(crate) project: Project,
    pub(crate) engine: Engine,
    pub(crate) container: Container,
}

impl Target {
    pub(crate) async fn find(session: &Session, wanted: &Wanted<'_>) -> Result<Self, Failure> {
        let services = [wanted.service.to_owned()];
        let existing = session.existing(&services).await?;
        let container = pick(existing.containers(&services, wanted.stopped).await?, wanted)?;
        let Existing { project, engine, .. } = existing;
        Ok(Target { project, engine, container })
    }
}

fn pick(mut of_service: Vec<Container>, wanted: &Wanted<'_>) -> anyhow::Result<Container> {
    of_service.retain(|found| !found.is_hook());
    of_service.sort_by_key(|found| (found.one_off, found.number));
    let matching = |found: &Container| wanted.index.is_none_or(|index| !found.one_off && found.number == index);
    let there = if wanted.stopped { "has no container" } else { "is not running" };
    of_service.into_iter().find(matching).ok_or_else(|| match wanted.index {
        Some(index) => anyhow::anyhow!("service {} {there} with number {index}", wanted.service),
        None => anyhow::anyhow!("service {0} {there}; `wharf up -d {0}` starts it", wanted.service),
    })
}
