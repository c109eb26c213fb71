//! What an engine has, without what differs from one run to the next: identifiers and times.

use std::collections::{BTreeMap, BTreeSet};

use wharf_testkit::SimulatedEngine;
use wharf_testkit::simulated_engine::{Container, Network};

/// A service and a number: what a container is one life of.
pub(crate) type Slot = (String, String);

/// The service and the number of a container; none of a container that a hook left.
pub(crate) fn slot(container: &Container) -> Option<Slot> {
    let label = |key: &str| container.labels.get(&format!("com.docker.compose.{key}")).cloned();
    let one_off = label("oneoff").is_some_and(|value| value == "True");
    Some((label("service")?, label("container-number")?)).filter(|_| !one_off)
}

/// What an engine has, one line for each thing.
pub(crate) fn picture(engine: &SimulatedEngine) -> Vec<String> {
    let (containers, networks, volumes) = (engine.containers(), engine.networks(), engine.volumes());
    let mut lines: Vec<String> = containers.iter().map(|container| line(container, &containers, &networks)).collect();
    lines.extend(
        networks
            .iter()
            .map(|network| format!("network {} driver={} labels={:?}", network.name, network.driver, network.labels)),
    );
    let anonymous = |name: &str| name.len() == 64;
    let named = volumes.iter().filter(|volume| !anonymous(&volume.name));
    lines.extend(named.map(|volume| format!("volume {} labels={:?}", volume.name, volume.labels)));
    let nameless = volumes.iter().filter(|volume| anonymous(&volume.name)).count();
    lines.push(format!("{nameless} anonymous volumes"));
    lines.sort();
    lines
}

fn line(container: &Container, containers: &[Container], networks: &[Network]) -> String {
    let joined: Vec<String> = container
        .networks
        .iter()
        .map(|(name, attachment)| {
            let found = networks.iter().find(|network| Some(&network.id) == attachment.network.as_ref());
            let state = match found {
                Some(network) if network.name == *name => "",
                _ => " (not the network of this name)",
            };
            let own = |alias: &&String| !container.id.starts_with(alias.as_str());
            let aliases: Vec<&String> = attachment.aliases.iter().filter(own).collect();
            format!("{name}{state} as {aliases:?}")
        })
        .collect();
    let mode = match container.network_mode.strip_prefix("container:") {
        Some(id) => {
            let owner = containers.iter().find(|owner| owner.id == id).map(|owner| owner.name.as_str());
            format!("that of {}", owner.unwrap_or("a container that is gone"))
        }
        None => container.network_mode.clone(),
    };
    let mounts: BTreeMap<&String, &str> = container
        .mounts
        .iter()
        .map(|(path, mount)| (path, if mount.source.len() == 64 { "anonymous" } else { mount.source.as_str() }))
        .collect();
    format!(
        "container {} {:?} code={} networks={joined:?} mode={mode} mounts={mounts:?} ports={:?} files={:?} environment={:?}",
        container.name,
        container.status,
        container.exit_code,
        container.ports.iter().map(|port| port.published).collect::<Vec<_>>(),
        container.files,
        container.environment,
    )
}

/// The anonymous volumes of each slot, by path.
pub(crate) fn anonymous_volumes(engine: &SimulatedEngine) -> BTreeMap<Slot, BTreeMap<String, String>> {
    let containers = engine.containers();
    let of_slot = |container: &Container| {
        let anonymous = container.mounts.iter().filter(|(_, mount)| mount.source.len() == 64);
        Some((slot(container)?, anonymous.map(|(path, mount)| (path.clone(), mount.source.clone())).collect()))
    };
    containers.iter().filter_map(of_slot).collect()
}

/// Slots of which a container runs.
pub(crate) fn running(engine: &SimulatedEngine) -> BTreeSet<Slot> {
    engine.containers().iter().filter(|container| container.is_up()).filter_map(slot).collect()
}

/// The identifiers of all containers and networks.
pub(crate) fn identifiers(engine: &SimulatedEngine) -> Vec<String> {
    let (containers, networks) = (engine.containers(), engine.networks());
    containers.into_iter().map(|container| container.id).chain(networks.into_iter().map(|network| network.id)).collect()
}
