//! Plans what `watch` does in containers after files have changed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharf_compose::Project;

use super::{Cause, ContainerAct, Plan, RestartOptions, Step, restart};
use crate::Observed;
use crate::observe::Container;
use crate::watch::Job;

/// Plans to copy changed files into all containers of their services, running or not, and to remove there what is gone here.
pub fn sync(project: &Project, observed: &Observed, jobs: &[Job]) -> Plan {
    let mut plan = Plan::default();
    for job in jobs.iter().filter(|job| !job.files.is_empty()) {
        let files: Arc<BTreeMap<PathBuf, PathBuf>> = Arc::new(job.files.clone());
        for container in replicas(observed, &job.service) {
            let step = Step::container(&container.name, ContainerAct::Sync(files.clone()));
            plan.add(step, changed(project, &job.changed), []);
        }
    }
    plan
}

/// Plans to restart the services that ask for it, and those that follow their restarts.
pub fn restart_changed(project: &Project, observed: &Observed, jobs: &[Job]) -> Plan {
    let asked = jobs.iter().filter(|job| job.restart);
    let services: Vec<String> = asked.map(|job| job.service.clone()).collect();
    match services.is_empty() {
        true => Plan::default(),
        false => restart(project, observed, &RestartOptions { services, ..RestartOptions::default() }),
    }
}

/// Plans the commands of `sync+exec` in the running containers, one after the other in each.
pub fn exec_changed(observed: &Observed, jobs: &[Job]) -> Plan {
    let mut plan = Plan::default();
    for job in jobs {
        for container in replicas(observed, &job.service).filter(|container| container.is_up()) {
            let mut after = None;
            for (index, hook) in &job.exec {
                let act = ContainerAct::Exec { service: job.service.clone(), index: *index, hook: hook.clone() };
                after = Some(plan.add(Step::container(&container.name, act), Cause::Hook, after));
            }
        }
    }
    plan
}

fn replicas<'o>(observed: &'o Observed, service: &str) -> impl Iterator<Item = &'o Container> {
    observed.containers.iter().filter(move |container| container.service == service && !container.one_off)
}

/// The first file in order, as the project's directory has it, and how many there are.
fn changed(project: &Project, files: &BTreeSet<PathBuf>) -> Cause {
    let first = files.first().map(PathBuf::as_path).unwrap_or(Path::new(""));
    let base = project.working_dir.canonicalize();
    let short = base.ok().and_then(|base| first.strip_prefix(base).ok().map(Path::to_owned));
    let file = short.as_deref().unwrap_or(first).display().to_string();
    Cause::FilesChanged { file, others: files.len().saturating_sub(1) }
}
