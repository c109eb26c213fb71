//! One run of a container, from a start to its end, as a wait knows it.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;
use wharf_docker::Timestamp;
use wharf_docker::container::{ContainerDetails, ContainerStatus, HealthStatus};

use super::probe;
use crate::apply::context::Context;
use crate::apply::watch::Clock;

pub(super) struct Run<'a> {
    started: Option<Timestamp>,
    /// When it was first seen.
    seen: Instant,
    /// Our own probes, from when they began. It returns when one has succeeded.
    probes: Option<BoxFuture<'a, ()>>,
}

impl<'a> Run<'a> {
    pub(super) fn of(container: &ContainerDetails) -> Self {
        Run { started: container.state.started, seen: Instant::now(), probes: None }
    }

    /// A container that was started again begins another run.
    pub(super) fn follow(&mut self, container: &ContainerDetails) {
        if container.state.started != self.started {
            *self = Run::of(container);
        }
    }

    /// How long it has lasted, at least. This machine's time of day does not matter: the engine may be on another one.
    pub(super) fn length(&self, engine: Option<&Clock>) -> Duration {
        let by_engine = engine.zip(self.started).map(|(clock, started)| clock.since(started));
        self.seen.elapsed().max(by_engine.unwrap_or_default())
    }

    /// Begins to probe the container, if it has a health check that has not succeeded yet.
    pub(super) fn probe(&mut self, context: &'a Context<'_>, container: &ContainerDetails) {
        let state = &container.state;
        let starting = state.health.as_ref().is_some_and(|health| health.status == HealthStatus::Starting);
        if self.probes.is_none()
            && starting
            && state.status == ContainerStatus::Running
            && let Some(check) = &container.health_check
        {
            self.probes = Some(probe::healthy(context, container.id.clone(), check.clone()).boxed());
        }
    }

    /// Returns when one of our probes has succeeded. It can be called again until then.
    pub(super) async fn found_healthy(&mut self) {
        match &mut self.probes {
            Some(probes) => probes.await,
            None => std::future::pending().await,
        }
    }
}
