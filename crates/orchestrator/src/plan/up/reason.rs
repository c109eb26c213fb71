//! Why a container is replaced.

use wharf_compose::model::{Namespace, Service};

use super::Recreate;
use super::planner::Planner;
use crate::observe::{Container, State};
use crate::plan::Cause;
use crate::request;

impl Planner<'_> {
    /// Why the container is replaced, if it is. The services that its service depends on have been decided before.
    pub(super) fn reason_to_replace(&self, name: &str, service: &Service, container: &Container) -> Option<Cause> {
        let named = self.options.services.is_empty() || self.options.services.iter().any(|chosen| chosen == name);
        match self.options.recreate {
            _ if self.options.settled.contains(name) => {}
            Recreate::Never => return None,
            Recreate::Always if named => return Some(Cause::Asked),
            _ if self.options.recreate_dependencies && !named => return Some(Cause::Asked),
            _ => {}
        }
        if matches!(container.state, State::Dead | State::Removing)
            || !request::is_current(self.project, service, container, &self.owners)
        {
            let differences = container.differences.clone().unwrap_or_default();
            return Some(Cause::ConfigurationChanged { differences });
        }
        let image = self.observed.images.get(&self.project.image_of(name, service));
        if let Some(image) = image.filter(|image| image.id != container.image_id) {
            return Some(Cause::ImageChanged { was: container.image_id.clone(), will: image.id.clone() });
        }
        if let Some(network) = self.lost_network(service, container) {
            return Some(Cause::NetworkLost { network });
        }
        // It shares namespaces or volumes with a container that will be gone, or is gone.
        let replaced = service.refers_to().find(|owner| self.is_replaced(owner));
        let owner = replaced.or_else(|| self.lost_owner(service, container))?;
        Some(Cause::DependencyReplaced { service: owner.to_owned() })
    }

    /// A network that the service wants and the container is not in: the container was interrupted before it joined, or the
    /// network was removed while the container was stopped.
    fn lost_network(&self, service: &Service, container: &Container) -> Option<String> {
        let wanted = service.networks.keys().filter_map(|key| self.project.networks.get(key));
        let lost = wanted.map(|network| &network.name).find(|name| match container.networks.get(*name) {
            None => true,
            // The engine looks it up by name at the first start.
            Some(attachment) if attachment.network_id.is_empty() => false,
            Some(attachment) => {
                !self.observed.networks.iter().any(|seen| seen.id == attachment.network_id && seen.name == **name)
            }
        });
        lost.cloned()
    }

    /// A service whose container was replaced after this container began to share something with it.
    fn lost_owner<'s>(&self, service: &'s Service, container: &Container) -> Option<&'s str> {
        let first = |owner: &str| {
            let mut containers = self.observed.containers.iter();
            containers.find(|found| found.service == owner && !found.one_off && found.number == 1)
        };
        // Without a container, its owner was removed.
        service.shares_with().find(|owner| {
            first(owner).is_none_or(|first| {
                let network_of = service.network_mode.as_ref().and_then(Namespace::service) == Some(owner);
                let joined = container.network_mode.strip_prefix("container:");
                first.created > container.created || (network_of && joined.is_some_and(|id| id != first.id))
            })
        })
    }
}
