//! Networks of one project that have one name. An engine before API 1.44 lets two clients create them at the same moment,
//! and then starts no container in either: the name is ambiguous.

use crate::observe::{Container, Network};

/// The network of `project` that keeps `name`, and those that have to go. All clients choose the same one: the one that
/// running containers use, else the oldest, else the one with the smallest identifier.
pub(crate) fn of<'a>(
    networks: &'a [Network],
    containers: &[Container],
    project: &str,
    name: &str,
) -> Option<(&'a Network, Vec<&'a Network>)> {
    let uses = |container: &Container, network: &Network| {
        let attached = container.networks.get(name);
        container.is_up() && attached.is_some_and(|attached| attached.network_id == network.id)
    };
    let is_used = |network: &Network| containers.iter().any(|container| uses(container, network));
    let ours = |network: &&Network| network.name == name && network.project.as_deref() == Some(project);
    let mut twins: Vec<&Network> = networks.iter().filter(ours).collect();
    twins.sort_by_key(|network| (!is_used(network), network.created, network.id.as_str()));
    let mut twins = twins.into_iter();
    Some((twins.next()?, twins.collect()))
}

#[cfg(test)]
mod tests {
    use wharf_docker::Timestamp;

    use super::*;
    use crate::observe::{NetworkAttachment, State};

    fn network(id: &str, created: i64) -> Network {
        Network {
            id: id.into(),
            name: "shop_default".into(),
            project: Some("shop".into()),
            created: Some(Timestamp(created)),
            ..Network::default()
        }
    }

    fn chosen<'a>(networks: &'a [Network], containers: &[Container]) -> Option<(&'a str, Vec<&'a str>)> {
        let (kept, others) = of(networks, containers, "shop", "shop_default")?;
        Some((&kept.id, others.into_iter().map(|network| network.id.as_str()).collect()))
    }

    #[test]
    fn the_oldest_is_kept_unless_another_one_is_used() {
        assert_eq!(chosen(&[network("a", 2), network("b", 1)], &[]), Some(("b", vec!["a"])));
        assert_eq!(chosen(&[network("b", 1), network("a", 1)], &[]), Some(("a", vec!["b"])));
        let attached = NetworkAttachment { network_id: "a".into(), ..NetworkAttachment::default() };
        let networks = [("shop_default".to_owned(), attached)].into_iter().collect();
        let user = Container { networks, state: State::Running, ..Container::default() };
        assert_eq!(chosen(&[network("a", 2), network("b", 1)], &[user]), Some(("a", vec!["b"])));
    }

    #[test]
    fn networks_of_others_are_left_alone() {
        let foreign = Network { project: None, ..network("c", 0) };
        let other = Network { name: "shop_back".into(), ..network("d", 0) };
        assert_eq!(chosen(&[foreign.clone(), other, network("a", 2)], &[]), Some(("a", vec![])));
        assert_eq!(chosen(&[foreign], &[]), None);
    }
}
