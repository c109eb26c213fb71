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
use crate::difference::{Difference, entries};

/// In what a network differs from what the file says, if it does. Empty: in what is not known.
pub(crate) fn changed_network(wanted: &Network, seen: &NetworkDetails) -> Option<Vec<Difference>> {
    changed(&network_hash(wanted), &seen.labels, network_differences(wanted, seen))
}

/// The same for a volume.
pub(crate) fn changed_volume(wanted: &Volume, seen: &VolumeDetails) -> Option<Vec<Difference>> {
    changed(&volume_hash(wanted), &seen.labels, volume_differences(wanted, seen))
}

/// Hash of the settings that a network is created with, besides its name.
pub(super) fn network_hash(network: &Network) -> String {
    resource_hash(&Network { name: String::new(), external: false, ..network.clone() })
}

/// Hash of the settings that a volume is created with, besides its name.
pub(super) fn volume_hash(volume: &Volume) -> String {
    resource_hash(&Volume { name: String::new(), external: false, ..volume.clone() })
}

fn changed(hash: &str, labels: &BTreeMap<String, String>, found: Vec<Difference>) -> Option<Vec<Difference>> {
    match labels.get(labels::OWN_HASH) {
        Some(label) => (label != hash).then_some(found),
        None => (!found.is_empty()).then_some(found),
    }
}

fn network_differences(wanted: &Network, seen: &NetworkDetails) -> Vec<Difference> {
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
    let mut all = Vec::new();
    all.extend(text("driver", driver.as_deref(), seen.driver.as_deref().unwrap_or_default()));
    // `false` is also what a file says that does not name the key.
    all.extend(flag("internal", internal.then_some(true), seen.internal));
    all.extend(flag("attachable", attachable.then_some(true), seen.attachable));
    all.extend(flag("enable_ipv6", *enable_ipv6, seen.ipv6));
    all.extend(named("driver_opts", driver_opts, &seen.options));
    all.extend(ipam.iter().flat_map(|ipam| address_management(ipam, &seen.ipam)));
    all.extend(named("labels", labels, &seen.labels));
    all
}

fn volume_differences(wanted: &Volume, seen: &VolumeDetails) -> Vec<Difference> {
    let Volume { name: _, driver, driver_opts, external: _, labels } = wanted;
    let mut all = Vec::new();
    all.extend(text("driver", driver.as_deref(), &seen.driver));
    all.extend(named("driver_opts", driver_opts, &seen.options));
    all.extend(named("labels", labels, &seen.labels));
    all
}

/// A setting that the file names and that has another value.
fn text(field: &str, wanted: Option<&str>, seen: &str) -> Option<Difference> {
    let wanted = wanted.filter(|wanted| *wanted != seen)?;
    Some(Difference::new(field, Some(seen.to_owned()).filter(|seen| !seen.is_empty()), Some(wanted.to_owned())))
}

fn flag(field: &str, wanted: Option<bool>, seen: bool) -> Option<Difference> {
    text(field, wanted.map(|wanted| if wanted { "true" } else { "false" }), if seen { "true" } else { "false" })
}

/// The entries that the file names and that have another value.
fn named(field: &str, wanted: &IndexMap<String, String>, seen: &BTreeMap<String, String>) -> Vec<Difference> {
    let wanted: BTreeMap<String, String> = wanted.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    let seen = seen.iter().filter(|(key, _)| wanted.contains_key(*key));
    entries(field, &seen.map(|(key, value)| (key.clone(), value.clone())).collect(), &wanted)
}

fn address_management(wanted: &Ipam, seen: &AddressManagement) -> Vec<Difference> {
    let Ipam { driver, config, options } = wanted;
    let mut all = Vec::new();
    all.extend(text("ipam.driver", driver.as_deref(), &seen.driver));
    all.extend(named("ipam.options", options, &seen.options));
    match (config.as_slice(), seen.pools.as_slice()) {
        ([], _) => {}
        ([wanted], [seen]) => all.extend(of_pool(wanted, seen)),
        (wanted, seen) => {
            let is_there = |wanted: &IpamPool| seen.iter().any(|pool| of_pool(wanted, pool).is_empty());
            if wanted.len() != seen.len() || !wanted.iter().all(is_there) {
                let was: Vec<&str> = seen.iter().map(|pool| pool.subnet.as_str()).collect();
                let will: Vec<&str> = wanted.iter().filter_map(|pool| pool.subnet.as_deref()).collect();
                all.push(Difference::new("ipam.config", Some(was.join(", ")), Some(will.join(", "))));
            }
        }
    }
    all
}

fn of_pool(wanted: &IpamPool, seen: &AddressPool) -> Vec<Difference> {
    let IpamPool { subnet, gateway, ip_range, aux_addresses } = wanted;
    let mut all = Vec::new();
    all.extend(text("subnet", subnet.as_deref(), &seen.subnet));
    all.extend(text("gateway", gateway.as_deref(), &seen.gateway));
    all.extend(text("ip_range", ip_range.as_deref(), &seen.ip_range));
    all.extend(named("aux_addresses", aux_addresses, &seen.aux_addresses));
    all
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
        let changed = |keys: &str| changed_network(&network(keys), &seen()).map(|found| format!("{found:?}"));
        for (keys, setting) in [
            ("{driver: macvlan}", r#"[driver: Some("bridge") -> Some("macvlan")]"#),
            ("{internal: true}", r#"[internal: Some("false") -> Some("true")]"#),
            ("{attachable: true}", r#"[attachable: Some("false") -> Some("true")]"#),
            ("{enable_ipv6: true}", r#"[enable_ipv6: Some("false") -> Some("true")]"#),
            (
                "{driver_opts: {com.docker.network.driver.mtu: 9000}}",
                r#"[driver_opts.com.docker.network.driver.mtu: Some("1400") -> Some("9000")]"#,
            ),
            ("{ipam: {config: [{subnet: 10.8.0.0/24}]}}", r#"[subnet: Some("10.9.0.0/24") -> Some("10.8.0.0/24")]"#),
            (
                "{ipam: {config: [{subnet: 10.9.0.0/24, gateway: 10.9.0.9}]}}",
                r#"[gateway: Some("10.9.0.1") -> Some("10.9.0.9")]"#,
            ),
            (
                "{ipam: {config: [{subnet: 10.9.0.0/24}, {subnet: 10.8.0.0/24}]}}",
                r#"[ipam.config: Some("10.9.0.0/24") -> Some("10.9.0.0/24, 10.8.0.0/24")]"#,
            ),
            ("{labels: {team: other}}", r#"[labels.team: Some("shop") -> Some("other")]"#),
        ] {
            assert_eq!(changed(keys).as_deref(), Some(setting), "{keys}");
        }
    }

    #[test]
    fn what_was_taken_out_of_the_file_is_noticed_by_the_hash_of_our_own_network() {
        let before = network("{labels: {team: shop, floor: '2'}}");
        let mut seen = seen();
        seen.labels.insert(labels::OWN_HASH.into(), network_hash(&before));
        assert_eq!(changed_network(&before, &seen), None);
        assert_eq!(changed_network(&network("{labels: {team: shop}}"), &seen), Some(Vec::new()), "by the hash alone");
        let named = changed_network(&network("{internal: true}"), &seen).unwrap();
        assert_eq!(named[0].field, "internal");
    }

    #[test]
    fn the_settings_of_a_volume_are_compared_as_well() {
        let options = [("type".to_owned(), "tmpfs".to_owned())];
        let seen =
            VolumeDetails { driver: "local".into(), options: options.clone().into(), ..VolumeDetails::default() };
        let wanted = Volume { driver_opts: options.into_iter().collect(), ..Volume::default() };
        assert_eq!(changed_volume(&wanted, &seen), None);
        let field = |wanted: &Volume| changed_volume(wanted, &seen).unwrap()[0].field.clone();
        assert_eq!(field(&Volume { driver: Some("nfs".into()), ..wanted.clone() }), "driver");
        let other = [("type".to_owned(), "nfs".to_owned())].into_iter().collect();
        assert_eq!(field(&Volume { driver_opts: other, ..wanted }), "driver_opts.type");
    }
}
