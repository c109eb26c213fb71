//! Brings a project to the state that its file describes, by two plans: images, then containers. Each is made from what
//! the engine has at that time.

use std::time::{SystemTime, UNIX_EPOCH};

use wharf_compose::Project;
use wharf_docker::Engine;

use crate::apply::{ApplyOptions, Listener, apply};
use crate::compare::compare_unknown;
use crate::plan::{self, ImageOptions, Plan, UpOptions};
use crate::{Error, Observed, observe};

/// Options of [`up`] and [`prepare_run`].
#[derive(Debug, Clone, Default)]
pub struct ConvergeOptions {
    /// How images are pulled and built. `now` is taken from the clock.
    pub images: ImageOptions,
    /// What happens to networks, volumes and containers.
    pub containers: UpOptions,
    /// How the plans are carried out.
    pub apply: ApplyOptions,
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
) -> Result<(), Error> {
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
) -> Result<(), Error> {
    converge(engine, project, options, events, |observed, options| plan::around(project, observed, service, options))
        .await
}

async fn converge(
    engine: &Engine,
    project: &Project,
    options: &ConvergeOptions,
    events: &dyn Listener,
    containers: impl Fn(&Observed, &UpOptions) -> Result<Plan, Error>,
) -> Result<(), Error> {
    let work = async {
        let observed = compared(engine, project).await?;
        // What cannot work is refused before anything is asked, built or pulled.
        containers(&observed, &options.containers)?;
        let mut wanted = options.containers.clone();
        let changed = plan::changed_volumes(project, &observed, &wanted)?;
        let agreed = changed.into_iter().filter(|volume| !options.apply.dry_run && events.may_replace(volume));
        wanted.recreate_volumes.extend(agreed.map(|volume| volume.name));
        let images = plan::images(project, &observed, &ImageOptions { now: now(), ..options.images.clone() })?;
        let observed = if images.is_empty() {
            observed
        } else {
            apply(engine, project, &images, &options.apply, events).await?;
            compared(engine, project).await?
        };
        apply(engine, project, &containers(&observed, &wanted)?, &options.apply, events).await
    };
    options.apply.unless_aborted(work).await
}

/// What the engine has, with the containers of other programs compared with the file.
async fn compared(engine: &Engine, project: &Project) -> Result<Observed, Error> {
    let mut observed = observe(engine, project).await?;
    compare_unknown(engine, project, &mut observed.containers).await?;
    Ok(observed)
}

/// Nanoseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
