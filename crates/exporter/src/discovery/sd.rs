//! [HTTP service discovery](https://prometheus.io/docs/prometheus/latest/http_sd/) of Prometheus.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Database, Found, Origin};
use crate::containers::sanitised;
use crate::databases::Protocol;

/// Targets that share labels; here always one target.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Group {
    targets: [String; 1],
    labels: BTreeMap<String, String>,
}

/// The groups of everything that was found. We probe databases ourselves, and Prometheus knows us as `ourselves`.
pub(crate) fn groups(found: &Found, ourselves: &str) -> Vec<Group> {
    let targets = found.targets.iter().map(|target| {
        let mut labels = labels(&target.origin, target.port);
        labels.insert("__metrics_path__".to_owned(), target.path.clone());
        labels.insert("__scheme__".to_owned(), target.scheme.to_owned());
        Group { targets: [target.address.clone()], labels }
    });
    let databases = found.databases.iter().map(|Database { target, origin }| {
        let mut labels = labels(origin, target.address.port);
        let path = match target.protocol {
            Protocol::Redis => "/scrape",
            Protocol::Postgres => "/probe",
        };
        labels.insert("__metrics_path__".to_owned(), path.to_owned());
        labels.insert("__scheme__".to_owned(), "http".to_owned());
        // The name stays when the address changes, and the credentials belong to it.
        labels.insert("__param_target".to_owned(), target.name.to_string());
        Group { targets: [ourselves.to_owned()], labels }
    });
    targets.chain(databases).collect()
}

fn labels(origin: &Origin, port: u16) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::from([
        ("job".to_owned(), origin.job.clone()),
        // The address changes with each start, the name stays.
        ("instance".to_owned(), format!("{}:{port}", origin.container)),
        ("__meta_docker_container_id".to_owned(), origin.id.clone()),
        ("__meta_docker_container_name".to_owned(), format!("/{}", origin.container)),
        ("__meta_docker_container_network_mode".to_owned(), origin.network_mode.clone()),
    ]);
    for (name, value) in [("project", &origin.project), ("service", &origin.service), ("replica", &origin.replica)] {
        if let Some(value) = value {
            labels.insert(name.to_owned(), value.clone());
        }
    }
    for (name, value) in &origin.labels {
        labels.insert(format!("__meta_docker_container_label_{}", sanitised(name)), value.clone());
    }
    labels
}
