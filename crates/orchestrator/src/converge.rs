//! Brings a project to the state that its file describes, by two plans: images, then containers. Each is made from what
//! the engine has at that time. If another client changes the project meanwhile, the containers are planned again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wharf_compose::Project;
use wharf_docker::{Engine, ErrorKind};

use crate::apply::{ApplyOptions, Conflict, Listener, apply, apply_noting};
use crate::compare::compare;
use crate::observe::inspect_images;
use crate::plan::{self, ImageOptions, Plan, UpOptions};
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
pub struct Converged {
    /// What the engine had before the last plan was carried out.
    pub observed: Observed,
    /// Whether there was something to do, images aside.
    pub changed: bool,
}

/// Brings a project to the state that its file describes, as `wharf up --detach` does.
///
/// # Errors
/// [`Error::Refused`] with everything that cannot work, before anything is pulled, built or created. Else as
/// [`apply()`].
pub async fn up(
    engine: &Engine,
    project: &Project,
    options: &ConvergeOptions,
    events: &dyn Listener,
) -> Result<Converged, Error> {
    converge(engine, project, options, events, |observed, options| plan::up(project, observed, options)).await
}

/// Brings what one more container of `service` needs: images, networks, volumes, and the services it depends on.
///
/// # Errors
/// As [`up`].
pub async fn prepare_run(
    engine: &Engine,
    project: &Project,
    service: &str,
    options: &ConvergeOptions,
    events: &dyn Listener,
) -> Result<Converged, Error> {
    converge(engine, project, options, events, |observed, options| plan::around(project, observed, service, options))
        .await
}

async fn converge(
    engine: &Engine,
    project: &Project,
    options: &ConvergeOptions,
    events: &dyn Listener,
    containers: impl Fn(&Observed, &UpOptions) -> Result<Plan, Error>,
) -> Result<Converged, Error> {
    let work = async {
        let sealer = Sealer::new(options.apply.seal_rounds);
        let mut observed = match &options.seen {
            Some(seen) => with_differences(engine, project, &sealer, seen.clone()).await?,
            None => compared(engine, project, &sealer).await?,
        };
        if options.images.pull.as_ref().is_some_and(|policy| policy.max_age().is_some()) {
            observed.images = inspect_images(engine, std::mem::take(&mut observed.images).into_keys()).await?;
        }
        // What cannot work is refused before anything is asked, built or pulled.
        containers(&observed, &options.containers)?;
        let mut wanted = options.containers.clone();
        let changed = plan::changed_volumes(project, &observed, &wanted)?;
        let agreed = changed.into_iter().filter(|volume| !options.apply.dry_run && events.may_replace(volume));
        wanted.recreate_volumes.extend(agreed.map(|volume| volume.name));
        let images = plan::images(project, &observed, &ImageOptions { now: now(), ..options.images.clone() })?;
        let mut observed = if images.is_empty() {
            observed
        } else {
            apply(engine, project, &images, &options.apply, events).await?;
            compared(engine, project, &sealer).await?
        };
        let mut plan = containers(&observed, &wanted)?;
        let changed = plan.steps().any(|step| !step.is_wait());
        for _ in 1..MOST_ATTEMPTS {
            let conflict = Conflict::default();
            let result = apply_noting(engine, project, &plan, &options.apply, events, (&conflict, &sealer)).await;
            let (Err(Error::Failed(_)), Some(noticed)) = (&result, conflict.noticed()) else {
                return result.map(|()| Converged { observed, changed });
            };
            tokio::time::sleep(PAUSE).await;
            observed = compared(engine, project, &sealer).await?;
            let next = containers(&observed, &wanted)?;
            // A name that a stranger's container has stays taken.
            if noticed == ErrorKind::NameTaken && next == plan {
                return result.map(|()| Converged { observed, changed });
            }
            plan = next;
        }
        apply_noting(engine, project, &plan, &options.apply, events, (&Conflict::default(), &sealer)).await?;
        Ok(Converged { observed, changed: true })
    };
    options.apply.unless_aborted(work).await
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
