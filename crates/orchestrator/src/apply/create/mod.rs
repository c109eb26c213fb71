//! Creates containers, with all of their networks and files or not at all. There is no other way to create one.

mod files;
mod seccomp;

use std::collections::HashMap;

use bollard::Docker;
use bollard::models as api;
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, RemoveContainerOptionsBuilder, RenameContainerOptionsBuilder,
};
use wharf_compose::model::Hook;
use wharf_docker::{ApiVersion, Engine, create_container};
use wharf_plan::Problem;

use crate::apply::lost_answer::may_be_done;
use crate::request::{Replica, create_body, further_networks, init_body, old_mac_address};
use crate::temporary_name;
use files::Content;

/// A container to create.
pub(crate) struct NewContainer {
    /// `None`: the engine chooses one.
    name: Option<String>,
    /// The name it has until it is whole, if that takes more than its creation.
    temporary_name: Option<String>,
    platform: Option<String>,
    body: api::ContainerCreateBody,
    /// Its address, where the engine does not read it in the settings of a network.
    mac_address: Option<String>,
    /// Networks that it joins after its creation.
    further_networks: Vec<(String, api::EndpointSettings)>,
    /// Files that are written into it before it starts.
    files: Vec<Content>,
}

impl NewContainer {
    /// A replica of a service, or a container like one.
    ///
    /// # Errors
    /// A secret or config without a value, or a profile that cannot be read.
    pub(crate) fn replica(name: &str, replica: &Replica<'_>, version: ApiVersion) -> Result<Self, Problem> {
        let proper = replica.project.replica_name(replica.name, replica.number);
        let is_temporary = temporary_name::is_temporary(name, &proper);
        let mut body = create_body(replica, version);
        seccomp::read_profiles(replica.project, replica.name, &mut body)?;
        Ok(NewContainer {
            name: Some(name.to_owned()),
            temporary_name: (!is_temporary).then(|| temporary_name::of_new(name)),
            platform: replica.service.platform.clone(),
            body,
            mac_address: old_mac_address(replica, version),
            further_networks: further_networks(replica),
            files: files::to_copy(replica.project, replica.service)?,
        })
    }

    /// A container that runs before `target`, a replica, starts: with its volumes, in its networks but not under its
    /// names and addresses there.
    pub(crate) fn init_container(replica: &Replica<'_>, hook: &Hook, target: &str) -> Self {
        let mut container = NewContainer {
            name: None,
            temporary_name: None,
            platform: None,
            body: init_body(replica, hook, target),
            mac_address: None,
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
    ///
    /// Until it has joined its networks and its files are copied, it has a temporary name: what an interruption leaves is
    /// not taken for a container that can be started.
    pub(crate) async fn create(self, engine: &Engine) -> Result<String, bollard::errors::Error> {
        let docker = engine.docker();
        let NewContainer { name, temporary_name, platform, body, mac_address, further_networks, files } = self;
        let is_whole = further_networks.is_empty() && files.is_empty();
        let temporary_name = temporary_name.filter(|_| !is_whole);
        let mut options = CreateContainerOptionsBuilder::default();
        let first_name = temporary_name.as_ref().or(name.as_ref());
        if let Some(name) = first_name {
            options = options.name(name);
        }
        if let Some(platform) = &platform {
            options = options.platform(platform);
        }
        let labels = body.labels.clone().unwrap_or_default();
        let id = match create_container(engine, options.build(), body, mac_address.as_deref()).await {
            Ok(id) => id,
            Err(error) => match first_name {
                Some(name) if may_be_done(&error) => created_anyway(docker, name, &labels).await.ok_or(error)?,
                _ => return Err(error),
            },
        };
        let finish = async {
            for (network, endpoint) in further_networks {
                let request = api::NetworkConnectRequest { container: id.clone(), endpoint_config: Some(endpoint) };
                docker.connect_network(&network, request).await?;
            }
            files::copy(docker, &id, files).await?;
            match (&temporary_name, &name) {
                (Some(_), Some(name)) => {
                    let options = RenameContainerOptionsBuilder::default().name(name).build();
                    docker.rename_container(&id, options).await
                }
                _ => Ok(()),
            }
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

/// The container of this name, if it is one that was created from these labels and has not been started.
async fn created_anyway(docker: &Docker, name: &str, labels: &HashMap<String, String>) -> Option<String> {
    let found = docker.inspect_container(name, None).await.ok()?;
    let status = found.state.and_then(|state| state.status);
    let given = found.config.and_then(|config| config.labels).unwrap_or_default();
    let same = labels.iter().all(|(key, value)| given.get(key) == Some(value));
    found.id.filter(|_| same && status == Some(api::ContainerStateStatusEnum::CREATED))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::NO_OWNERS;
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
        let replica = Replica {
            project: &project,
            name: "web",
            service,
            number: 0,
            image_id: None,
            volumes_of_image: &[],
            inherited: &[],
            owners: &NO_OWNERS,
            replaces: false,
        };
        let mut container = NewContainer::init_container(&replica, &service.pre_start[0], "shop-web-1");
        let endpoints: Vec<_> = container.endpoints_mut().collect();
        assert_eq!(endpoints.len(), 2);
        for endpoint in endpoints {
            assert_eq!((&endpoint.aliases, &endpoint.mac_address, &endpoint.ipam_config), (&None, &None, &None));
        }
    }
}
