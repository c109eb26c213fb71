//! Brings a project to the state that its file describes, by plans for images, for providers, and for containers. Each is made from
//! what the engine has at that time. If another client changes the project meanwhile, the containers are planned again.

use std::borrow::Cow;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wharf_compose::Project;
use wharf_docker::{Engine, ErrorKind};

use crate::apply::{Applier, ApplyOptions, Listener, Notes};
use crate::compare::compare;
use crate::observe::inspect_images;
use crate::plan::{self, ImageOptions, Plan, Round, UpOptions};
use crate::provider::{self, ProviderAct};
use crate::sealed::Sealer;
use crate::{Error, Observed, observe, sources};

/// How often containers are planned, if another client gets in the way.
const MOST_ATTEMPTS: usize = 3;
/// How long the other client gets for its next step.
const PAUSE: Duration = Duration::from_millis(500);

/// Options of [`up`] and [`prepare_run`].
#[derive(Debug, Clone, Default)]
pub struct ConvergeOptions {
    /// How images are pulled and built. `now` is taken from the clock.
    pub images: ImageOptions,
    /// What happens to networks, volumes and containers.
    pub containers: UpOptions,
    /// How the plans are carried out.
    pub apply: ApplyOptions,
    /// What the engine had of the project when the caller observed it a moment ago; `None`: it is observed now.
    pub seen: Option<Observed>,
}

/// What was found when a project was brought to a state.
#[derive(Debug)]
pub struct Converged<'p> {
    /// The project, with what its providers have set.
    pub project: Cow<'p, Project>,
    /// What the engine had before the last plan was carried out.
    pub observed: Observed,
    /// Whether there was something to do, images and providers aside.
    pub changed: bool,
}

/// Brings a project to the state that its file describes, as `wharf up --detach` does.
///
/// # Errors
/// [`Error::Refused`] with everything that cannot work, before anything is pulled, built or created. Else as
/// [`apply()`](crate::apply()).
pub async fn up<'p>(
    engine: &Engine,
    project: &'p Project,
    options: &ConvergeOptions,
    events: &dyn Listener,
) -> Result<Converged<'p>, Error> {
    converge(engine, project, options, events, &plan::up).await
}

/// Brings what one more container of `service` needs: images, networks, volumes, and the services it depends on.
///
/// # Errors
/// As [`up`].
pub async fn prepare_run<'p>(
    engine: &Engine,
    project: &'p Project,
    service: &str,
    options: &ConvergeOptions,
    events: &dyn Listener,
) -> Result<Converged<'p>, Error> {
    if plan::order::service(project, service)?.provider.is_some() {
        let place = project.places.get(&format!("services.{service}.provider")).cloned();
        let help = "run a command in a service that has an image".to_owned();
        return Err(Error::refused(format!("service {service} has a provider, and no container to run"), place, help));
    }
    let around =
        |project: &Project, observed: &Observed, options: &UpOptions| plan::around(project, observed, service, options);
    converge(engine, project, options, events, &around).await
}

/// Plans containers.
type Planner<'a> = &'a (dyn Fn(&Project, &Observed, &UpOptions) -> Result<Plan, Error> + Sync);

async fn converge<'p>(
    engine: &Engine,
    project: &'p Project,
    options: &ConvergeOptions,
    events: &dyn Listener,
    containers: Planner<'_>,
) -> Result<Converged<'p>, Error> {
    let work = async {
        let sealer = Sealer::new(options.apply.seal_rounds);
        let applier = Applier { engine, project, options: &options.apply, events, sealer: &sealer };
        let observed = match &options.seen {
            Some(seen) => seen.clone(),
            None => observe(engine, project).await?,
        };
        let mut variables = provider::remembered(engine, project, &observed.containers).await?;
        let mut amended = provider::amended(project, &variables);
        let mut observed = with_differences(engine, &amended, &sealer, observed).await?;
        if options.images.pull.as_ref().is_some_and(|policy| policy.max_age().is_some()) {
            observed.images = inspect_images(engine, std::mem::take(&mut observed.images).into_keys()).await?;
        }
        // What cannot work is refused before anything is asked, built or pulled.
        containers(&amended, &observed, &options.containers)?;
        let chosen = plan::order::selected(project, &options.containers.services, options.containers.no_deps)?;
        let environment = &options.apply.environment;
        let programs = provider::programs(engine, project, &chosen, ProviderAct::Up, environment).await?;
        let mut wanted = options.containers.clone();
        let changed = plan::changed_volumes(project, &observed, &wanted)?;
        let agreed = changed.into_iter().filter(|volume| !options.apply.dry_run && events.may_replace(volume));
        wanted.recreate_volumes.extend(agreed.map(|volume| volume.name));
        let images = plan::images(project, &observed, &ImageOptions { now: now(), ..options.images.clone() })?;
        if !images.is_empty() {
            // Pulls and builds leave nothing that has to be completed.
            let at_once = ApplyOptions { abort: options.apply.stop.clone(), ..options.apply.clone() };
            Applier { options: &at_once, ..applier }.apply(&images, &Notes::default()).await?;
            observed = compared(engine, &amended, &sealer).await?;
        }
        let mut rounds_changed = false;
        for Round { programs, after_dependencies_of } in plan::rounds(project, &programs) {
            let applier = Applier { project: &amended, ..applier };
            if let Some(provided) = after_dependencies_of.filter(|_| !options.apply.dry_run) {
                let options = UpOptions { remove_orphans: false, ignore_orphans: true, ..wanted.clone() };
                let around = |project: &Project, observed: &Observed, options: &UpOptions| {
                    plan::around(project, observed, &provided, options)
                };
                rounds_changed |= carry_out(applier, &around, &options, observed).await?.1;
                wanted.settled.extend(project.with_dependencies(&[provided]).into_iter().map(str::to_owned));
            }
            let notes = Notes::default();
            applier.apply(&plan::providers(project, &programs), &notes).await?;
            variables.extend(notes.variables());
            amended = provider::amended(project, &variables);
            observed = compared(engine, &amended, &sealer).await?;
        }
        let (observed, changed) =
            carry_out(Applier { project: &amended, ..applier }, containers, &wanted, observed).await?;
        Ok(Converged { project: amended, observed, changed: changed || rounds_changed })
    };
    options.apply.unless_aborted(work).await
}

/// Plans containers and carries the plan out. Gives what the engine had before, and whether there was something to do.
async fn carry_out(
    applier: Applier<'_>,
    containers: Planner<'_>,
    wanted: &UpOptions,
    mut observed: Observed,
) -> Result<(Observed, bool), Error> {
    let Applier { engine, project, sealer, .. } = applier;
    let mut plan = containers(project, &observed, wanted)?;
    let changed = plan.steps().any(|step| !step.is_wait());
    for _ in 1..MOST_ATTEMPTS {
        let notes = Notes::default();
        let result = applier.apply(&plan, &notes).await;
        let (Err(Error::Failed(_)), Some(noticed)) = (&result, notes.conflict.noticed()) else {
            return result.map(|()| (observed, changed));
        };
        tokio::time::sleep(PAUSE).await;
        observed = compared(engine, project, sealer).await?;
        let next = containers(project, &observed, wanted)?;
        // A name that a stranger's container has stays taken.
        if noticed == ErrorKind::NameTaken && next == plan {
            return result.map(|()| (observed, changed));
        }
        plan = next;
    }
    applier.apply(&plan, &Notes::default()).await?;
    Ok((observed, true))
}

/// What the engine has, with the containers compared with the file whose labels do not say that they are up to date.
async fn compared(engine: &Engine, project: &Project, sealer: &Sealer) -> Result<Observed, Error> {
    with_differences(engine, project, sealer, observe(engine, project).await?).await
}

async fn with_differences(
    engine: &Engine,
    project: &Project,
    sealer: &Sealer,
    mut observed: Observed,
) -> Result<Observed, Error> {
    compare(engine, project, sealer, &mut observed.containers).await?;
    observed.missing_paths = sources::missing(engine, project);
    Ok(observed)
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
