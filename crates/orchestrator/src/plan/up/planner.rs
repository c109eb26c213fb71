//! The state of the planner of `up`: what happens to each container, the plan so far, and what it does with each service.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use wharf_compose::Project;

use super::UpOptions;
use crate::event::Until;
use crate::observe::Container;
use crate::plan::order::in_order;
use crate::plan::{Cause, NamedService, Plan};
use crate::request::Owners;
use crate::{Error, Observed, Problem};

pub(super) struct Planner<'a> {
    pub(super) project: &'a Project,
    pub(super) observed: &'a Observed,
    pub(super) options: &'a UpOptions,
    /// What happens to the containers of each service that takes part.
    pub(super) decisions: BTreeMap<String, Decision<'a>>,
    /// The containers that will be gone, by id.
    pub(super) going: BTreeMap<&'a str, Going<'a>>,
    /// The containers that exist, by which others share namespaces.
    pub(super) owners: Owners,
    pub(super) plan: Plan,
    /// Steps that make networks (`network NAME`) and volumes (`volume NAME`).
    pub(super) made: BTreeMap<String, usize>,
    /// What the plan does with the services so far.
    pub(super) services: BTreeMap<String, ServiceOutcome>,
    /// The steps that create the successors of containers, by the old container's id.
    pub(super) successors: BTreeMap<String, usize>,
    /// The containers whose end is planned, by id.
    pub(super) retired: BTreeMap<String, Retired>,
    /// Steps that wait for a container's state.
    pub(super) awaits: BTreeMap<(String, Until), usize>,
}

/// An existing container, and why it is replaced, if it is.
pub(super) type Kept<'a> = (&'a Container, Option<Cause>);

/// What happens to the containers of a service.
#[derive(Default, Clone)]
pub(super) struct Decision<'a> {
    /// The replicas that there will be, by number. `None`: it has to be created.
    pub(super) replicas: Vec<(u32, Option<Kept<'a>>)>,
    /// The containers that are removed.
    pub(super) excess: Vec<&'a Container>,
}

/// A container that will be gone, and why.
#[derive(Clone)]
pub(super) struct Going<'a> {
    pub(super) container: &'a Container,
    pub(super) cause: Cause,
    /// Whether another container takes its place, rather than none.
    pub(super) replaced: bool,
}

/// The steps that end a container.
#[derive(Clone, Copy)]
pub(super) struct Retired {
    /// Its end begins with this step.
    pub(super) begun: usize,
    /// It is gone after this one.
    pub(super) gone: usize,
}

/// What the plan does with one service.
#[derive(Default)]
pub(super) struct ServiceOutcome {
    pub(super) replicas: Vec<PlannedReplica>,
}

/// How the containers of one service are started.
pub(super) struct Start {
    pub(super) service: Arc<NamedService>,
    /// Steps that must be done before.
    pub(super) before: Vec<usize>,
    /// Whether its `pre_start` containers are planned or not needed.
    pub(super) initialised: bool,
}

/// A container as it will be.
pub(super) struct PlannedReplica {
    pub(super) name: String,
    /// Its last step: it exists, or runs, after that.
    pub(super) ready: Option<usize>,
    /// Whether it already runs and is healthy, or stays unchanged.
    pub(super) healthy: bool,
    /// The steps that start it, if it is started: the service's `pre_start` containers, and the start itself.
    pub(super) started: Vec<usize>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(project: &'a Project, observed: &'a Observed, options: &'a UpOptions) -> Self {
        Planner {
            project,
            observed,
            options,
            decisions: BTreeMap::new(),
            going: BTreeMap::new(),
            owners: Owners::among(&observed.containers),
            plan: Plan::default(),
            made: BTreeMap::new(),
            services: BTreeMap::new(),
            successors: BTreeMap::new(),
            retired: BTreeMap::new(),
            awaits: BTreeMap::new(),
        }
    }

    /// Whether a container of the service is replaced.
    pub(super) fn is_replaced(&self, service: &str) -> bool {
        let replaces =
            |decision: &Decision<'_>| decision.replicas.iter().any(|(_, kept)| matches!(kept, Some((_, Some(_)))));
        self.decisions.get(service).is_some_and(replaces)
    }

    /// Decides what happens to the containers of these services, and to the orphans.
    ///
    /// # Errors
    /// [`Error::Refused`] if containers that stay hold what others need, or a path that has to be mounted does not exist.
    pub(super) fn decide_all(&mut self, chosen: &BTreeSet<String>) -> Result<(), Error> {
        let services = in_order(self.project, chosen);
        for (name, service) in &services {
            self.decide(name, service);
        }
        self.decide_orphans();
        let mut problems: Vec<Problem> =
            services.iter().flat_map(|(name, service)| self.taken(name, service)).collect();
        problems.extend(services.iter().flat_map(|(name, service)| self.missing_sources(name, service)));
        if !problems.is_empty() {
            return Err(Error::Refused(problems));
        }
        for (name, service) in &services {
            self.warn_of_missing_sources(name, service);
            self.warn_of_scaling_down(name, service);
        }
        Ok(())
    }

    /// Plans the steps of the containers of these services, as was decided.
    pub(super) fn services(&mut self, chosen: &BTreeSet<String>) {
        for (name, service) in in_order(self.project, chosen) {
            self.service(name, service);
        }
    }
}
