//! Starts, stops and awaits single containers, by name or identifier.

use bollard::query_parameters::{
    KillContainerOptionsBuilder, RemoveContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use wharf_docker::Engine;

use crate::Error;

/// Starts the container.
///
/// # Errors
/// If a request to the engine fails.
pub async fn start(engine: &Engine, name: &str) -> Result<(), Error> {
    let options = None::<bollard::query_parameters::StartContainerOptions>;
    Ok(engine.docker().start_container(name, options).await?)
}

/// Waits until the container has ended.
///
/// # Errors
/// If a request to the engine fails.
pub async fn exit_code(engine: &Engine, name: &str) -> Result<i64, Error> {
    let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
    let mut ended = Box::pin(engine.docker().wait_container(name, Some(options)));
    match ended.next().await {
        Some(Ok(answer)) => Ok(answer.status_code),
        // The client reports an exit code other than 0 as an error.
        Some(Err(bollard::errors::Error::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(error)) => Err(error.into()),
        None => Ok(0),
    }
}

/// Passes on a signal. It is fine if the container is gone.
pub async fn signal(engine: &Engine, name: &str, signal: &str) {
    let options = KillContainerOptionsBuilder::default().signal(signal).build();
    if let Err(error) = engine.docker().kill_container(name, Some(options)).await {
        tracing::debug!(%error, container = name, "signal not passed on");
    }
}

/// Asks the container to stop. It is fine if it is gone.
pub async fn stop(engine: &Engine, name: &str) {
    let options = None::<bollard::query_parameters::StopContainerOptions>;
    if let Err(error) = engine.docker().stop_container(name, options).await {
        tracing::debug!(%error, container = name, "not stopped");
    }
}

/// Removes the container with its anonymous volumes. It is fine if it is gone.
pub async fn remove(engine: &Engine, name: &str) {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    if let Err(error) = engine.docker().remove_container(name, Some(options)).await {
        tracing::debug!(%error, container = name, "not removed");
    }
}
