//! `up`: brings a project from its current state to the state that the file describes.

mod changed_volumes;
mod decide;
mod handover;
mod orphans;
mod planner;
mod reason;
mod replace;
mod resources;
mod service;
mod sources;
mod taken;
mod waits;

use std::collections::{BTreeMap, BTreeSet};

use wharf_compose::Project;

use super::order::{selected, service};
use super::{Plan, check, hooks};
use crate::event::HookPoint;
use crate::{Error, Observed};
pub use changed_volumes::{ChangedVolume, changed_volumes};
use planner::Planner;

/// Which containers are recreated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Recreate {
    /// Those whose configuration or image changed.
    #[default]
    Changed,
    /// All.
    Always,
    /// None.
    Never,
}

/// What the caller asks for.
#[derive(Debug, Clone, Default)]
pub struct UpOptions {
    /// Only these services. All if empty.
    pub services: Vec<String>,
    /// Whether to leave out the services that they depend on.
    pub no_deps: bool,
    /// Which containers of the chosen services are recreated.
    pub recreate: Recreate,
    /// Services whose containers an earlier plan of the same run has brought up. They are recreated only if they changed.
    pub settled: BTreeSet<String>,
    /// Create only.
    pub no_start: bool,
    /// Start what exists, create nothing: `start`.
    pub only_existing: bool,
    /// Wait until all run, or are healthy where they have a health check.
    pub wait: bool,
    /// Replicas by service, instead of what the file says.
    pub scale: BTreeMap<String, u32>,
    /// Remove containers of services that the file does not name.
    pub remove_orphans: bool,
    /// Do not warn about containers of services that the file does not name.
    pub ignore_orphans: bool,
    /// Whether containers of services that the chosen ones depend on are recreated, too.
    pub recreate_dependencies: bool,
    /// Whether to create networks and volumes that no chosen service uses, too.
    pub all_resources: bool,
    /// Seconds that a container gets to stop, instead of its own grace period.
    pub timeout: Option<u64>,
    /// The volumes, by their names in the engine, that are replaced if their settings have changed. Their data is lost.
    pub recreate_volumes: BTreeSet<String>,
    /// Whether recreated containers get new anonymous volumes.
    pub renew_anonymous_volumes: bool,
}

/// Plans what `up` does. The images must exist: see [`super::images`].
///
/// # Errors
/// [`Error::Refused`] with everything that cannot work: ports that are taken, names that replicas cannot share.
pub fn up(project: &Project, observed: &Observed, options: &UpOptions) -> Result<Plan, Error> {
    let chosen = selected(project, &options.services, options.no_deps)?;
    for name in options.scale.keys().filter(|name| !project.services.contains_key(*name)) {
        selected(project, std::slice::from_ref(name), true)?;
    }
    let problems = check::problems(project, observed, &chosen, &options.scale);
    if !problems.is_empty() && !options.only_existing {
        return Err(Error::Refused(problems));
    }
    let mut planner = Planner::new(project, observed, options);
    planner.decide_all(&chosen)?;
    if !options.only_existing {
        planner.networks_and_volumes(&chosen);
    }
    planner.services(&chosen);
    if !options.only_existing {
        planner.remove_orphans();
    }
    if options.wait && !options.no_start {
        planner.wait_for_all(&chosen);
    }
    Ok(planner.plan)
}

/// Plans what must exist before one more container of a service can run: its networks and volumes, and the services it
/// depends on.
///
/// # Errors
/// As [`up`].
pub fn around(project: &Project, observed: &Observed, service_name: &str, options: &UpOptions) -> Result<Plan, Error> {
    let service = service(project, service_name)?;
    let mut chosen = selected(project, &[service_name.to_owned()], options.no_deps)?;
    let mut planner = Planner::new(project, observed, options);
    let everything = chosen.clone();
    chosen.remove(service_name);
    let problems = check::problems(project, observed, &chosen, &options.scale);
    if !problems.is_empty() {
        return Err(Error::Refused(problems));
    }
    planner.decide_all(&chosen)?;
    planner.networks_and_volumes(&everything);
    planner.services(&chosen);
    planner.starts_after(service_name, service);
    planner.remove_orphans();
    Ok(planner.plan)
}

/// Plans what `service` asks for after one more container of it, `name`, was started.
///
/// # Errors
/// [`Error::Refused`] if the project has no such service.
pub fn after_start(project: &Project, service_name: &str, name: &str) -> Result<Plan, Error> {
    let mut plan = Plan::default();
    let of = (service_name, service(project, service_name)?);
    hooks::commands(&mut plan, of, HookPoint::PostStart, name, Vec::new());
    Ok(plan)
}
