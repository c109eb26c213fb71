//! The networks of a container, and how it joins them.

use std::collections::{BTreeMap, BTreeSet};

use bollard::models as api;
use serde_json::Value;
use wharf_docker::names::{bare_name, short_id};

use super::{Found, Wanted, prune};

pub(super) fn differences(found: &Found, wanted: &Wanted) -> Vec<String> {
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
        all.push("NetworkMode".to_owned());
    }
    let names: BTreeSet<&String> = is.keys().chain(wants.keys()).copied().collect();
    for name in names {
        let same = match (is.get(name), wants.get(name)) {
            (Some(is), Some(wants)) => same_endpoint(found, is, wants),
            // `bridge`, `host` and `none` are modes and networks at the same time.
            (Some(_), None) => wants.is_empty() && *name == will,
            _ => false,
        };
        if !same {
            all.push(format!("the network {name}"));
        }
    }
    all
}

fn same_endpoint(found: &Found, is: &api::EndpointSettings, wants: &api::EndpointSettings) -> bool {
    let address = |endpoint: &api::EndpointSettings| {
        let mut config = serde_json::to_value(&endpoint.ipam_config).unwrap_or_default();
        prune(&mut config);
        if config.as_object().is_some_and(serde_json::Map::is_empty) { Value::Null } else { config }
    };
    let driver = |endpoint: &api::EndpointSettings| endpoint.driver_opts.clone().unwrap_or_default();
    let mac = wants.mac_address.as_ref().filter(|mac| !mac.is_empty());
    aliases(found, is) == aliases(found, wants)
        && address(is) == address(wants)
        && driver(is) == driver(wants)
        && is.gw_priority.unwrap_or(0) == wants.gw_priority.unwrap_or(0)
        && mac.is_none_or(|mac| is.mac_address.as_ref().is_some_and(|is| is.eq_ignore_ascii_case(mac)))
        && same_links(is, wants)
}

/// The aliases that the file gives. Engines and other programs add the container's name and its short identifier.
fn aliases(found: &Found, endpoint: &api::EndpointSettings) -> BTreeSet<String> {
    let name = bare_name(found.container.name.as_deref().unwrap_or_default());
    let id = short_id(found.container.id.as_deref().unwrap_or_default());
    let given = endpoint.aliases.iter().flatten().filter(|alias| *alias != name && *alias != id);
    given.cloned().collect()
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
