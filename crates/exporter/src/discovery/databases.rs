//! Redis and Postgres, recognised by a label or by the image's name.

use super::network::Place;
use super::{BadLabel, Origin, OwnContainer};
use crate::databases::{Address, Protocol, Target};

/// The label with the kind of database, if the image's name does not say it: `redis`, `postgres` or `none`.
const LABEL: &str = "wharf.metrics.database";
/// The label with its port, if it is not the protocol's default.
const PORT_LABEL: &str = "wharf.metrics.database.port";
/// Names of images, without registry and tag.
const REDIS: [&str; 6] = ["redis", "redis-stack", "redis-stack-server", "valkey", "keydb", "valkey-bundle"];
const POSTGRES: [&str; 7] =
    ["postgres", "postgresql", "postgis", "timescaledb", "timescaledb-ha", "pgvector", "pgvecto-rs"];

/// A database in a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Database {
    pub(crate) target: Target,
    pub(crate) origin: Origin,
}

pub(super) fn database(place: &Place<'_>, own: &OwnContainer) -> Result<Option<Database>, BadLabel> {
    let container = place.container;
    let bad = |label: &str, value: &str, expected| {
        Err(BadLabel::Value { label: label.to_owned(), value: value.chars().take(100).collect(), expected })
    };
    let protocol = match container.label(LABEL) {
        Some("redis") => Some(Protocol::Redis),
        Some("postgres") => Some(Protocol::Postgres),
        Some("none") => None,
        Some(other) => return bad(LABEL, other, "redis, postgres or none"),
        None => by_image(&container.image),
    };
    let Some(protocol) = protocol else { return Ok(None) };
    let port = match container.label(PORT_LABEL) {
        None => protocol.default_port(),
        Some(text) => match text.parse() {
            Ok(port) if port > 0 => port,
            _ => return bad(PORT_LABEL, text, "a port from 1 to 65535"),
        },
    };
    let host = place.host(&own.networks)?.trim_matches(['[', ']']).to_owned();
    let origin = Origin::of(container);
    let target = Target {
        protocol,
        name: Address { host: name(&origin, own), port },
        address: Address { host, port },
        database: None,
        labels: Vec::new(),
    };
    Ok(Some(Database { target, origin }))
}

/// Its name in the configuration: `db.shop` for the service `db` of the project `shop`, `db-2.shop` for the second replica,
/// `db` and `db-2` in our own project. Outside of Compose it is the container's name.
fn name(origin: &Origin, own: &OwnContainer) -> String {
    let (Some(service), Some(project)) = (&origin.service, &origin.project) else {
        return origin.container.to_ascii_lowercase();
    };
    let mut name = service.clone();
    if let Some(number) = origin.replica.as_deref().filter(|number| *number != "1") {
        name.push('-');
        name.push_str(number);
    }
    if own.project.as_ref() != Some(project) {
        name.push('.');
        name.push_str(project);
    }
    name.to_ascii_lowercase()
}

/// The name of an image: `redis` for `registry:5000/team/redis:7@sha256:...`.
fn by_image(image: &str) -> Option<Protocol> {
    let name = image.split('@').next()?.rsplit('/').next()?.split(':').next()?;
    match name {
        name if REDIS.contains(&name) => Some(Protocol::Redis),
        name if POSTGRES.contains(&name) => Some(Protocol::Postgres),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_recognised_by_the_last_part_of_its_name() {
        let redis = ["redis", "redis:7", "wharf-local/redis:7", "host:5000/a/valkey:8-alpine", "redis@sha256:0a"];
        assert!(redis.into_iter().all(|image| by_image(image) == Some(Protocol::Redis)));
        let postgres = ["postgres:15", "docker.io/library/postgres", "timescale/timescaledb:latest-pg16"];
        assert!(postgres.into_iter().all(|image| by_image(image) == Some(Protocol::Postgres)));
        let neither = ["oliver006/redis_exporter", "postgres-exporter:1", "sha256:0a1b", "", "redis-commander"];
        assert!(neither.into_iter().all(|image| by_image(image).is_none()));
    }

    #[test]
    fn each_replica_has_a_name_of_its_own() {
        let origin = |replica: Option<&str>| Origin {
            container: "Shop-db-1".to_owned(),
            service: Some("DB".to_owned()),
            project: Some("shop".to_owned()),
            replica: replica.map(str::to_owned),
            ..Origin::default()
        };
        let elsewhere = OwnContainer::default();
        assert_eq!(["1", "2"].map(|replica| name(&origin(Some(replica)), &elsewhere)), ["db.shop", "db-2.shop"]);
        let shop = OwnContainer { project: Some("shop".to_owned()), ..OwnContainer::default() };
        assert_eq!(["1", "2"].map(|replica| name(&origin(Some(replica)), &shop)), ["db", "db-2"]);
        assert_eq!(name(&Origin { service: None, ..origin(None) }, &shop), "shop-db-1");
    }
}
