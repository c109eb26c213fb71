//! Redis and Postgres servers: the configured and the discovered ones, access to them, and their metrics.

mod config;

pub use crate::credentials::Method;
pub use crate::endpoint::{Address, AddressError, Protocol};
pub use config::{Config, ConfigError, Server};

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::{
    credentials::{Login, read_password},
    endpoint::{ExpiringMap, parse_target},
    exposition::{Family, Label},
    families::{Families, label_all},
    postgres, redis,
};

/// A server that discovery found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its protocol.
    pub protocol: Protocol,
    /// Its name in the configuration and in probes. Credentials are looked up by it, so no other server may be able to
    /// take it: `db.shop:5432` for the service `db` of the project `shop`.
    pub name: Address,
    /// Its current address.
    pub address: Address,
    /// The database to log in to; Postgres only. `None`: the configured one, else `postgres`.
    pub database: Option<String>,
    /// Labels for all its metrics.
    pub labels: Vec<Label>,
}

/// Why a probe was refused. Nothing was sent to the target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// The target is not `host`, `host:port` or a URL of the protocol.
    #[error("target: {0}")]
    Target(#[from] AddressError),
    /// The target is neither configured nor discovered.
    #[error("{0} is not a target: name it in the configuration, with `scrape: false` if only probes are to reach it")]
    Unknown(Address),
    /// There are no credentials of that name for the target.
    #[error("there is no auth_module {module:?} for {target}: name it in the configuration of that server")]
    Module {
        /// The module.
        module: String,
        /// The target.
        target: Address,
    },
}

impl ProbeError {
    /// The matching HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            ProbeError::Target(_) | ProbeError::Module { .. } => 400,
            ProbeError::Unknown(_) => 403,
        }
    }
}

/// The servers, and what is kept for them between scrapes.
#[derive(Debug)]
pub struct Databases {
    config: config::Checked,
    redis: redis::Servers,
    postgres: postgres::Servers,
    /// The last problem with each server, so that it is logged once and not at each scrape.
    problems: ExpiringMap<String>,
}

/// One server to scrape.
struct Job<'a> {
    protocol: Protocol,
    name: &'a Address,
    address: &'a Address,
    server: Option<&'a Server>,
    database: Option<&'a str>,
}

impl Databases {
    /// Reads the queries. Reads no password and connects to no server.
    ///
    /// # Errors
    ///
    /// [`ConfigError`], which names the server and what to change.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let config = config::Checked::new(config)?;
        Ok(Databases {
            redis: redis::Servers::new(config.client_list),
            postgres: postgres::Servers::new(config.queries.clone()),
            problems: ExpiringMap::default(),
            config,
        })
    }

    /// The configured servers that are scraped, with their labels, for service discovery.
    pub fn configured(&self) -> Vec<Target> {
        let target = |(protocol, server): (Protocol, &config::Known)| Target {
            protocol,
            name: server.address.clone(),
            address: server.address.clone(),
            database: server.server.database.clone(),
            labels: server.server.labels.iter().map(|(name, value)| (name.clone().into(), value.clone())).collect(),
        };
        self.config
            .all()
            .filter(|(_, known)| known.server.scrape && known.server.module.is_none())
            .map(target)
            .collect()
    }

    /// The families of the configured and the discovered servers. All are scraped at the same time, before `deadline`.
    ///
    /// Each sample names its server: in the label `addr` for Redis and `server` for Postgres. A server that is both
    /// configured and discovered appears once, at the discovered address.
    pub async fn collect(&self, discovered: &[Target], deadline: Instant) -> Vec<Family> {
        let targets = all(self.configured(), discovered);
        let scrapes = targets.iter().map(async |target| {
            let server = self.config.server(target.protocol, &target.name, None);
            let job = Job {
                protocol: target.protocol,
                name: &target.name,
                address: &target.address,
                server,
                database: target.database.as_deref(),
            };
            let mut families = self.scrape(&job, deadline).await.finish();
            let which = match target.protocol {
                Protocol::Redis => "addr",
                Protocol::Postgres => "server",
            };
            label_all(&mut families, &target.labels);
            label_all(&mut families, &[(which.into(), target.name.to_string())]);
            families
        });
        let mut all = Families::default();
        for families in join_all(scrapes).await {
            all.merge(families);
        }
        all.finish()
    }

    /// One server's families with the labels that redis_exporter and postgres_exporter have: for `/scrape?target=` and
    /// `/probe?target=&auth_module=`. Only configured and discovered servers are reached.
    ///
    /// # Errors
    ///
    /// [`ProbeError`]. A server that is down is not an error: its families say so.
    pub async fn probe(
        &self,
        protocol: Protocol,
        target: &str,
        module: Option<&str>,
        discovered: &[Target],
        deadline: Instant,
    ) -> Result<Vec<Family>, ProbeError> {
        let (name, database) = parse_target(protocol, target)?;
        let same = |known: &&Target| known.protocol == protocol && (known.name == name || known.address == name);
        let found = discovered.iter().find(same);
        let name = found.map_or(&name, |found| &found.name);
        if found.is_none() && !self.config.knows(protocol, name) {
            return Err(ProbeError::Unknown(name.clone()));
        }
        let server = self.config.server(protocol, name, module);
        if let (Some(module), None) = (module, server) {
            return Err(ProbeError::Module { module: module.to_owned(), target: name.clone() });
        }
        let job = Job {
            protocol,
            name,
            address: found.map_or(name, |found| &found.address),
            server,
            database: database.as_deref().or_else(|| found.and_then(|found| found.database.as_deref())),
        };
        Ok(self.scrape(&job, deadline).await.finish())
    }

    async fn scrape(&self, job: &Job<'_>, deadline: Instant) -> Families {
        let (login, unreadable) = login(job.server).await;
        let (families, problem) = match job.protocol {
            Protocol::Redis => self.redis.scrape(job.address, &login, deadline).await,
            Protocol::Postgres => {
                let configured = job.server.and_then(|server| server.database.as_deref()).unwrap_or("postgres");
                let database = job.database.unwrap_or(configured);
                let request = postgres::Request {
                    address: job.address,
                    server: &job.name.to_string(),
                    database,
                    login: &login,
                    // A client of ours may ask for one database after the other, and each connection takes one of the server's.
                    keep: database == configured,
                    deadline,
                };
                self.postgres.scrape(&request).await
            }
        };
        self.log_change(job, unreadable.or(problem));
        families
    }

    /// Logs a problem with a server when it is new, and when it is gone.
    fn log_change(&self, job: &Job<'_>, problem: Option<String>) {
        let key = format!("{} {}", job.protocol, job.name);
        let before = self.problems.take(&key);
        let (protocol, server) = (job.protocol, job.name.to_string());
        match problem {
            Some(problem) => {
                if before.as_ref() != Some(&problem) {
                    tracing::warn!(%protocol, server, problem, "some of the server's metrics are missing");
                }
                self.problems.put(key, problem);
            }
            None if before.is_some() => tracing::info!(%protocol, server, "the server's metrics are complete again"),
            None => {}
        }
    }
}

/// The configured servers and those that are only discovered. A configured server that is discovered under the same name
/// has the discovered address.
fn all(configured: Vec<Target>, discovered: &[Target]) -> Vec<Target> {
    let mut targets = configured;
    for target in discovered {
        let same = |known: &&mut Target| {
            known.protocol == target.protocol && (known.name == target.name || known.address == target.address)
        };
        match targets.iter_mut().find(same) {
            Some(known) if known.name == target.name => {
                known.address = target.address.clone();
                known.labels.extend(target.labels.clone());
            }
            Some(_) => {}
            None => targets.push(target.clone()),
        }
    }
    targets
}

/// The login of a server. If its password cannot be read, the server is asked without one.
async fn login(server: Option<&Server>) -> (Login, Option<String>) {
    let Some(server) = server else { return (Login::default(), None) };
    let mut login = Login { username: server.username.clone(), password: None, methods: server.require_auth.clone() };
    let Some(file) = &server.password_file else { return (login, None) };
    match read_password(file).await {
        Ok(password) => {
            login.password = Some(password);
            (login, None)
        }
        Err(error) => (login, Some(format!("the password in {} cannot be read: {error}", file.display()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(name: &str, address: &str) -> Target {
        let parse = |text| Address::parse(text, 5432).unwrap();
        Target {
            protocol: Protocol::Postgres,
            name: parse(name),
            address: parse(address),
            database: None,
            labels: vec![("of".into(), name.to_owned())],
        }
    }

    #[test]
    fn a_server_that_is_configured_and_discovered_comes_once() {
        let configured = vec![target("db.shop", "db.shop"), target("10.0.0.9", "10.0.0.9")];
        let discovered = [target("db.shop", "10.0.0.2"), target("db.blog", "10.0.0.9"), target("db.new", "10.0.0.3")];
        let all = all(configured, &discovered);
        let found: Vec<_> =
            all.iter().map(|target| (target.name.host.as_str(), target.address.host.as_str())).collect();
        assert_eq!(found, [("db.shop", "10.0.0.2"), ("10.0.0.9", "10.0.0.9"), ("db.new", "10.0.0.3")]);
    }
}
