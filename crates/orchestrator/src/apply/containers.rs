//! Starts, stops and awaits single containers, by name or identifier.

use bollard::query_parameters::{
    KillContainerOptionsBuilder, RemoveContainerOptionsBuilder, WaitContainerOptionsBuilder,
};
use futures_util::StreamExt;
use wharf_docker::{Engine, unless_gone};

use crate::Error;

/// Starts the container.
///
/// # Errors
/// If a request to the engine fails.
pub async fn start(engine: &Engine, name: &str) -> Result<(), Error> {
    let options = None::<bollard::query_parameters::StartContainerOptions>;
    engine.docker().start_container(name, options).await.map_err(|error| during(error, "start the container"))
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
        Some(Err(error)) => Err(during(error, "wait for the container")),
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
///
/// # Errors
/// If the request to the engine fails.
pub async fn remove(engine: &Engine, name: &str) -> Result<(), wharf_docker::Error> {
    let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
    match unless_gone(engine.docker().remove_container(name, Some(options)).await) {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::debug!(%error, container = name, "not removed");
            Err(wharf_docker::Error::from(error).during("remove the container"))
        }
    }
}

fn during(error: bollard::errors::Error, action: &'static str) -> Error {
    Error::Engine(wharf_docker::Error::from(error).during(action))
}
