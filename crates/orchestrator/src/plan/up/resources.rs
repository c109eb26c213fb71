//! Networks and volumes of the services that take part.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::planner::Planner;
use crate::plan::{Cause, NetworkAct, Step, VolumeAct};

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
            match self.observed.networks.iter().find(|seen| seen.name == network.name) {
                Some(seen) => {
                    let driver = network.driver.as_deref().unwrap_or("bridge");
                    if seen.driver.as_deref().is_some_and(|found| found != driver) {
                        let place = project.places.get(&format!("networks.{key}"));
                        let message = format!(
                            "network {} exists with driver {}, not {driver}: `down` and `up` make it anew",
                            network.name,
                            seen.driver.as_deref().unwrap_or_default(),
                        );
                        self.plan.warn(message, place);
                    }
                    self.warn_of_owner("network", key, &network.name, seen.project.as_deref());
                }
                None => {
                    let create = NetworkAct::Create { key: key.clone(), network: Arc::new(network.clone()) };
                    let number = self.plan.add(Step::network(&network.name, create), Cause::Missing, []);
                    self.made.insert(format!("network {key}"), number);
                }
            }
        }
        for (key, volume) in project.volumes.iter().filter(|(key, vol)| (all || volumes.contains(key)) && !vol.external)
        {
            match self.observed.volumes.iter().find(|seen| seen.name == volume.name) {
                Some(seen) => self.warn_of_owner("volume", key, &volume.name, seen.project.as_deref()),
                None => {
                    let create = VolumeAct::Create { key: key.clone(), volume: Arc::new(volume.clone()) };
                    let number = self.plan.add(Step::volume(&volume.name, create), Cause::Missing, []);
                    self.made.insert(format!("volume {key}"), number);
                }
            }
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
