//! `watch`: keeps containers up to date with the files that their services' `develop.watch` names.
//!
//! [`Rules`] say what a change leads to, and [`Files`] reports changes in batches. For each batch, [`carry_out`] does the
//! stages of the [`tasks`], one after the other.

mod batch;
mod files;
mod initial;
mod presence;
mod read;
mod rules;
mod tree;

use std::collections::BTreeMap;

use wharf_compose::Project;
use wharf_compose::model::PullPolicy;
use wharf_docker::Engine;

use crate::apply::{ApplyOptions, Listener, apply};
use crate::observe::list_containers;
use crate::plan::{self, ImageOptions, Only, Recreate, UpOptions};
use crate::{ConvergeOptions, Error, Observed, observe, up};

pub use files::{Changes, Files};
pub use initial::initial_sync;
pub use presence::until_gone;
pub use rules::{Job, Rules};

/// What there is to say about a watch itself, besides the steps of its plans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Files of these services are watched.
    Watching {
        /// The services.
        services: Vec<String>,
    },
    /// They are not watched any more.
    Stopped,
    /// The containers that were kept up to date have been removed, so nothing is left to do.
    Gone {
        /// The project.
        project: String,
    },
}

/// The project as a watch brings it up: what is watched and built is built anew, because the files may have changed since.
#[must_use]
pub fn with_fresh_images(project: &Project) -> Project {
    let mut project = project.clone();
    for service in project.services.values_mut().filter(|service| service.build.is_some() && service.develop.is_some())
    {
        service.pull_policy = Some(PullPolicy::Build);
    }
    project
}

/// A part of the work after changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Images are built.
    Build,
    /// Containers are replaced by those of the new images.
    Replace,
    /// Files are copied and removed.
    Sync,
    /// Containers are restarted.
    Restart,
    /// Commands run in containers.
    Exec,
}

impl Stage {
    /// Whether the stage changes which containers there are, or their state, so that no other command may do so meanwhile.
    pub fn changes_containers(self) -> bool {
        matches!(self, Stage::Replace | Stage::Restart)
    }

    fn is_needed(self, job: &Job) -> bool {
        match self {
            Stage::Build | Stage::Replace => job.rebuild,
            Stage::Sync => !job.files.is_empty(),
            Stage::Restart => job.restart,
            Stage::Exec => !job.exec.is_empty(),
        }
    }
}

/// Work that is done in stages. A stage that fails ends it, and no other task.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    /// What it is done for.
    pub jobs: Vec<Job>,
    /// The stages, in order.
    pub stages: Vec<Stage>,
}

/// The tasks that the jobs are done by, one after the other: first all rebuilds together, then each service's other work.
pub fn tasks(jobs: &[Job]) -> Vec<Task> {
    let task = |jobs: Vec<Job>, stages: &[Stage]| {
        let needed = stages.iter().copied().filter(|stage| jobs.iter().any(|job| stage.is_needed(job)));
        Task { stages: needed.collect(), jobs }
    };
    let rebuilt: Vec<Job> = jobs.iter().filter(|job| job.rebuild).cloned().collect();
    let rebuild = task(rebuilt, &[Stage::Build, Stage::Replace]);
    let others = jobs.iter().map(|job| task(vec![job.clone()], &[Stage::Sync, Stage::Restart, Stage::Exec]));
    [rebuild].into_iter().chain(others).filter(|task| !task.stages.is_empty()).collect()
}

/// How [`carry_out`] works.
#[derive(Debug, Clone, Default)]
pub struct WatchOptions {
    /// How plans are carried out.
    pub apply: ApplyOptions,
    /// Whether images of the project that a build has left without a name are removed.
    pub prune: bool,
}

/// Does one stage of the jobs.
///
/// # Errors
/// As [`apply()`].
pub async fn carry_out(
    engine: &Engine,
    project: &Project,
    jobs: &[Job],
    stage: Stage,
    options: &WatchOptions,
    events: &dyn Listener,
) -> Result<(), Error> {
    let rebuilt: Vec<String> = jobs.iter().filter(|job| job.rebuild).map(|job| job.service.clone()).collect();
    let plan = match stage {
        Stage::Build => {
            let images = ImageOptions {
                services: rebuilt,
                no_deps: true,
                build: true,
                only: Some(Only::Built),
                ..ImageOptions::default()
            };
            plan::images(project, &observe(engine, project).await?, &images)?
        }
        Stage::Replace => return replace(engine, project, rebuilt, options, events).await,
        Stage::Sync => plan::sync(project, &containers(engine, project).await?, jobs),
        Stage::Restart => plan::restart_changed(project, &containers(engine, project).await?, jobs),
        Stage::Exec => plan::exec_changed(&containers(engine, project).await?, jobs),
    };
    apply(engine, project, &plan, &options.apply, events).await
}

/// What plans about containers alone need: an answer of the engine, not three.
async fn containers(engine: &Engine, project: &Project) -> Result<Observed, Error> {
    let containers = list_containers(engine, Some(&project.name), true).await?;
    Ok(Observed { containers, ..Observed::default() })
}

/// Replaces the containers of services whose images were built. There are as many as before.
async fn replace(
    engine: &Engine,
    project: &Project,
    services: Vec<String>,
    options: &WatchOptions,
    events: &dyn Listener,
) -> Result<(), Error> {
    let observed = observe(engine, project).await?;
    let mut scale: BTreeMap<String, u32> = BTreeMap::new();
    for container in observed.containers.iter().filter(|found| !found.one_off && services.contains(&found.service)) {
        *scale.entry(container.service.clone()).or_default() += 1;
    }
    let converge = ConvergeOptions {
        images: ImageOptions { services: services.clone(), no_deps: true, no_build: true, ..ImageOptions::default() },
        containers: UpOptions {
            services,
            no_deps: true,
            recreate: Recreate::Always,
            scale,
            ignore_orphans: true,
            ..UpOptions::default()
        },
        apply: options.apply.clone(),
        seen: Some(observed),
    };
    up(engine, project, &converge, events).await?;
    if options.prune {
        crate::prune::nameless_images(engine, project).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rebuilds_come_first_and_the_rest_is_done_for_each_service_alone() {
        let files = [("/app/a".into(), "/here/a".into())];
        let web = Job { service: "web".into(), files: files.into(), ..Job::default() };
        let api = Job { service: "api".into(), rebuild: true, restart: true, ..Job::default() };
        let tasks: Vec<(String, Vec<Stage>)> = tasks(&[web, api])
            .into_iter()
            .map(|task| (task.jobs.iter().map(|job| job.service.as_str()).collect(), task.stages))
            .collect();
        assert_eq!(
            tasks,
            [
                ("api".to_owned(), vec![Stage::Build, Stage::Replace]),
                ("web".to_owned(), vec![Stage::Sync]),
                ("api".to_owned(), vec![Stage::Restart]),
            ]
        );
    }
}
