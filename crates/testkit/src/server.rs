//! A server in a container that tests can stop, pause, kill and start again.

use std::{env, marker::PhantomData};

use bollard::{
    Docker,
    models::PortBinding,
    query_parameters::{StopContainerOptionsBuilder, WaitContainerOptions},
};
use futures_util::TryStreamExt;
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt, TestcontainersError,
    core::{IntoContainerPort, client::docker_client_instance, error::ClientError},
    runners::AsyncRunner,
};

use crate::error::Error;
use crate::kill::kill_process;
use crate::port;
use crate::ready::wait_until_ready;
use crate::run::{RUN_LABEL, Run, TEST_LABEL, remove, sweep, test_name};

/// Attempts to start. A port is chosen before the container binds it, so another process may take it in between.
const PORT_TRIES: usize = 5;
/// The engine kills a container that has not stopped after this many seconds.
const STOP_SECONDS: i32 = 10;

/// The properties of one kind of server.
pub trait Kind {
    /// A short name, which is part of the container's name.
    const NAME: &'static str;
    /// The default image.
    const IMAGE: &'static str;
    /// The environment variable that overrides the image.
    const IMAGE_VARIABLE: &'static str;
    /// The port that the server listens on in its container.
    const PORT: u16;
    /// Texts that the log contains, in this order, once the server is ready.
    const READY: &'static [&'static str];

    /// Adds arguments and environment.
    fn request(image: GenericImage) -> ContainerRequest<GenericImage>;
}

/// A server for one test. Dropping this removes the container and its data.
#[derive(Debug)]
pub struct Server<K: Kind> {
    container: ContainerAsync<GenericImage>,
    docker: Docker,
    name: String,
    host: String,
    port: u16,
    kind: PhantomData<K>,
}

impl<K: Kind> Server<K> {
    /// Starts a server and waits until it is ready. Removes containers of dead test runs first.
    ///
    /// # Errors
    ///
    /// If there is no engine or no image, or if the server ends or is not ready within a minute. The last two have its
    /// log.
    pub async fn start() -> Result<Self, Error> {
        let docker = docker_client_instance().await.map_err(Error::NoEngine)?;
        sweep(&docker).await;
        let image = env::var(K::IMAGE_VARIABLE).unwrap_or_else(|_| K::IMAGE.to_owned());
        if docker.inspect_image(&image).await.is_err() && image.starts_with("wharf-local/") {
            return Err(Error::NoImage { image, variable: K::IMAGE_VARIABLE });
        }
        let mut tries = 1;
        let server = loop {
            match Self::create(&docker, &image).await {
                Err(Error::Engine { source, .. }) if is_port_taken(&*source) && tries < PORT_TRIES => tries += 1,
                outcome => break outcome?,
            }
        };
        wait_until_ready(&server.docker, &server.name, K::READY).await?;
        Ok(server)
    }

    async fn create(docker: &Docker, image: &str) -> Result<Self, Error> {
        let name = format!("wharf-test-{}-{}", K::NAME, &uuid::Uuid::new_v4().simple().to_string()[..12]);
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| Error::Engine {
            action: "start",
            container: name.clone(),
            source,
        };
        let port = port::unused().ok_or_else(|| failed("no host port is free".into()))?;
        let (repository, tag) = image.rsplit_once(':').unwrap_or((image, "latest"));
        let generic = GenericImage::new(repository, tag).with_exposed_port(K::PORT.tcp());
        let mut request = K::request(generic)
            .with_container_name(&name)
            .with_label(TEST_LABEL, test_name())
            .with_host_config_modifier(move |host| {
                let binding = PortBinding { host_ip: Some("127.0.0.1".to_owned()), host_port: Some(port.to_string()) };
                host.publish_all_ports = Some(false);
                host.port_bindings = Some([(format!("{}/tcp", K::PORT), Some(vec![binding]))].into());
            });
        if let Some(run) = Run::current() {
            request = request.with_label(RUN_LABEL, run.to_string());
        }
        let container = match request.start().await {
            Ok(container) => container,
            Err(error) => {
                // A container that could not be started still exists.
                remove(docker, &name).await;
                return Err(match error {
                    TestcontainersError::Client(ClientError::PullImage { .. }) => {
                        Error::NoImage { image: image.to_owned(), variable: K::IMAGE_VARIABLE }
                    }
                    error => failed(error.into()),
                });
            }
        };
        let host = match container.get_host().await {
            // The port is published on IPv4 only.
            Ok(host) if host.to_string() != "localhost" => host.to_string(),
            _ => "127.0.0.1".to_owned(),
        };
        Ok(Self { container, docker: docker.clone(), name, host, port, kind: PhantomData })
    }

    /// The address to connect to, without the port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The host's TCP port. It stays the same when the server is stopped and started again.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The container's id, 64 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        self.container.id()
    }

    /// Stops the server with the image's stop signal and returns when it is down.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub async fn stop(&self) -> Result<(), Error> {
        let options = StopContainerOptionsBuilder::new().t(STOP_SECONDS).build();
        self.asked("stop", self.docker.stop_container(&self.name, Some(options)).await)
    }

    /// Starts a stopped or killed server with its data and on the same port, and waits until it is ready.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub async fn start_again(&self) -> Result<(), Error> {
        self.asked("start", self.docker.start_container(&self.name, None).await)?;
        wait_until_ready(&self.docker, &self.name, K::READY).await
    }

    /// Pauses the server. Connections stay open and get no answers.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub async fn pause(&self) -> Result<(), Error> {
        self.asked("pause", self.docker.pause_container(&self.name).await)
    }

    /// Resumes a paused server.
    ///
    /// # Errors
    ///
    /// [`Error::Engine`].
    pub async fn unpause(&self) -> Result<(), Error> {
        self.asked("unpause", self.docker.unpause_container(&self.name).await)
    }

    /// Kills the server's main process on the host and returns when the engine has noticed. It stays down until
    /// [`Server::start_again`].
    ///
    /// # Errors
    ///
    /// [`Error::Kill`] without permission to kill; [`Error::Engine`].
    pub async fn kill_main_process(&self) -> Result<(), Error> {
        let inspected = self.asked("inspect", self.docker.inspect_container(&self.name, None).await)?;
        let pid = inspected.state.and_then(|state| state.pid).unwrap_or(0);
        if pid <= 0 {
            return Err(Error::Kill { pid, reason: format!("{} does not run", self.name) });
        }
        kill_process(pid).await?;
        match self.docker.wait_container(&self.name, None::<WaitContainerOptions>).try_collect::<Vec<_>>().await {
            // bollard reports an exit code other than 0 as this error.
            Err(bollard::errors::Error::DockerContainerWaitError { .. }) => Ok(()),
            outcome => self.asked("wait for", outcome.map(drop)),
        }
    }

    fn asked<T>(&self, action: &'static str, outcome: Result<T, bollard::errors::Error>) -> Result<T, Error> {
        outcome.map_err(|source| Error::Engine { action, container: self.name.clone(), source: source.into() })
    }
}

/// Whether the engine refused a start because of the host port.
fn is_port_taken(error: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    let text = error.to_string();
    text.contains("port is already allocated") || text.contains("address already in use")
}
