//! Networks as the engine lists them.

use std::collections::BTreeMap;

use bollard::models as api;
use bollard::query_parameters::ListNetworksOptions;

use crate::engine::Engine;
use crate::error::Error;

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
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// All networks of the engine (`GET /networks`).
///
/// # Errors
/// If the request fails.
pub async fn list_networks(engine: &Engine) -> Result<Vec<NetworkDetails>, Error> {
    let listed = engine.docker().list_networks(None::<ListNetworksOptions>).await?;
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
            labels: network.labels.unwrap_or_default().into_iter().collect(),
        }
    }
}
