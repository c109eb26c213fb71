//! Redis and Postgres, recognised by a label or by the image's name.

use super::{BadLabel, Origin, network};
use crate::containers::container::Container;

/// Says what a container is, where the image's name does not: `redis`, `postgres` or `none`.
const LABEL: &str = "wharf.metrics.database";
/// The last part of images' names.
const REDIS: [&str; 6] = ["redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "valkey-bundle"];
const POSTGRES: [&str; 7] =
    ["postgres", "postgresql", "postgis", "timescaledb", "timescaledb-ha", "pgvector", "pgvecto-rs"];

/// What a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatabaseKind {
    /// Redis, or what speaks its protocol.
    Redis,
    /// PostgreSQL.
    Postgres,
}

impl DatabaseKind {
    /// Where it listens unless a label says otherwise.
    pub fn port(self) -> u16 {
        match self {
            DatabaseKind::Redis => 6379,
            DatabaseKind::Postgres => 5432,
        }
    }

    /// Its URL's scheme.
    pub fn scheme(self) -> &'static str {
        match self {
            DatabaseKind::Redis => "redis",
            DatabaseKind::Postgres => "postgres",
        }
    }
}

/// A database in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// What it speaks.
    pub kind: DatabaseKind,
    /// Its address, or its container's name while it does not run.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// The container.
    pub origin: Origin,
}

impl Database {
    /// `redis://172.18.0.2:6379`, without a name or a password.
    pub fn url(&self) -> String {
        format!("{}://{}:{}", self.kind.scheme(), self.host, self.port)
    }
}

pub(super) fn database(container: &Container, near: &[String]) -> Result<Option<Database>, BadLabel> {
    let bad = |label: &str, value: &str, expected| {
        Err(BadLabel::Value { label: label.to_owned(), value: value.chars().take(100).collect(), expected })
    };
    let kind = match container.label(LABEL) {
        Some("redis") => Some(DatabaseKind::Redis),
        Some("postgres") => Some(DatabaseKind::Postgres),
        Some("none") => None,
        Some(other) => return bad(LABEL, other, "redis, postgres or none"),
        None => by_image(&container.image),
    };
    let Some(kind) = kind else { return Ok(None) };
    let port = match container.label("wharf.metrics.database.port") {
        None => kind.port(),
        Some(text) => match text.parse() {
            Ok(port) if port > 0 => port,
            _ => return bad("wharf.metrics.database.port", text, "a port from 1 to 65535"),
        },
    };
    let host = network::host(container, near)?;
    Ok(Some(Database { kind, host, port, origin: Origin::of(container) }))
}

/// `registry:5000/team/redis:7@sha256:...` is called `redis`.
fn by_image(image: &str) -> Option<DatabaseKind> {
    let name = image.split('@').next()?.rsplit('/').next()?.split(':').next()?;
    match name {
        name if REDIS.contains(&name) => Some(DatabaseKind::Redis),
        name if POSTGRES.contains(&name) => Some(DatabaseKind::Postgres),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_recognised_by_the_last_part_of_its_name() {
        let redis = ["redis", "redis:7", "wharf-local/redis:7", "host:5000/a/valkey:8-alpine", "redis@sha256:0a"];
        assert!(redis.into_iter().all(|image| by_image(image) == Some(DatabaseKind::Redis)));
        let postgres = ["postgres:15", "docker.io/library/postgres", "timescale/timescaledb:latest-pg16"];
        assert!(postgres.into_iter().all(|image| by_image(image) == Some(DatabaseKind::Postgres)));
        let neither = ["oliver006/redis_exporter", "postgres-exporter:1", "sha256:0a1b", "", "redis-commander"];
        assert!(neither.into_iter().all(|image| by_image(image).is_none()));
    }
}
