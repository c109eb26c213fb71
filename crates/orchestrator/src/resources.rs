//! A project's networks and volumes as the Engine API wants them. Pure.

use std::collections::HashMap;

use bollard::models as api;
use indexmap::IndexMap;
use wharf_compose::model::{Network, Volume};

use wharf_docker::labels;

/// The body of `POST /networks/create`.
pub(crate) fn network_body(project: &str, key: &str, network: &Network) -> api::NetworkCreateRequest {
    api::NetworkCreateRequest {
        name: network.name.clone(),
        driver: Some(network.driver.clone().unwrap_or_else(|| "bridge".to_owned())),
        internal: Some(network.internal),
        attachable: Some(network.attachable),
        enable_ipv4: network.enable_ipv4,
        enable_ipv6: network.enable_ipv6,
        options: non_empty(&network.driver_opts),
        ipam: network.ipam.as_ref().map(|ipam| api::Ipam {
            driver: ipam.driver.clone(),
            config: Some(
                ipam.config
                    .iter()
                    .map(|pool| api::IpamConfig {
                        subnet: pool.subnet.clone(),
                        ip_range: pool.ip_range.clone(),
                        gateway: pool.gateway.clone(),
                        auxiliary_addresses: non_empty(&pool.aux_addresses),
                    })
                    .collect(),
            ),
            options: non_empty(&ipam.options),
        }),
        labels: Some(with_own(&network.labels, project, labels::NETWORK, key)),
        ..Default::default()
    }
}

/// The body of `POST /volumes/create`.
pub(crate) fn volume_body(project: &str, key: &str, volume: &Volume) -> api::VolumeCreateRequest {
    api::VolumeCreateRequest {
        name: Some(volume.name.clone()),
        driver: volume.driver.clone(),
        driver_opts: non_empty(&volume.driver_opts),
        labels: Some(with_own(&volume.labels, project, labels::VOLUME, key)),
        ..Default::default()
    }
}

fn with_own(given: &IndexMap<String, String>, project: &str, kind: &str, key: &str) -> HashMap<String, String> {
    let mut all: HashMap<_, _> = given.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    all.insert(labels::PROJECT.to_owned(), project.to_owned());
    all.insert(kind.to_owned(), key.to_owned());
    all.insert(labels::VERSION.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    all
}

fn non_empty(options: &IndexMap<String, String>) -> Option<HashMap<String, String>> {
    (!options.is_empty()).then(|| options.iter().map(|(key, value)| (key.clone(), value.clone())).collect())
}
