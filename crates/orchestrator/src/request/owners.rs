//! The containers whose namespaces, volumes and names the containers of other services share.

use std::collections::BTreeMap;

use wharf_compose::Project;
use wharf_compose::model::{Namespace, Service, VolumesFrom, VolumesSource};

use crate::observe::Container;

/// The containers of each service that has some, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Owners(BTreeMap<String, Vec<Owner>>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Owner {
    name: String,
    id: String,
}

/// Of no service.
#[cfg(test)]
pub(crate) static NO_OWNERS: Owners = Owners(BTreeMap::new());

impl Owners {
    /// Of these containers, replicas alone.
    pub(crate) fn among(containers: &[Container]) -> Self {
        let mut owners = BTreeMap::<String, Vec<Owner>>::new();
        for container in containers.iter().filter(|container| !container.one_off) {
            let owner = Owner { id: container.id.clone(), name: container.name.clone() };
            owners.entry(container.service.clone()).or_default().push(owner);
        }
        owners.values_mut().for_each(|owners| owners.sort());
        Owners(owners)
    }

    /// The first by name, as in docker compose.
    fn first(&self, service: &str) -> Option<&Owner> {
        self.0.get(service)?.first()
    }

    /// The identifier of a service's first container; the name that it would have, if there is none.
    pub(super) fn id(&self, project: &Project, service: &str) -> String {
        self.first(service).map_or_else(|| project.replica_name(service, 1), |owner| owner.id.clone())
    }

    /// The names of a service's containers; the one that the first would have, if there is none.
    pub(super) fn names(&self, project: &Project, service: &str) -> Vec<String> {
        match self.0.get(service) {
            Some(owners) => owners.iter().map(|owner| owner.name.clone()).collect(),
            None => vec![project.replica_name(service, 1)],
        }
    }

    /// The service with containers in the place of services where docker compose resolves them: in these namespaces, and in
    /// `volumes_from`, whose modes it drops.
    pub(super) fn resolved(&self, service: &Service) -> Service {
        let mut service = service.clone();
        for namespace in [&mut service.network_mode, &mut service.ipc, &mut service.pid].into_iter().flatten() {
            if let Some(owner) = namespace.service().and_then(|service| self.first(service)) {
                *namespace = Namespace::Container(owner.id.clone());
            }
        }
        for VolumesFrom { source, mode } in &mut service.volumes_from {
            let container = match &*source {
                VolumesSource::Service(service) => self.first(service).map(|owner| owner.id.clone()),
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
