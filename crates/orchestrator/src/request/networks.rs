//! How a container joins networks.

use std::cmp::Reverse;
use std::collections::HashMap;

use bollard::models as api;
use wharf_compose::model::{Link, Namespace, Service, ServiceNetwork};
use wharf_docker::ApiVersion;

use super::namespace::shared_with;
use super::replica::Replica;

/// The oldest API in which each network's settings have the MAC address.
const ADDRESS_BY_NETWORK_SINCE: ApiVersion = ApiVersion { major: 1, minor: 44 };

/// The networks that a container joins after its creation: an engine before API 1.44 takes only one at creation.
pub(crate) fn further_networks(replica: &Replica<'_>) -> Vec<(String, api::EndpointSettings)> {
    joined(replica).into_iter().skip(1).collect()
}

/// The network that a container is created in.
pub(super) fn first_network(replica: &Replica<'_>) -> Option<api::NetworkingConfig> {
    let first = joined(replica).into_iter().next().or_else(|| engines_network(replica.service))?;
    Some(api::NetworkingConfig { endpoints_config: Some(HashMap::from([first])) })
}

/// How the container takes part in one of its networks, by the engine's name of it.
pub(crate) fn endpoint_in(replica: &Replica<'_>, network: &str) -> Option<api::EndpointSettings> {
    joined(replica).into_iter().find(|(name, _)| name == network).map(|(_, endpoint)| endpoint)
}

/// A network of the engine's own (`network_mode: bridge`), if something is said of it.
fn engines_network(service: &Service) -> Option<(String, api::EndpointSettings)> {
    let Some(Namespace::Named(network)) = &service.network_mode else { return None };
    let mac_address = Some(service.mac_address.clone()?);
    Some((network.clone(), api::EndpointSettings { mac_address, ..Default::default() }))
}

/// The address of the first network, if the engine does not read it there.
pub(crate) fn old_mac_address(replica: &Replica<'_>, version: ApiVersion) -> Option<String> {
    let networks = first_network(replica).filter(|_| version < ADDRESS_BY_NETWORK_SINCE)?;
    networks.endpoints_config?.into_values().find_map(|endpoint| endpoint.mac_address)
}

/// The mode names the first network; a service without any gets none.
pub(super) fn network_mode(replica: &Replica<'_>) -> String {
    match &replica.service.network_mode {
        Some(mode) => shared_with(replica, mode),
        None => joined(replica).into_iter().next().map_or_else(|| "none".to_owned(), |(name, _)| name),
    }
}

/// Networks by the engine's names, in descending order of priority, then by key.
fn joined(replica: &Replica<'_>) -> Vec<(String, api::EndpointSettings)> {
    let mut joined: Vec<_> = replica.service.networks.iter().collect();
    joined.sort_by_key(|(key, settings)| {
        let priority = settings.as_ref().and_then(|settings| settings.priority).unwrap_or(0);
        (Reverse(priority), (*key).clone())
    });
    let named = joined.into_iter().filter_map(|(key, settings)| {
        let network = replica.project.networks.get(key)?;
        Some((network.name.clone(), endpoint(replica, settings.clone().unwrap_or_default())))
    });
    let mut named: Vec<_> = named.collect();
    // The service's own address is that of its first interface: two with one address would not work.
    if let (Some((_, first)), Some(address)) = (named.first_mut(), &replica.service.mac_address) {
        first.mac_address.get_or_insert_with(|| address.clone());
    }
    named
}

fn endpoint(replica: &Replica<'_>, settings: ServiceNetwork) -> api::EndpointSettings {
    let ServiceNetwork {
        aliases,
        driver_opts,
        gw_priority,
        // Refused.
        interface_name: _,
        ipv4_address,
        ipv6_address,
        link_local_ips,
        mac_address,
        // The order in which the networks are joined.
        priority: _,
    } = settings;
    let fixed = ipv4_address.is_some() || ipv6_address.is_some() || !link_local_ips.is_empty();
    let links = links(replica);
    api::EndpointSettings {
        aliases: Some(std::iter::once(replica.name.to_owned()).chain(aliases).collect()),
        links: (!links.is_empty()).then_some(links),
        mac_address,
        driver_opts: (!driver_opts.is_empty()).then(|| driver_opts.into_iter().collect()),
        gw_priority,
        ipam_config: fixed.then_some(api::EndpointIpamConfig {
            ipv4_address,
            ipv6_address,
            link_local_ips: Some(link_local_ips),
        }),
        ..Default::default()
    }
}

/// Links as `CONTAINER:ALIAS`, one to each replica.
pub(super) fn links(replica: &Replica<'_>) -> Vec<String> {
    let links = |Link { service, alias }: &Link| {
        let alias = alias.as_ref().unwrap_or(service).clone();
        let names = replica.owners.names(replica.project, service).into_iter();
        names.map(move |name| format!("{name}:{alias}"))
    };
    replica.service.links.iter().flat_map(links).collect()
}
