//! The state of the planner of `up`: the plan so far, and what it does with each service.

use std::collections::BTreeMap;
use std::sync::Arc;

use wharf_compose::Project;

use super::UpOptions;
use crate::Observed;
use crate::event::Until;
use crate::observe::Container;
use crate::plan::{Cause, NamedService, Plan};

pub(super) struct Planner<'a> {
    pub(super) project: &'a Project,
    pub(super) observed: &'a Observed,
    pub(super) options: &'a UpOptions,
    pub(super) plan: Plan,
    /// Steps that make networks (`network NAME`) and volumes (`volume NAME`).
    pub(super) made: BTreeMap<String, usize>,
    /// What the plan does with the services so far.
    pub(super) services: BTreeMap<String, ServiceOutcome>,
    /// Steps that wait for a container's state.
    pub(super) awaits: BTreeMap<(String, Until), usize>,
}

/// What the plan does with one service.
#[derive(Default)]
pub(super) struct ServiceOutcome {
    pub(super) replicas: Vec<PlannedReplica>,
    /// Whether some of its containers are recreated.
    pub(super) replaced: bool,
}

/// An existing container, and why it is recreated, if it is.
pub(super) type Kept<'a> = (&'a Container, Option<Cause>);

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
}

impl<'a> Planner<'a> {
    pub(super) fn new(project: &'a Project, observed: &'a Observed, options: &'a UpOptions) -> Self {
        Planner {
            project,
            observed,
            options,
            plan: Plan::default(),
            made: BTreeMap::new(),
            services: BTreeMap::new(),
            awaits: BTreeMap::new(),
        }
    }
}
