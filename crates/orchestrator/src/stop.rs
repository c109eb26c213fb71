//! Stops a project, gracefully or by force.

use tokio_util::sync::CancellationToken;
use wharf_compose::Project;
use wharf_docker::Engine;

use crate::apply::{ApplyOptions, Listener, apply};
use crate::{Error, observe, plan};

/// How to stop.
#[derive(Debug, Clone, Default)]
pub struct StopOptions {
    /// Only containers of these services. All services of the file if empty.
    pub services: Vec<String>,
    /// Seconds a container gets to stop, instead of its own grace period.
    pub timeout: Option<u64>,
    /// Cancel it to kill what has not stopped by then.
    pub force: CancellationToken,
    /// How the plans are carried out. `stop` and `abort` have no effect: `force` is for that.
    pub apply: ApplyOptions,
}

/// Asks the project's containers to stop, and kills those that still run once `options.force` is cancelled. They stay.
///
/// # Errors
/// As [`apply()`].
pub async fn stop(
    engine: &Engine,
    project: &Project,
    options: &StopOptions,
    events: &dyn Listener,
) -> Result<(), Error> {
    let StopOptions { services, timeout, force, apply: given } = options;
    let uninterrupted =
        ApplyOptions { stop: CancellationToken::new(), abort: CancellationToken::new(), ..given.clone() };
    let forced = ApplyOptions { abort: force.clone(), ..uninterrupted.clone() };
    let observed = observe(engine, project).await?;
    let gentle = plan::stop(project, &observed, services, *timeout);
    match apply(engine, project, &gentle, &forced, events).await {
        Err(Error::Interrupted) if force.is_cancelled() => {}
        result => return result,
    }
    let observed = observe(engine, project).await?;
    let kill = plan::kill(project, &observed, services, "SIGKILL", false);
    apply(engine, project, &kill, &uninterrupted, events).await
}
