//! The networks of a container, and how it joins them.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models as api;
use wharf_docker::names::{bare_name, short_id};

use super::value;
use super::{Found, Wanted};
use crate::difference::Difference;

pub(super) fn differences(found: &Found, wanted: &Wanted) -> Vec<Difference> {
    let settings = found.container.network_settings.as_ref();
    let is: BTreeMap<&String, &api::EndpointSettings> =
        settings.and_then(|settings| settings.networks.as_ref()).into_iter().flatten().collect();
    let first = wanted.body.networking_config.as_ref().and_then(|config| config.endpoints_config.as_ref());
    let further = wanted.further_networks.iter().map(|(name, endpoint)| (name, endpoint));
    let wants: BTreeMap<&String, &api::EndpointSettings> = first.into_iter().flatten().chain(further).collect();
    let mode = |host: Option<&api::HostConfig>| {
        let mode = host.and_then(|host| host.network_mode.clone()).unwrap_or_default();
        if mode == "default" { "bridge".to_owned() } else { mode }
    };
    let (was, will) = (mode(found.container.host_config.as_ref()), mode(wanted.body.host_config.as_ref()));
    let mut all = Vec::new();
    // Which of several networks is the first one, programs decide differently.
    if was != will && !(wants.contains_key(&was) && wants.contains_key(&will)) {
        all.push(Difference::new("network_mode", Some(was.clone()), Some(will.clone())));
    }
    let names: BTreeSet<&String> = is.keys().chain(wants.keys()).copied().collect();
    for name in names {
        let key = format!("networks.{}", wanted.networks.get(name).unwrap_or(name));
        match (is.get(name), wants.get(name)) {
            (Some(is), Some(wants)) => all.extend(of_endpoint(found, &key, is, wants)),
            // `bridge`, `host` and `none` are modes and networks at the same time.
            (Some(_), None) if wants.is_empty() && *name == will => {}
            (was, will) => {
                let shown = |there: bool| there.then(|| "joined".to_owned());
                all.push(Difference::new(key, shown(was.is_some()), shown(will.is_some())));
            }
        }
    }
    all
}

/// Takes an address out of the settings.
type Address = fn(&api::EndpointIpamConfig) -> Option<String>;

/// The settings in a network that differ.
fn of_endpoint(found: &Found, key: &str, is: &api::EndpointSettings, wants: &api::EndpointSettings) -> Vec<Difference> {
    let mut all = Vec::new();
    let mut note = |setting: &str, same: bool, was: String, will: String| {
        if !same {
            let shown = |text: String| Some(text).filter(|text| !text.is_empty());
            all.push(Difference::new(format!("{key}.{setting}"), shown(was), shown(will)));
        }
    };
    let (was, will) = (aliases(found, is), aliases(found, wants));
    note("aliases", was == will, listed(&was), listed(&will));
    let address = |endpoint: &api::EndpointSettings, of: fn(&api::EndpointIpamConfig) -> Option<String>| {
        endpoint.ipam_config.as_ref().and_then(of).unwrap_or_default()
    };
    let addresses: [(&str, Address); 3] = [
        ("ipv4_address", |config| config.ipv4_address.clone()),
        ("ipv6_address", |config| config.ipv6_address.clone()),
        ("link_local_ips", |config| config.link_local_ips.as_ref().map(|addresses| addresses.join(", "))),
    ];
    for (setting, of) in addresses {
        let (was, will) = (address(is, of), address(wants, of));
        note(setting, was == will, was, will);
    }
    let driver = |endpoint: &api::EndpointSettings| {
        let mut options = serde_json::to_value(endpoint.driver_opts.clone().unwrap_or_default()).unwrap_or_default();
        options.sort_all_objects();
        options.as_object().filter(|options| !options.is_empty()).map(|_| value::json(&options)).unwrap_or_default()
    };
    let (was, will) = (driver(is), driver(wants));
    note("driver_opts", was == will, was, will);
    let (was, will) = (is.gw_priority.unwrap_or(0), wants.gw_priority.unwrap_or(0));
    note("gw_priority", was == will, was.to_string(), will.to_string());
    // Without a wish the engine chooses one.
    if let Some(mac) = wants.mac_address.as_ref().filter(|mac| !mac.is_empty()) {
        let was = is.mac_address.clone().unwrap_or_default();
        note("mac_address", was.eq_ignore_ascii_case(mac), was, mac.clone());
    }
    let links = |endpoint: &api::EndpointSettings| listed(&endpoint.links.iter().flatten().cloned().collect());
    note("links", same_links(is, wants), links(is), links(wants));
    all
}

fn listed(entries: &BTreeSet<String>) -> String {
    entries.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The aliases that the file gives. Engines and other programs add the container's name and its short identifier, and engines before
/// 25.0 its host name.
fn aliases(found: &Found, endpoint: &api::EndpointSettings) -> BTreeSet<String> {
    let name = bare_name(found.container.name.as_deref().unwrap_or_default());
    let id = short_id(found.container.id.as_deref().unwrap_or_default());
    let hostname = found.container.config.as_ref().and_then(|config| config.hostname.as_deref());
    let is_added = |alias: &str| alias == name || alias == id || Some(alias) == hostname;
    endpoint.aliases.iter().flatten().filter(|alias| !is_added(alias)).cloned().collect()
}

/// Other programs link a container under more names than the file gives.
fn same_links(is: &api::EndpointSettings, wants: &api::EndpointSettings) -> bool {
    let all = |endpoint: &api::EndpointSettings| endpoint.links.iter().flatten().cloned().collect::<BTreeSet<_>>();
    let linked = |links: &BTreeSet<String>| {
        links.iter().filter_map(|link| Some(link.split_once(':')?.0.to_owned())).collect::<BTreeSet<_>>()
    };
    let (is, wants) = (all(is), all(wants));
    wants.is_subset(&is) && linked(&is) == linked(&wants)
}
