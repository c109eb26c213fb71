//! Whether a network or a volume of the engine is what the file says.
//!
//! What wharf made has a hash of its settings in a label. For what others made, only the settings that the file names are
//! compared: the engine fills in the rest.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use wharf_compose::model::{Ipam, IpamPool, Network, Volume};
use wharf_docker::volumes::VolumeDetails;
use wharf_docker::{AddressManagement, AddressPool, NetworkDetails, labels};

use super::hash::resource_hash;

/// The first setting in which a network differs from what the file says.
pub(crate) fn changed_network(wanted: &Network, seen: &NetworkDetails) -> Option<&'static str> {
    changed(&network_hash(wanted), &seen.labels, network_difference(wanted, seen))
}

/// The first setting in which a volume differs from what the file says.
pub(crate) fn changed_volume(wanted: &Volume, seen: &VolumeDetails) -> Option<&'static str> {
    changed(&volume_hash(wanted), &seen.labels, volume_difference(wanted, seen))
}

/// Hash of the settings that a network is created with, besides its name.
pub(super) fn network_hash(network: &Network) -> String {
    resource_hash(&Network { name: String::new(), external: false, ..network.clone() })
}

/// Hash of the settings that a volume is created with, besides its name.
pub(super) fn volume_hash(volume: &Volume) -> String {
    resource_hash(&Volume { name: String::new(), external: false, ..volume.clone() })
}

fn changed(hash: &str, labels: &BTreeMap<String, String>, difference: Option<&'static str>) -> Option<&'static str> {
    match labels.get(labels::OWN_HASH) {
        Some(label) if label == hash => None,
        Some(_) => Some(difference.unwrap_or("settings")),
        None => difference,
    }
}

fn network_difference(wanted: &Network, seen: &NetworkDetails) -> Option<&'static str> {
    let Network {
        name: _,
        driver,
        driver_opts,
        ipam,
        // What is external is not compared.
        external: _,
        internal,
        attachable,
        labels,
        // The engine lists it only since API 1.48.
        enable_ipv4: _,
        enable_ipv6,
    } = wanted;
    let differences = [
        ("driver", driver.is_some() && *driver != seen.driver),
        // `false` is also what a file says that does not name the key.
        ("internal", *internal && !seen.internal),
        ("attachable", *attachable && !seen.attachable),
        ("enable_ipv6", enable_ipv6.is_some_and(|wanted| wanted != seen.ipv6)),
        ("driver_opts", !has_all(driver_opts, &seen.options)),
        ("ipam", ipam.as_ref().is_some_and(|ipam| !manages_addresses(ipam, &seen.ipam))),
        ("labels", !has_all(labels, &seen.labels)),
    ];
    first(differences)
}

fn volume_difference(wanted: &Volume, seen: &VolumeDetails) -> Option<&'static str> {
    let Volume { name: _, driver, driver_opts, external: _, labels } = wanted;
    first([
        ("driver", driver.as_ref().is_some_and(|wanted| *wanted != seen.driver)),
        ("driver_opts", !has_all(driver_opts, &seen.options)),
        ("labels", !has_all(labels, &seen.labels)),
    ])
}

fn first<const N: usize>(differences: [(&'static str, bool); N]) -> Option<&'static str> {
    differences.into_iter().find(|(_, differs)| *differs).map(|(setting, _)| setting)
}

fn has_all(wanted: &IndexMap<String, String>, seen: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| seen.get(key) == Some(value))
}

fn manages_addresses(wanted: &Ipam, seen: &AddressManagement) -> bool {
    let Ipam { driver, config, options } = wanted;
    let is_there = |wanted: &IpamPool| seen.pools.iter().any(|pool| is_pool(wanted, pool));
    driver.as_ref().is_none_or(|driver| *driver == seen.driver)
        && has_all(options, &seen.options)
        && (config.is_empty() || config.len() == seen.pools.len() && config.iter().all(is_there))
}

fn is_pool(wanted: &IpamPool, seen: &AddressPool) -> bool {
    let IpamPool { subnet, gateway, ip_range, aux_addresses } = wanted;
    let same = |wanted: &Option<String>, seen: &str| wanted.as_deref().is_none_or(|wanted| wanted == seen);
    same(subnet, &seen.subnet)
        && same(gateway, &seen.gateway)
        && same(ip_range, &seen.ip_range)
        && has_all(aux_addresses, &seen.aux_addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(keys: &str) -> Network {
        let text = format!("services: {{a: {{image: x, networks: [n]}}}}\nnetworks: {{n: {keys}}}\n");
        let options = wharf_compose::Options::from_text(&text);
        wharf_compose::Project::load(&options).expect("the project can be loaded").project.networks["n"].clone()
    }

    /// A network as the engine has it when it was created with the settings that the file gives here.
    fn seen() -> NetworkDetails {
        let pool = AddressPool { subnet: "10.9.0.0/24".into(), gateway: "10.9.0.1".into(), ..AddressPool::default() };
        NetworkDetails {
            driver: Some("bridge".into()),
            options: [("com.docker.network.driver.mtu".to_owned(), "1400".to_owned())].into(),
            ipam: AddressManagement { driver: "default".into(), pools: vec![pool], ..AddressManagement::default() },
            labels: [("team".to_owned(), "shop".to_owned())].into(),
            ..NetworkDetails::default()
        }
    }

    #[test]
    fn only_what_the_file_says_of_a_foreign_network_is_compared() {
        for keys in [
            "{}",
            "{driver: bridge, enable_ipv6: false, labels: {team: shop}}",
            "{driver_opts: {com.docker.network.driver.mtu: 1400}, ipam: {config: [{subnet: 10.9.0.0/24}]}}",
        ] {
            assert_eq!(changed_network(&network(keys), &seen()), None, "{keys}");
        }
        assert_eq!(changed_network(&network("{}"), &NetworkDetails { attachable: true, ..seen() }), None);
        for (keys, setting) in [
            ("{driver: macvlan}", "driver"),
            ("{internal: true}", "internal"),
            ("{attachable: true}", "attachable"),
            ("{enable_ipv6: true}", "enable_ipv6"),
            ("{driver_opts: {com.docker.network.driver.mtu: 9000}}", "driver_opts"),
            ("{ipam: {config: [{subnet: 10.8.0.0/24}]}}", "ipam"),
            ("{ipam: {config: [{subnet: 10.9.0.0/24, gateway: 10.9.0.9}]}}", "ipam"),
            ("{labels: {team: other}}", "labels"),
        ] {
            assert_eq!(changed_network(&network(keys), &seen()), Some(setting), "{keys}");
        }
    }

    #[test]
    fn what_was_taken_out_of_the_file_is_noticed_by_the_hash_of_our_own_network() {
        let before = network("{labels: {team: shop, floor: '2'}}");
        let mut seen = seen();
        seen.labels.insert(labels::OWN_HASH.into(), network_hash(&before));
        assert_eq!(changed_network(&before, &seen), None);
        assert_eq!(changed_network(&network("{labels: {team: shop}}"), &seen), Some("settings"));
        assert_eq!(changed_network(&network("{internal: true}"), &seen), Some("internal"));
    }

    #[test]
    fn the_settings_of_a_volume_are_compared_as_well() {
        let options = [("type".to_owned(), "tmpfs".to_owned())];
        let seen =
            VolumeDetails { driver: "local".into(), options: options.clone().into(), ..VolumeDetails::default() };
        let wanted = Volume { driver_opts: options.into_iter().collect(), ..Volume::default() };
        assert_eq!(changed_volume(&wanted, &seen), None);
        assert_eq!(changed_volume(&Volume { driver: Some("nfs".into()), ..wanted.clone() }, &seen), Some("driver"));
        let other = [("type".to_owned(), "nfs".to_owned())].into_iter().collect();
        assert_eq!(changed_volume(&Volume { driver_opts: other, ..wanted }, &seen), Some("driver_opts"));
    }
}
