//! Runs a container's own health check in it, again and again until it succeeds.

use std::time::Duration;

use futures_util::StreamExt;
use tokio::time::{Instant, sleep, timeout};
use wharf_docker::container::HealthCheck;
use wharf_docker::exec::{Exec, ExecOptions};
use wharf_docker::{Engine, ErrorKind};

use super::schedule::{Next, Probed, Schedule};
use crate::apply::context::Context;

/// An engine may close the output of a program a little before it knows the exit code.
const EXIT_CODE_PAUSE: Duration = Duration::from_millis(20);

/// How often the time of a check may pass before its process has started.
const MOST_STARTS: u32 = 10;

/// Returns once a probe has succeeded, which may be never.
pub(super) async fn healthy(context: &Context<'_>, container: String, check: HealthCheck) {
    let begun = Instant::now();
    let mut schedule = Schedule::new();
    loop {
        let probed = {
            let _permit = context.connections.acquire().await.ok();
            probe(context.engine, &container, &check).await
        };
        tracing::debug!(%container, ?probed, "probed");
        match schedule.after(probed, begun.elapsed()) {
            Next::Healthy => return,
            Next::Pause(pause) => sleep(pause).await,
            Next::Never => std::future::pending().await,
        }
    }
}

/// Runs the check once, as the engine does (`cmdProbe.run` in its `daemon/health.go`): with the container's own user, directory
/// and environment, without privileges or a terminal, and with an output that is read.
async fn probe(engine: &Engine, container: &str, check: &HealthCheck) -> Probed {
    let options = ExecOptions { command: check.command.clone(), ..ExecOptions::default() };
    let (exec, attached) = match Exec::start(engine, container, options).await {
        Ok(started) => started,
        Err(error) if matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::TimedOut) => return Probed::MayRun,
        // The engine refused, for example because the container is paused.
        Err(_) => return Probed::Failed,
    };
    let ended = async {
        if let Some(attached) = attached {
            attached.output.for_each(|_| std::future::ready(())).await;
        }
        loop {
            match exec.exit_code().await {
                Ok(Some(0)) => return Probed::Healthy,
                Ok(Some(_)) => return Probed::Failed,
                Ok(None) => sleep(EXIT_CODE_PAUSE).await,
                Err(_) => return Probed::MayRun,
            }
        }
    };
    let mut ended = std::pin::pin!(ended);
    // The time that the engine takes to start the process is not the check's.
    for _ in 0..MOST_STARTS {
        match timeout(check.timeout, &mut ended).await {
            Ok(probed) => return probed,
            Err(_) if matches!(exec.has_started().await, Ok(false)) => {}
            Err(_) => break,
        }
    }
    Probed::MayRun
}
