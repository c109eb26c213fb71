//! Creates containers, with all of their networks and files or not at all. There is no other way to create one.

mod files;

use bollard::models as api;
use bollard::query_parameters::{CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder};
use wharf_compose::model::Hook;
use wharf_docker::{ApiVersion, Engine};
use wharf_plan::Problem;

use crate::request::{Replica, create_body, further_networks, init_body};
use files::Content;

/// A container to create.
pub(crate) struct NewContainer {
    /// `None`: the engine chooses one.
    name: Option<String>,
    platform: Option<String>,
    body: api::ContainerCreateBody,
    /// Networks that it joins after its creation.
    further_networks: Vec<(String, api::EndpointSettings)>,
    /// Files that are written into it before it starts.
    files: Vec<Content>,
}

impl NewContainer {
    /// A replica of a service, or a container like one.
    ///
    /// # Errors
    /// A secret or config without a value.
    pub(crate) fn replica(name: &str, replica: &Replica<'_>, version: ApiVersion) -> Result<Self, Problem> {
        Ok(NewContainer {
            name: Some(name.to_owned()),
            platform: replica.service.platform.clone(),
            body: create_body(replica, version),
            further_networks: further_networks(replica),
            files: files::to_copy(replica.project, replica.service)?,
        })
    }

    /// A container that runs before `target`, a replica, starts: with its volumes, in its networks but not under its
    /// names and addresses there.
    pub(crate) fn init_container(replica: &Replica<'_>, hook: &Hook, target: &str) -> Self {
        let mut container = NewContainer {
            name: None,
            platform: None,
            body: init_body(replica, hook, target),
            further_networks: further_networks(replica),
            files: Vec::new(),
        };
        for endpoint in container.endpoints_mut() {
            endpoint.aliases = None;
            endpoint.mac_address = None;
            endpoint.ipam_config = None;
        }
        container
    }

    pub(crate) fn body_mut(&mut self) -> &mut api::ContainerCreateBody {
        &mut self.body
    }

    /// Its settings in each of its networks.
    pub(crate) fn endpoints_mut(&mut self) -> impl Iterator<Item = &mut api::EndpointSettings> {
        let config = self.body.networking_config.as_mut().and_then(|config| config.endpoints_config.as_mut());
        let first = config.into_iter().flat_map(|endpoints| endpoints.values_mut());
        first.chain(self.further_networks.iter_mut().map(|(_, endpoint)| endpoint))
    }

    /// Creates it and returns its identifier. After a failure, nothing of it is left.
    pub(crate) async fn create(self, engine: &Engine) -> Result<String, bollard::errors::Error> {
        let docker = engine.docker();
        let NewContainer { name, platform, body, further_networks, files } = self;
        let mut options = CreateContainerOptionsBuilder::default();
        if let Some(name) = &name {
            options = options.name(name);
        }
        if let Some(platform) = &platform {
            options = options.platform(platform);
        }
        let id = docker.create_container(Some(options.build()), body).await?.id;
        let finish = async {
            for (network, endpoint) in further_networks {
                let request = api::NetworkConnectRequest { container: id.clone(), endpoint_config: Some(endpoint) };
                docker.connect_network(&network, request).await?;
            }
            files::copy(docker, &id, files).await
        };
        if let Err(error) = finish.await {
            let options = RemoveContainerOptionsBuilder::default().v(true).force(true).build();
            if let Err(error) = docker.remove_container(&id, Some(options)).await {
                tracing::debug!(%error, container = id, "left behind");
            }
            return Err(error);
        }
        Ok(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_compose::{Options, Project};

    /// Two containers with one address or name would conflict.
    #[test]
    fn an_init_container_has_neither_names_nor_addresses_of_the_replica() {
        let text = "\
services:
  web:
    image: x
    networks: {one: {priority: 2, ipv4_address: 10.9.0.2}, two: {mac_address: 02:42:ac:11:00:02}}
    pre_start: [{command: migrate}]
networks: {one: {ipam: {config: [{subnet: 10.9.0.0/24}]}}, two: }
";
        let project = Project::load(&Options::from_text(text)).expect("the project can be loaded").project;
        let service = &project.services["web"];
        let replica = Replica { project: &project, name: "web", service, number: 0, image_id: None, inherited: &[] };
        let mut container = NewContainer::init_container(&replica, &service.pre_start[0], "shop-web-1");
        let endpoints: Vec<_> = container.endpoints_mut().collect();
        assert_eq!(endpoints.len(), 2);
        for endpoint in endpoints {
            assert_eq!((&endpoint.aliases, &endpoint.mac_address, &endpoint.ipam_config), (&None, &None, &None));
        }
    }
}
