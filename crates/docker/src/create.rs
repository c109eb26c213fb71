//! Creates containers.

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateContainerOptions;
use bytes::Bytes;

use crate::engine::Engine;

/// Creates a container and returns its identifier (Engine API `POST /containers/create`). `mac_address` is that of its first
/// network, for an engine before API 1.44: it reads the address in `Config`, where newer APIs, and the client, have none.
///
/// # Errors
/// If the request fails.
pub async fn create_container(
    engine: &Engine,
    options: CreateContainerOptions,
    body: ContainerCreateBody,
    mac_address: Option<&str>,
) -> Result<String, bollard::errors::Error> {
    let mut docker = engine.docker().clone();
    if let Some(address) = mac_address {
        let mut with_address = serde_json::to_value(&body)?;
        with_address["MacAddress"] = address.into();
        let with_address = Bytes::from(with_address.to_string());
        docker = docker.with_request_modifier(move |request| request.map(|_| bollard::body_full(with_address.clone())));
    }
    Ok(docker.create_container(Some(options), body).await?.id)
}
