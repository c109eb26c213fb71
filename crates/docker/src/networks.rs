//! Networks as the engine lists them.

use std::collections::BTreeMap;

use bollard::models as api;
use bollard::query_parameters::ListNetworksOptions;

use crate::engine::Engine;
use crate::error::Error;
use crate::timestamp::{Timestamp, timestamp};

/// A network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkDetails {
    /// Its identifier.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its driver: `bridge`.
    pub driver: Option<String>,
    /// `local`, `swarm` or `global`.
    pub scope: String,
    /// Whether it is cut off from the world outside.
    pub internal: bool,
    /// Whether it is Swarm's routing mesh.
    pub ingress: bool,
    /// Whether containers may be attached to it that Swarm does not manage.
    pub attachable: bool,
    /// Whether it has IPv6.
    pub ipv6: bool,
    /// The driver's options, as they were given, with some of the engine's own.
    pub options: BTreeMap<String, String>,
    /// How it gives out addresses.
    pub ipam: AddressManagement,
    /// When it was created.
    pub created: Option<Timestamp>,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// How a network gives out addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressManagement {
    /// The driver: `default`.
    pub driver: String,
    /// The driver's options.
    pub options: BTreeMap<String, String>,
    /// The pools. Where none was given, the engine has chosen them.
    pub pools: Vec<AddressPool>,
}

/// A pool of addresses. What was not given is empty, or the engine's choice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPool {
    /// The subnet, in CIDR notation.
    pub subnet: String,
    /// The part of it from which containers get addresses.
    pub ip_range: String,
    /// The gateway's address.
    pub gateway: String,
    /// Addresses that are given to nobody, by name.
    pub aux_addresses: BTreeMap<String, String>,
}

/// All networks of the engine (`GET /networks`).
///
/// # Errors
/// If the request fails.
pub async fn list_networks(engine: &Engine) -> Result<Vec<NetworkDetails>, Error> {
    let listed =
        engine.docker().list_networks(None::<ListNetworksOptions>).await.map_err(Error::at("list the networks"))?;
    Ok(listed.into_iter().map(NetworkDetails::from).collect())
}

impl From<api::Network> for NetworkDetails {
    fn from(network: api::Network) -> Self {
        NetworkDetails {
            id: network.id.unwrap_or_default(),
            name: network.name.unwrap_or_default(),
            driver: network.driver,
            scope: network.scope.unwrap_or_default(),
            internal: network.internal.unwrap_or(false),
            ingress: network.ingress.unwrap_or(false),
            attachable: network.attachable.unwrap_or(false),
            ipv6: network.enable_ipv6.unwrap_or(false),
            options: network.options.unwrap_or_default().into_iter().collect(),
            ipam: network.ipam.map(AddressManagement::from).unwrap_or_default(),
            created: network.created.as_ref().and_then(timestamp),
            labels: network.labels.unwrap_or_default().into_iter().collect(),
        }
    }
}

impl From<api::Ipam> for AddressManagement {
    fn from(ipam: api::Ipam) -> Self {
        let pool = |pool: api::IpamConfig| AddressPool {
            subnet: pool.subnet.unwrap_or_default(),
            ip_range: pool.ip_range.unwrap_or_default(),
            gateway: pool.gateway.unwrap_or_default(),
            aux_addresses: pool.auxiliary_addresses.unwrap_or_default().into_iter().collect(),
        };
        AddressManagement {
            driver: ipam.driver.unwrap_or_default(),
            options: ipam.options.unwrap_or_default().into_iter().collect(),
            pools: ipam.config.unwrap_or_default().into_iter().map(pool).collect(),
        }
    }
}
