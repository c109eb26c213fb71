//! The containers whose namespaces, volumes and names the containers of other services share.

use std::collections::BTreeMap;

use wharf_compose::Project;
use wharf_compose::model::{Namespace, Service, VolumesFrom, VolumesSource};

use crate::observe::Container;

/// The first container of each service that has one.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Owners(BTreeMap<String, Owner>);

#[derive(Debug, Clone, PartialEq)]
struct Owner {
    id: String,
    name: String,
}

/// Of no service.
#[cfg(test)]
pub(crate) static NO_OWNERS: Owners = Owners(BTreeMap::new());

impl Owners {
    /// The first by name, as in docker compose.
    pub(crate) fn among(containers: &[Container]) -> Self {
        let mut owners = BTreeMap::<String, Owner>::new();
        for container in containers.iter().filter(|container| !container.one_off) {
            let owner = Owner { id: container.id.clone(), name: container.name.clone() };
            match owners.get_mut(&container.service) {
                Some(first) if first.name <= owner.name => {}
                Some(first) => *first = owner,
                None => {
                    owners.insert(container.service.clone(), owner);
                }
            }
        }
        Owners(owners)
    }

    /// The identifier of a service's first container; the name that it would have, if there is none.
    pub(super) fn id(&self, project: &Project, service: &str) -> String {
        self.0.get(service).map_or_else(|| project.replica_name(service, 1), |owner| owner.id.clone())
    }

    /// The name of a service's first container, or the one that it would have.
    pub(super) fn name(&self, project: &Project, service: &str) -> String {
        self.0.get(service).map_or_else(|| project.replica_name(service, 1), |owner| owner.name.clone())
    }

    /// The service with containers in the place of services where docker compose resolves them: in these namespaces, and in
    /// `volumes_from`, whose modes it drops.
    pub(super) fn resolved(&self, service: &Service) -> Service {
        let mut service = service.clone();
        for namespace in [&mut service.network_mode, &mut service.ipc, &mut service.pid].into_iter().flatten() {
            if let Some(owner) = namespace.service().and_then(|service| self.0.get(service)) {
                *namespace = Namespace::Container(owner.id.clone());
            }
        }
        for VolumesFrom { source, mode } in &mut service.volumes_from {
            let container = match &*source {
                VolumesSource::Service(service) => self.0.get(service).map(|owner| owner.id.clone()),
                VolumesSource::Container(container) => Some(container.clone()),
            };
            if let Some(container) = container {
                *mode = None;
                *source = VolumesSource::Service(container);
            }
        }
        service
    }
}
