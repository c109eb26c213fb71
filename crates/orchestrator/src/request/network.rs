//! The body of `POST /networks/create`.

use bollard::models as api;
use wharf_compose::model::{Ipam, IpamPool, Network};
use wharf_docker::labels;

use super::changed::network_hash;
use super::volume::{non_empty, with_own};

/// The body that creates the network `key` of a project.
pub(crate) fn network_body(project: &str, key: &str, network: &Network) -> api::NetworkCreateRequest {
    let Network {
        name,
        driver,
        driver_opts,
        ipam,
        // An external network is not created.
        external: _,
        internal,
        attachable,
        labels: given,
        enable_ipv4,
        enable_ipv6,
    } = network;
    api::NetworkCreateRequest {
        name: name.clone(),
        driver: Some(driver.clone().unwrap_or_else(|| "bridge".to_owned())),
        internal: Some(*internal),
        attachable: Some(*attachable),
        enable_ipv4: *enable_ipv4,
        enable_ipv6: *enable_ipv6,
        options: non_empty(driver_opts),
        ipam: ipam.as_ref().map(address_management),
        labels: Some(with_own(given, project, (labels::NETWORK, key), network_hash(network))),
        ..Default::default()
    }
}

fn address_management(ipam: &Ipam) -> api::Ipam {
    let Ipam { driver, config, options } = ipam;
    let pool = |pool: &IpamPool| {
        let IpamPool { subnet, gateway, ip_range, aux_addresses } = pool;
        api::IpamConfig {
            subnet: subnet.clone(),
            ip_range: ip_range.clone(),
            gateway: gateway.clone(),
            auxiliary_addresses: non_empty(aux_addresses),
        }
    };
    api::Ipam { driver: driver.clone(), config: Some(config.iter().map(pool).collect()), options: non_empty(options) }
}
