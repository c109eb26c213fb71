//! Networks and volumes of the services that take part.

use std::collections::BTreeSet;
use std::sync::Arc;

use wharf_compose::model::Network;

use super::planner::Planner;
use crate::difference::fields;
use crate::observe::{self, Container};
use crate::plan::{Cause, NamedService, NetworkAct, Rejoin, Step, VolumeAct};
use crate::twin_networks;

impl Planner<'_> {
    pub(super) fn networks_and_volumes(&mut self, chosen: &BTreeSet<String>) {
        let project = self.project;
        let all = self.options.all_resources;
        let services = || chosen.iter().filter_map(|name| project.services.get(name));
        let networks: BTreeSet<&String> = services().flat_map(|service| service.networks.keys()).collect();
        let volumes: BTreeSet<&String> =
            services().flat_map(|service| &service.volumes).filter_map(|mount| mount.source.as_ref()).collect();
        let used = project.networks.iter().filter(|(key, net)| (all || networks.contains(key)) && !net.external);
        for (key, network) in used {
            let twins =
                twin_networks::of(&self.observed.networks, &self.observed.containers, &project.name, &network.name);
            let (ours, others) = twins.map_or((None, Vec::new()), |(ours, others)| (Some(ours), others));
            for other in others {
                let remove = Step::network(&other.name, NetworkAct::Remove { id: other.id.clone() });
                let after = self.made.get(&format!("network {key}")).copied();
                let number = self.plan.add(remove, Cause::NameNotUnique, after);
                self.made.insert(format!("network {key}"), number);
            }
            let seen = ours.or_else(|| self.observed.networks.iter().find(|seen| seen.name == network.name));
            let (act, cause) = match seen {
                None => (NetworkAct::Create { key: key.clone(), network: Arc::new(network.clone()) }, Cause::Missing),
                Some(seen) => {
                    self.warn_of_owner("network", key, &network.name, seen.project.as_deref());
                    let Some(differences) = seen.changed.clone() else { continue };
                    if seen.project.as_deref() != Some(project.name.as_str()) {
                        continue;
                    }
                    (self.replace_network(seen, key, network), Cause::SettingsChanged { differences })
                }
            };
            let after = self.made.get(&format!("network {key}")).copied();
            let number = self.plan.add(Step::network(&network.name, act), cause, after);
            self.made.insert(format!("network {key}"), number);
        }
        for (key, volume) in project.volumes.iter().filter(|(key, vol)| (all || volumes.contains(key)) && !vol.external)
        {
            let seen = self.observed.volumes.iter().find(|seen| seen.name == volume.name);
            let (key_of, wanted) = (key.clone(), Arc::new(volume.clone()));
            let number = match seen {
                None => {
                    let create = VolumeAct::Create { key: key_of, volume: wanted };
                    self.plan.add(Step::volume(&volume.name, create), Cause::Missing, [])
                }
                Some(seen) => {
                    self.warn_of_owner("volume", key, &volume.name, seen.project.as_deref());
                    let Some(differences) = seen.changed.clone() else { continue };
                    if !self.options.recreate_volumes.contains(&volume.name) {
                        let message = format!(
                            "volume {}: {} changed in the file, and it is used as it is; --recreate-volume {} replaces it, and its \
                             data is lost",
                            volume.name,
                            fields(&differences, "its settings"),
                            volume.name
                        );
                        self.plan.warn(message, project.places.get(&format!("volumes.{key}")));
                        continue;
                    }
                    let free = self.free_volume(&volume.name);
                    let replace = VolumeAct::Replace { key: key_of, volume: wanted };
                    self.plan.add(Step::volume(&volume.name, replace), Cause::SettingsChanged { differences }, free)
                }
            };
            self.made.insert(format!("volume {key}"), number);
        }
    }

    /// All containers leave the network, and those that stay join it again.
    fn replace_network(&self, seen: &observe::Network, key: &str, network: &Network) -> NetworkAct {
        let project = self.project;
        let is_in = |container: &&Container| {
            container.networks.get(&seen.name).is_some_and(|attached| attached.network_id == seen.id)
        };
        let members = || self.observed.containers.iter().filter(is_in);
        let stays = members().filter(|container| !self.going.contains_key(container.id.as_str()));
        let rejoin = stays.filter_map(|container| {
            let services = [&project.services, &project.disabled_services];
            let (name, service) = services.iter().find_map(|services| services.get_key_value(&container.service))?;
            Some(Rejoin {
                container: container.id.clone(),
                service: NamedService::new(name, service),
                number: (!container.one_off).then_some(container.number),
            })
        });
        NetworkAct::Replace {
            id: seen.id.clone(),
            key: key.to_owned(),
            network: Arc::new(network.clone()),
            leave: members().map(|container| container.id.clone()).collect(),
            rejoin: rejoin.collect(),
        }
    }

    fn warn_of_owner(&mut self, kind: &str, key: &str, name: &str, owner: Option<&str>) {
        if owner == Some(self.project.name.as_str()) {
            return;
        }
        let owner = owner
            .map_or_else(|| "was not made by this project".to_owned(), |owner| format!("belongs to project {owner}"));
        let message =
            format!("{kind} {name} exists and {owner}; it is used as it is (say `external: true` if that is meant)");
        self.plan.warn(message, self.project.places.get(&format!("{kind}s.{key}")));
    }
}
