//! The configured servers and their credentials. A password belongs to exactly one server.

use std::{
    collections::{BTreeMap, HashSet},
    path::PathBuf,
};

use serde::Deserialize;

use crate::credentials::Method;
use crate::endpoint::{Address, AddressError, Protocol};
use crate::postgres::{QueriesError, UserQuery, read_queries};

/// The servers that are scraped without discovery, that probes may reach, and the credentials of all of them.
///
/// ```yaml
/// redis:
///   - address: cache:6379
///     password_file: /run/secrets/redis
/// postgres:
///   - address: db:5432
///     database: shop
///     username: metrics
///     password_file: /run/secrets/postgres
///   - address: other:5432
///     scrape: false              # only for /probe?target=other:5432&auth_module=audit
///     module: audit
///     username: audit
///     password_file: /run/secrets/audit
///     require_auth: [scram-sha-256]
/// queries: /etc/wharf/queries.yaml
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Redis servers.
    pub redis: Vec<Server>,
    /// Postgres servers.
    pub postgres: Vec<Server>,
    /// A file with custom SQL, in the form of postgres_exporter's `queries.yaml`. It runs on each Postgres server.
    pub queries: Option<PathBuf>,
    /// Whether to serve a few series for each client of a Redis server.
    pub client_list: bool,
}

/// One server and its credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// `host` or `host:port`: the address, or the name of a discovered server.
    pub address: String,
    /// The database to log in to; Postgres only.
    pub database: Option<String>,
    /// The user. The default is `postgres`, or Redis' default user.
    pub username: Option<String>,
    /// A file with the password.
    pub password_file: Option<PathBuf>,
    /// The methods by which the password may be given to the server; Postgres only. The default is whichever it asks for,
    /// clear text among them.
    #[serde(default)]
    pub require_auth: Vec<Method>,
    /// The name under which a probe asks for these credentials (`auth_module`). Without a
    /// name they are for the scrape and for probes without `auth_module`.
    pub module: Option<String>,
    /// Whether to scrape it. Otherwise only probes and discovery reach it.
    #[serde(default = "yes")]
    pub scrape: bool,
    /// Labels for all its metrics.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

fn yes() -> bool {
    true
}

/// Why the configuration is invalid.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// An address is invalid.
    #[error("a server's address: {0}")]
    Address(#[from] AddressError),
    /// Two entries for the same server and module.
    #[error("{0} is there twice with the same module: give one of them another `module`, or remove it")]
    Twice(Address),
    /// The name of a label is invalid.
    #[error("{address}: {label:?} is not a label name: use letters, digits and underscores")]
    Label {
        /// The server.
        address: Address,
        /// The name.
        label: String,
    },
    /// The queries are invalid.
    #[error(transparent)]
    Queries(#[from] QueriesError),
}

/// A server with its address read.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    pub(crate) address: Address,
    pub(crate) server: Server,
}

/// The checked configuration.
#[derive(Clone, Debug)]
pub(crate) struct Checked {
    redis: Vec<Known>,
    postgres: Vec<Known>,
    pub(crate) queries: Vec<UserQuery>,
    pub(crate) client_list: bool,
}

impl Checked {
    pub(crate) fn new(config: Config) -> Result<Self, ConfigError> {
        Ok(Checked {
            redis: known(Protocol::Redis, config.redis)?,
            postgres: known(Protocol::Postgres, config.postgres)?,
            queries: config.queries.as_deref().map(read_queries).transpose()?.unwrap_or_default(),
            client_list: config.client_list,
        })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = (Protocol, &Known)> {
        let redis = self.redis.iter().map(|known| (Protocol::Redis, known));
        redis.chain(self.postgres.iter().map(|known| (Protocol::Postgres, known)))
    }

    /// Whether the configuration has that server.
    pub(crate) fn knows(&self, protocol: Protocol, name: &Address) -> bool {
        self.all().any(|(other, known)| other == protocol && known.address == *name)
    }

    /// The entry for exactly this host, port and module. Credentials of another server are never used.
    pub(crate) fn server(&self, protocol: Protocol, name: &Address, module: Option<&str>) -> Option<&Server> {
        let same = |(other, known): &(Protocol, &Known)| {
            *other == protocol && known.address == *name && known.server.module.as_deref() == module
        };
        self.all().find(same).map(|(_, known)| &known.server)
    }
}

fn known(protocol: Protocol, servers: Vec<Server>) -> Result<Vec<Known>, ConfigError> {
    let mut seen = HashSet::new();
    let mut all = Vec::new();
    for server in servers {
        let address = Address::parse(&server.address, protocol.default_port())?;
        if !seen.insert((address.clone(), server.module.clone())) {
            return Err(ConfigError::Twice(address));
        }
        let is_name = |label: &str| {
            label.starts_with(|c: char| c.is_ascii_alphabetic())
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if let Some(label) = server.labels.keys().find(|label| !is_name(label)) {
            return Err(ConfigError::Label { address, label: label.clone() });
        }
        all.push(Known { address, server });
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Checked, ConfigError> {
        Checked::new(serde_saphyr::from_str(text).unwrap())
    }

    #[test]
    fn credentials_are_for_one_host_port_and_module() {
        let checked = config(
            "postgres:\n  - {address: db, username: metrics}\n  - {address: 'db:5432', module: audit, username: audit}\n",
        )
        .unwrap();
        let user = |address: &str, module| {
            let address = Address::parse(address, 5432).unwrap();
            checked.server(Protocol::Postgres, &address, module).and_then(|server| server.username.as_deref())
        };
        assert_eq!(user("db", None), Some("metrics"));
        assert_eq!(user("DB", Some("audit")), Some("audit"));
        assert_eq!(user("db", Some("other")), None);
        assert_eq!(user("db:5433", None), None);
        assert_eq!(user("db.evil.example", None), None);
        assert!(checked.server(Protocol::Redis, &Address::parse("db:5432", 1).unwrap(), None).is_none());
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        let error = |text| config(text).unwrap_err().to_string();
        assert!(error("redis: [{address: 'a:6379'}, {address: A}]").contains("a:6379 is there twice"));
        assert!(error("redis: [{address: 'a:b'}]").contains("host:port"));
        assert!(error("redis: [{address: a, labels: {'a-b': c}}]").contains("a-b"));
        assert!(error("queries: /nonexistent/queries.yaml").contains("/nonexistent/queries.yaml"));
        assert!(serde_saphyr::from_str::<Config>("redis: [{address: a, password: secret}]").is_err());
    }
}
