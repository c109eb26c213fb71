//! The container's process and what is said about it: `Config` of an inspection.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models as api;
use wharf_docker::labels;
use wharf_docker::names::short_id;

use super::Found;

pub(super) fn differences(found: &Found, wanted: &api::ContainerCreateBody) -> impl Iterator<Item = &'static str> {
    let default = api::ContainerConfig::default();
    let is = found.container.config.as_ref().unwrap_or(&default);
    let image = &found.image;
    let (entrypoint, command) = started(wanted, image);
    let same = [
        ("Hostname", same_hostname(found, wanted)),
        ("Domainname", text(&is.domainname) == text(&wanted.domainname)),
        ("User", text(&is.user) == text_or(&wanted.user, &image.user)),
        ("WorkingDir", path(&is.working_dir) == path(&or(&wanted.working_dir, &image.working_dir))),
        ("Tty", is.tty.unwrap_or(false) == wanted.tty.unwrap_or(false)),
        ("OpenStdin", is.open_stdin.unwrap_or(false) == wanted.open_stdin.unwrap_or(false)),
        ("Env", set(&is.env) == environment(&wanted.env, &image.env)),
        ("Entrypoint", list(&is.entrypoint) == entrypoint),
        ("Cmd", list(&is.cmd) == command),
        ("Healthcheck", health(is.healthcheck.as_ref()) == health(checked(wanted, image).as_ref())),
        ("StopSignal", text(&is.stop_signal) == text_or(&wanted.stop_signal, &image.stop_signal)),
        ("StopTimeout", is.stop_timeout == wanted.stop_timeout),
        ("ExposedPorts", ports(&[&is.exposed_ports]) == ports(&[&wanted.exposed_ports, &image.exposed_ports])),
        ("Labels", own_labels(&[&is.labels]) == own_labels(&[&image.labels, &wanted.labels])),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(setting, _)| setting)
}

fn text(text: &Option<String>) -> &str {
    text.as_deref().unwrap_or_default()
}

/// What is asked for, else what the image says.
fn text_or<'a>(wanted: &'a Option<String>, image: &'a Option<String>) -> &'a str {
    Some(text(wanted)).filter(|wanted| !wanted.is_empty()).unwrap_or_else(|| text(image))
}

fn or(wanted: &Option<String>, image: &Option<String>) -> Option<String> {
    Some(text_or(wanted, image).to_owned())
}

fn path(path: &Option<String>) -> String {
    match text(path).trim_end_matches('/') {
        "" if !text(path).is_empty() => "/".to_owned(),
        path => path.to_owned(),
    }
}

fn list(list: &Option<Vec<String>>) -> &[String] {
    list.as_deref().unwrap_or_default()
}

fn set(entries: &Option<Vec<String>>) -> BTreeSet<String> {
    list(entries).iter().cloned().collect()
}

/// The engine names a container after its identifier, and one that shares a network after the owner of it.
fn same_hostname(found: &Found, wanted: &api::ContainerCreateBody) -> bool {
    let is = found.container.config.as_ref().map_or("", |config| text(&config.hostname));
    match text(&wanted.hostname) {
        "" => {
            let host = wanted.host_config.as_ref();
            let mode = host.map_or("", |host| text(&host.network_mode));
            let shares = mode == "host"
                || mode.starts_with("container:")
                || host.is_some_and(|host| text(&host.uts_mode) == "host");
            shares || is.is_empty() || short_id(text(&found.container.id)) == is
        }
        hostname => is == hostname,
    }
}

/// A variable of the image stands unless the request names it.
fn environment(wanted: &Option<Vec<String>>, image: &Option<Vec<String>>) -> BTreeSet<String> {
    let key = |entry: &String| entry.split_once('=').map_or(entry.clone(), |(key, _)| key.to_owned());
    let named: BTreeSet<String> = list(wanted).iter().map(key).collect();
    let of_image = list(image).iter().filter(|entry| !named.contains(&key(entry)));
    of_image.chain(list(wanted)).cloned().collect()
}

/// Entrypoint and command. The image's command goes with the image's entrypoint alone, and one empty word stands for no
/// entrypoint.
fn started<'a>(wanted: &'a api::ContainerCreateBody, image: &'a api::ImageConfig) -> (&'a [String], &'a [String]) {
    match &wanted.entrypoint {
        Some(words) if words.len() == 1 && words[0].is_empty() => (&[], list(&wanted.cmd)),
        Some(words) if !words.is_empty() => (words, list(&wanted.cmd)),
        _ => {
            let command = Some(list(&wanted.cmd)).filter(|words| !words.is_empty());
            (list(&image.entrypoint), command.unwrap_or_else(|| list(&image.cmd)))
        }
    }
}

/// What a check leaves open is the image's.
fn checked(wanted: &api::ContainerCreateBody, image: &api::ImageConfig) -> Option<api::HealthConfig> {
    let Some(mut check) = wanted.healthcheck.clone() else { return image.healthcheck.clone() };
    let Some(image) = &image.healthcheck else { return Some(check) };
    let fill = |value: &mut Option<i64>, image: Option<i64>| {
        if value.unwrap_or(0) == 0 {
            *value = image;
        }
    };
    if list(&check.test).is_empty() {
        check.test.clone_from(&image.test);
    }
    fill(&mut check.interval, image.interval);
    fill(&mut check.timeout, image.timeout);
    fill(&mut check.retries, image.retries);
    fill(&mut check.start_period, image.start_period);
    fill(&mut check.start_interval, image.start_interval);
    Some(check)
}

/// A check that is turned off has no settings.
fn health(check: Option<&api::HealthConfig>) -> Option<api::HealthConfig> {
    let check = check?;
    let set = |value: Option<i64>| value.filter(|value| *value != 0);
    let off = list(&check.test).first().is_some_and(|word| word == "NONE");
    let check = match off {
        true => api::HealthConfig { test: check.test.clone(), ..Default::default() },
        false => api::HealthConfig {
            test: check.test.clone().filter(|test| !test.is_empty()),
            interval: set(check.interval),
            timeout: set(check.timeout),
            retries: set(check.retries),
            start_period: set(check.start_period),
            start_interval: set(check.start_interval),
        },
    };
    (check != api::HealthConfig::default()).then_some(check)
}

/// Single ports with their protocol: other programs also write `80`, and ranges.
fn ports(lists: &[&Option<Vec<String>>]) -> BTreeSet<String> {
    let single = |entry: &String| {
        let (ports, protocol) = entry.split_once('/').unwrap_or((entry, "tcp"));
        let protocol = if protocol.is_empty() { "tcp" } else { protocol };
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        match (first.parse::<u16>(), last.parse::<u16>()) {
            (Ok(first), Ok(last)) => (first..=last).map(|port| format!("{port}/{protocol}")).collect(),
            _ => vec![entry.clone()],
        }
    };
    lists.iter().flat_map(|entries| list(entries)).flat_map(single).collect()
}

/// The labels that the file and the image give.
fn own_labels(maps: &[&Option<HashMap<String, String>>]) -> BTreeMap<String, String> {
    let all = maps.iter().flat_map(|labels| labels.iter()).flatten();
    let given = all.filter(|(key, _)| !key.starts_with(labels::PREFIX) && *key != labels::OWN_HASH);
    given.map(|(key, value)| (key.clone(), value.clone())).collect()
}
