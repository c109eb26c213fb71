//! What one container gives up and another takes over: a name, a host port, an address. The one that gives it up is gone
//! before the other takes it.

use std::net::IpAddr;

use wharf_compose::model::Service;

use super::planner::{Going, Planner, Retired};
use crate::observe::Container;
use crate::plan::Cause;
use crate::plan::check::PortUse;

impl Planner<'_> {
    /// The step after which `name` is free. `None`: it is free already, or its holder stays.
    pub(super) fn free_name(&mut self, name: &str) -> Option<usize> {
        let holder = self.observed.containers.iter().find(|container| container.name == name)?;
        Some(self.retire(&holder.id)?.gone)
    }

    /// The steps after which the host ports and addresses are free that a container of the service takes. `own`: the
    /// container that it replaces.
    pub(super) fn free_endpoints(&mut self, service: &Service, own: Option<&Container>) -> Vec<usize> {
        let observed = self.observed;
        let others = observed.containers.iter().filter(|other| own.is_none_or(|own| own.id != other.id));
        let holders: Vec<&str> = others
            .filter(|other| {
                other.is_up() && (self.held_port(other, service).is_some() || self.holds_address(other, service))
            })
            .map(|holder| holder.id.as_str())
            .collect();
        holders.into_iter().filter_map(|id| Some(self.retire(id)?.gone)).collect()
    }

    /// The steps after which no container has the volume.
    pub(super) fn free_volume(&mut self, volume: &str) -> Vec<usize> {
        let observed = self.observed;
        let holders =
            observed.containers.iter().filter(|container| container.volumes.iter().any(|held| held.name == volume));
        holders.filter_map(|holder| Some(self.retire(&holder.id)?.gone)).collect()
    }

    /// The first host port that the container holds and the service publishes.
    pub(super) fn held_port(&self, container: &Container, service: &Service) -> Option<PortUse> {
        let mut wanted = service.ports.iter().filter_map(PortUse::of);
        wanted.find(|wanted| container.ports.iter().any(|port| wanted.is_held_by(port)))
    }

    fn holds_address(&self, container: &Container, service: &Service) -> bool {
        service.networks.iter().any(|(key, settings)| {
            let Some(settings) = settings else { return false };
            let network = self.project.networks.get(key);
            let attachment = network.and_then(|network| container.networks.get(&network.name));
            let same = |wanted: &Option<String>, held: &str| {
                let address = |text: &str| text.parse::<IpAddr>().ok();
                wanted.as_deref().and_then(address).is_some_and(|wanted| address(held) == Some(wanted))
            };
            attachment.is_some_and(|held| {
                same(&settings.ipv4_address, &held.ipv4) || same(&settings.ipv6_address, &held.ipv6)
            })
        })
    }

    /// Plans the end of a container that will be gone, unless it is planned already. `None`: the container stays.
    fn retire(&mut self, id: &str) -> Option<Retired> {
        if let Some(retired) = self.retired.get(id) {
            return Some(*retired);
        }
        let Going { container, cause, replaced } = self.going.get(id)?.clone();
        let definition = self.project.services.get(&container.service).filter(|_| replaced);
        Some(match definition {
            // It does not wait for what its successor waits for: that may be what takes over from it.
            Some(service) => {
                let created = self.successor(&container.service, service, container, cause);
                self.stop_and_remove(container, Cause::Follows, vec![created])
            }
            None => self.stop_and_remove(container, cause, Vec::new()),
        })
    }

    /// Plans the end of a container that nothing takes the place of.
    pub(super) fn remove(&mut self, container: &Container) {
        self.retire(&container.id);
    }

    /// Says that the steps complete a replacement, which began with the end of the old container.
    pub(super) fn complete(&mut self, old: Retired, steps: impl IntoIterator<Item = usize>) {
        let mut steps: Vec<usize> = steps.into_iter().chain([old.gone]).filter(|step| *step > old.begun).collect();
        steps.sort_unstable();
        steps.into_iter().for_each(|step| self.plan.complete(old.begun, step));
    }
}
