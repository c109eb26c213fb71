//! A simulated Docker Engine: it keeps containers, networks and volumes as Docker Engine 20.10 (API 1.41) does, but runs
//! nothing.
//!
//! It knows the requests that an orchestrator sends. Any other is answered with 501. Refusals have the engine's own words.
//! `true` and `false` end at once; any other command runs until it is stopped. Commands that are run in a container end at
//! once, `false` with code 1, except `sleep`, which does not end. Time is logical: each call that changes
//! something takes a second.
//!
//! Calls that change something are numbered, and [`SimulatedEngine::interrupt`] makes one of them fail:
//!
//! ```no_run
//! # async fn example() {
//! use wharf_testkit::SimulatedEngine;
//! use wharf_testkit::simulated_engine::Fault;
//!
//! let engine = SimulatedEngine::start();
//! engine.add_image("redis:7", &["/data"]);
//! engine.interrupt(3, Fault::LostAnswer, || println!("the answer to the third call is lost"));
//! // A client of `engine.host()` does its work ...
//! println!("{:?} and {:?}", engine.calls(), engine.containers());
//! # }
//! ```

mod calls;
mod containers;
mod create;
mod daemon;
mod events;
mod model;
mod networks;
mod refusal;
mod routes;
#[cfg(test)]
mod tests;
mod views;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::picture::{Picture, PicturedContainer};
use crate::unix_server::{Answer, FakeReply, FakeRequest, Handler, UnixServer};
use calls::Calls;
pub use calls::Fault;
use daemon::Daemon;
use model::Image;
pub use model::{Attachment, Container, Health, Mount, Network, Port, Status, Volume};

/// An engine of the test's own; it is gone when this is dropped.
#[derive(Debug)]
pub struct SimulatedEngine {
    server: UnixServer,
    simulation: Arc<Simulation>,
}

/// All that an engine had at some time.
#[derive(Debug, Clone)]
pub struct Saved(Daemon);

#[derive(Debug)]
struct Simulation(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    daemon: Daemon,
    calls: Calls,
}

impl SimulatedEngine {
    /// Starts an engine that has no images.
    ///
    /// # Panics
    ///
    /// The folder for temporary files cannot be written.
    #[must_use]
    pub fn start() -> Self {
        let mut daemon = Daemon::default();
        daemon.add_predefined_networks();
        SimulatedEngine::start_with(&Saved(daemon))
    }

    /// Starts an engine that has what another one had when it was saved.
    ///
    /// # Panics
    ///
    /// The folder for temporary files cannot be written.
    #[must_use]
    pub fn start_with(saved: &Saved) -> Self {
        let inner = Inner { daemon: saved.0.clone(), calls: Calls::default() };
        let simulation = Arc::new(Simulation(Mutex::new(inner)));
        SimulatedEngine { server: UnixServer::start(simulation.clone()), simulation }
    }

    /// What the engine has now.
    #[must_use]
    pub fn save(&self) -> Saved {
        Saved(self.inner().daemon.clone())
    }

    /// The address, as `DOCKER_HOST` has it.
    #[must_use]
    pub fn host(&self) -> String {
        self.server.host()
    }

    /// Goes away, with all its connections. What it has stays.
    pub async fn stop(&mut self) {
        self.server.stop().await;
    }

    /// Comes back at the same address.
    ///
    /// # Panics
    ///
    /// The socket cannot be made.
    pub fn start_again(&mut self) {
        self.server.start_again(self.simulation.clone());
    }

    /// Adds an image with anonymous volumes at these paths. An image that had the name loses it.
    pub fn add_image(&self, name: &str, volumes: &[&str]) {
        let daemon = &mut self.inner().daemon;
        let id = format!("sha256:{}", daemon.new_id());
        let name = if name.contains(':') { name.to_owned() } else { format!("{name}:latest") };
        daemon.images.retain(|image| image.name != name);
        daemon.images.push(Image { id, name, volumes: volumes.iter().map(|path| (*path).to_owned()).collect() });
    }

    /// Health checks of containers that are started from now on decide nothing by themselves: their first probe is still to
    /// come. Otherwise a container is healthy at once.
    pub fn probe_late(&self) {
        self.inner().daemon.probes_late = true;
    }

    /// A health check decides.
    ///
    /// # Panics
    ///
    /// There is no such container.
    pub fn set_health(&self, container: &str, health: Health) {
        let daemon = &mut self.inner().daemon;
        let at = daemon.find(container).expect("the test names a container that exists");
        daemon.set_health(at, health);
    }

    /// Forgets the client: its calls, a fault that has not come, and whether it was killed.
    pub fn new_client(&self) {
        self.inner().calls = Calls::default();
    }

    /// Lets the client's call with this number go wrong, from 1. Only calls that change something are counted. `reached` is
    /// called once, before the call is done or not done. It must not use this engine.
    pub fn interrupt(&self, call: usize, fault: Fault, reached: impl FnOnce() + Send + 'static) {
        self.inner().calls.plan(call, fault, Box::new(reached));
    }

    /// The client's calls that change something, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.inner().calls.done.clone()
    }

    /// All of the client's requests, in order, with their methods: `GET /containers/json`.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.inner().calls.requests.clone()
    }

    /// The containers, in the order in which they were created.
    #[must_use]
    pub fn containers(&self) -> Vec<Container> {
        self.inner().daemon.containers.clone()
    }

    /// The networks, in the order in which they were created, without those that every engine has.
    #[must_use]
    pub fn networks(&self) -> Vec<Network> {
        let networks = self.inner().daemon.networks.clone();
        networks.into_iter().filter(|network| !network.is_predefined()).collect()
    }

    /// The volumes, in the order in which they were created.
    #[must_use]
    pub fn volumes(&self) -> Vec<Volume> {
        self.inner().daemon.volumes.clone()
    }

    /// All that the engine has, without the networks that every engine has.
    #[must_use]
    pub fn picture(&self) -> Picture {
        let daemon = &self.inner().daemon;
        let pictured = |container: &Container| PicturedContainer {
            inspection: views::inspection(container),
            files: container.files.clone(),
        };
        let networks = daemon.networks.iter().filter(|network| !network.is_predefined());
        Picture {
            containers: daemon.containers.iter().map(pictured).collect(),
            networks: networks.map(|network| views::network(daemon, network, false)).collect(),
            volumes: daemon.volumes.iter().map(views::volume).collect(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.simulation.inner()
    }
}

impl Simulation {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Simulation {
    fn answer(&self, request: FakeRequest) -> Answer {
        let Inner { daemon, calls } = &mut *self.inner();
        calls.requests.push(format!("{} {}", request.method, request.path));
        if calls.client_is_gone() {
            return FakeReply::Reset.into();
        }
        if !routes::changes(&request) {
            return routes::answer(daemon, &request);
        }
        let name = request.query.get("name").map(|name| format!(" {name}")).unwrap_or_default();
        let fault = calls.next(format!("{} {}{name}", request.method, request.path));
        daemon.events.tick();
        let answer = fault.does_the_call().then(|| routes::answer(daemon, &request));
        match (fault, answer) {
            (Fault::None, Some(answer)) => answer,
            (Fault::ErrorBefore | Fault::ErrorAfter, _) => FakeReply::error(500, "a simulated fault").into(),
            _ => FakeReply::Reset.into(),
        }
    }
}
