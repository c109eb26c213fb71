//! A connection to an engine, with the API version both sides speak.

use std::time::Duration;

use bollard::query_parameters::{InspectNetworkOptions, StatsOptionsBuilder};
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use futures_util::{Stream, TryStreamExt};

use crate::answer;
use crate::api_version::ApiVersion;
use crate::backoff::Backoff;
use crate::endpoint::Endpoint;
use crate::error::{Error, root_cause};
use crate::models::{ContainerStatsResponse, SystemInfo};
use crate::ping::ping;

/// The oldest API we talk: Docker Engine 20.10.
const OLDEST: ApiVersion = ApiVersion { major: 1, minor: 41 };
/// How long the engine may take for the head of one answer. A stop waits for the container's own grace period on top.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(120);
/// How long the first answer may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An engine that has answered.
#[derive(Debug, Clone)]
pub struct Engine {
    docker: Docker,
    endpoint: Endpoint,
    api: ApiVersion,
    is_docker: bool,
}

impl Engine {
    /// Opens the endpoint and agrees on the newest API version that both sides speak.
    ///
    /// # Errors
    /// [`Error::Unreachable`] with what to do about it, or [`Error::TooOld`].
    pub async fn connect(endpoint: &Endpoint) -> Result<Self, Error> {
        let asked = tokio::time::timeout(CONNECT_TIMEOUT, ping(endpoint)).await;
        let ping = asked.map_err(|_| unreachable(endpoint, &bollard::errors::Error::RequestTimeoutError))?;
        let docker = match ping {
            Some(ping) => open(endpoint, &ping.api.at_most(API_DEFAULT_VERSION))?,
            None => {
                let docker = open(endpoint, API_DEFAULT_VERSION)?.with_timeout(CONNECT_TIMEOUT);
                docker.negotiate_version().await.map_err(|error| unreachable(endpoint, &error))?
            }
        };
        let version = docker.client_version();
        let api = ApiVersion { major: version.major_version as u32, minor: version.minor_version as u32 };
        if api < OLDEST {
            return Err(Error::TooOld {
                host: endpoint.host.clone(),
                found: api.to_string(),
                needed: OLDEST.to_string(),
            });
        }
        let is_docker = ping.is_some_and(|ping| ping.is_docker);
        Ok(Engine { docker: docker.with_timeout(REQUEST_TIMEOUT), endpoint: endpoint.clone(), api, is_docker })
    }

    /// Opens the endpoint as soon as an engine answers there. `failed` is called with the error of each failed attempt.
    pub async fn connect_when_there(endpoint: &Endpoint, mut failed: impl FnMut(&Error)) -> Self {
        let mut backoff = Backoff::default();
        loop {
            match Engine::connect(endpoint).await {
                Ok(engine) => return engine,
                Err(error) => failed(&error),
            }
            tokio::time::sleep(backoff.next()).await;
        }
    }

    /// What the engine says of itself and its machine (Engine API `GET /info`).
    ///
    /// # Errors
    /// If the request fails.
    pub async fn info(&self) -> Result<SystemInfo, Error> {
        self.docker.info().await.map_err(Error::at("ask the engine about itself"))
    }

    /// What tells this engine from others, whichever way leads to it. Docker keeps the identifier of its network `host` for good, and
    /// tells it sooner than its own. `None`: the engine has neither.
    pub async fn identity(&self) -> Option<String> {
        let network = self.docker.inspect_network("host", None::<InspectNetworkOptions>).await.ok();
        let id = match network.and_then(|network| network.id) {
            Some(id) => Some(id),
            None => self.info().await.ok().and_then(|info| info.id),
        };
        id.filter(|id| !id.is_empty())
    }

    /// Whether it is known to be Docker's own engine, and not another one with the same API.
    pub fn is_docker(&self) -> bool {
        self.is_docker
    }

    /// The engine's own version, as `28.2.2` (Engine API `GET /version`).
    ///
    /// # Errors
    /// If the request fails.
    pub async fn version(&self) -> Result<Option<String>, Error> {
        Ok(self.docker.version().await?.version)
    }

    /// The folder in which the engine keeps its files: `/var/lib/docker`.
    ///
    /// # Errors
    /// If the request fails.
    pub async fn root_folder(&self) -> Result<Option<String>, Error> {
        Ok(self.info().await?.docker_root_dir)
    }

    /// A container's use of resources, again each second until it stops (Engine API `GET /containers/{id}/stats`).
    pub fn follow_stats(&self, container: &str) -> impl Stream<Item = Result<ContainerStatsResponse, Error>> + Send {
        let options = StatsOptionsBuilder::new().stream(true).build();
        self.docker.stats(container, Some(options)).map_err(Error::at("measure the container"))
    }

    /// The Engine API's client.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// The same engine with another limit for the head of one answer, in whole seconds.
    #[must_use]
    pub fn with_timeout(self, limit: Duration) -> Self {
        Engine { docker: self.docker.with_timeout(limit), ..self }
    }

    /// The client with room for a request that takes `extra` longer than usual.
    pub fn docker_with_patience(&self, extra: Duration) -> Docker {
        self.docker.clone().with_timeout(REQUEST_TIMEOUT + extra)
    }

    /// Where the engine is.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The API version in use.
    pub fn api_version(&self) -> ApiVersion {
        self.api
    }
}

fn open(endpoint: &Endpoint, version: &ClientVersion) -> Result<Docker, Error> {
    let seconds = CONNECT_TIMEOUT.as_secs();
    let host = &endpoint.host;
    let opened = match &endpoint.tls {
        Some(tls) => {
            let host = host.replacen("https://", "tcp://", 1);
            Docker::connect_with_ssl(&host, &tls.key, &tls.cert, &tls.ca, seconds, version)
        }
        None if host.starts_with("unix://") => Docker::connect_with_unix(host, seconds, version),
        None if host.starts_with("ssh://") => Docker::connect_with_ssh(host, seconds, version, None),
        None if host.starts_with("tcp://") || host.starts_with("http://") => {
            Docker::connect_with_http(host, seconds, version)
        }
        None => {
            return Err(Error::BadHost { value: host.clone(), origin: endpoint.origin.clone() });
        }
    };
    opened.map_err(|error| unreachable(endpoint, &error))
}

fn unreachable(endpoint: &Endpoint, error: &bollard::errors::Error) -> Error {
    let reason = reason_of(error);
    let local = endpoint.is_local();
    let help = if local && reason.contains("ermission denied") {
        "your user may not use the socket: join the group that owns it (`sudo usermod -aG docker $USER`, then log in again)"
    } else if local {
        "is the engine running? (`systemctl start docker`); DOCKER_HOST or --host name another one"
    } else {
        "check the address, and that the engine there is running and can be reached from here"
    };
    Error::Unreachable { host: endpoint.host.clone(), reason, help: format!("{help} [chosen by {}]", endpoint.origin) }
}

/// Why there is no engine, in the operating system's words.
fn reason_of(error: &bollard::errors::Error) -> String {
    use bollard::errors::Error as Bollard;
    match error {
        Bollard::SocketNotFoundError(_) => "the socket does not exist".to_owned(),
        Bollard::RequestTimeoutError => format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()),
        Bollard::DockerResponseServerError { .. } | Bollard::JsonDataError { .. } | Bollard::JsonSerdeError { .. } => {
            answer::message(error)
        }
        error => root_cause(error),
    }
}
