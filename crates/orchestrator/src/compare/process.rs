//! The container's process and what is said about it: `Config` of an inspection.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard::models as api;
use wharf_docker::labels;
use wharf_docker::names::short_id;

use super::value;
use super::{Found, Wanted};
use crate::difference::{Difference, entries};

pub(super) fn differences(found: &Found, wanted: &Wanted) -> Vec<Difference> {
    let default = api::ContainerConfig::default();
    let is = found.container.config.as_ref().unwrap_or(&default);
    let (image, body) = (&found.image, &wanted.body);
    let mut all = Vec::new();
    let mut note = |field: &str, was: &str, will: &str| {
        if was != will {
            let shown = |text: &str| (!text.is_empty()).then(|| value::text(text));
            all.push(Difference::new(field, shown(was), shown(will)));
        }
    };
    let hostname = text(&is.hostname);
    note("hostname", hostname, if same_hostname(found, body) { hostname } else { text(&body.hostname) });
    note("domainname", text(&is.domainname), text(&body.domainname));
    note("user", text(&is.user), text_or(&body.user, &image.user));
    note("working_dir", &path(&is.working_dir), &path(&or(&body.working_dir, &image.working_dir)));
    note("stop_signal", text(&is.stop_signal), text_or(&body.stop_signal, &image.stop_signal));
    let flag = |value: Option<bool>| if value.unwrap_or(false) { "true" } else { "false" };
    note("tty", flag(is.tty), flag(body.tty));
    note("stdin_open", flag(is.open_stdin), flag(body.open_stdin));
    let seconds = |value: Option<i64>| value.map(|seconds| format!("{seconds}s")).unwrap_or_default();
    note("stop_grace_period", &seconds(is.stop_timeout), &seconds(body.stop_timeout));
    let exposed = |lists: &[&Option<Vec<String>>]| {
        let ports: Vec<String> = ports(lists).into_iter().collect();
        (!ports.is_empty()).then(|| ports.join(", "))
    };
    let (was, will) = (exposed(&[&is.exposed_ports]), exposed(&[&body.exposed_ports, &image.exposed_ports]));
    if was != will {
        all.push(Difference::new("expose", was, will));
    }
    let (entrypoint, command) = started(body, image);
    for (field, is, wants) in [("entrypoint", list(&is.entrypoint), entrypoint), ("command", list(&is.cmd), command)] {
        if is != wants {
            let shown = |words: &[String]| (!words.is_empty()).then(|| value::words(words));
            all.push(Difference::new(field, shown(is), shown(wants)));
        }
    }
    let variables = entries("environment", &own_variables(&is.env), &environment(&body.env, &image.env));
    all.extend(variables.into_iter().map(|difference| variable(difference, wanted)));
    all.extend(health(is.healthcheck.as_ref(), checked(body, image).as_ref()));
    all.extend(entries("labels", &own_labels(&[&is.labels]), &own_labels(&[&image.labels, &body.labels])));
    all
}

/// What an env file holds is not for everybody. Where a value that the file does not have any more came from is not known.
fn variable(difference: Difference, wanted: &Wanted) -> Difference {
    let key = difference.field.split_once('.').map_or("", |(_, key)| key);
    let is_written = wanted.written.contains(key);
    let shown = |text: Option<String>| text.map(|text| value::text(&text));
    Difference {
        confidential: difference.confidential || !is_written,
        was: shown(difference.was),
        will: shown(difference.will),
        field: difference.field,
    }
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

/// Variables with their values. A key alone takes a variable of the image away, so it has none.
fn variables(entries: &Option<Vec<String>>) -> BTreeMap<String, String> {
    let pairs = list(entries).iter().filter_map(|entry| entry.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The variables of a container, without the hint for a scheduler that docker-compose 1 leaves in a container that took over
/// volumes: `affinity:container==ID`.
fn own_variables(entries: &Option<Vec<String>>) -> BTreeMap<String, String> {
    let mut all = variables(entries);
    all.remove("affinity:container");
    all
}

/// A variable of the image stands unless the request names it.
fn environment(wanted: &Option<Vec<String>>, image: &Option<Vec<String>>) -> BTreeMap<String, String> {
    let named = |entry: &String| entry.split_once('=').map_or(entry.clone(), |(key, _)| key.to_owned());
    let named: BTreeSet<String> = list(wanted).iter().map(named).collect();
    let mut all = variables(image);
    all.retain(|key, _| !named.contains(key));
    all.extend(variables(wanted));
    all
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

/// The settings of a health check that differ.
fn health(is: Option<&api::HealthConfig>, wants: Option<&api::HealthConfig>) -> Vec<Difference> {
    let (is, wants) = (settings(is), settings(wants));
    let keys: BTreeSet<&&str> = is.keys().chain(wants.keys()).collect();
    let differing = keys.into_iter().filter(|key| is.get(*key) != wants.get(*key));
    differing
        .map(|key| Difference::new(format!("healthcheck.{key}"), is.get(key).cloned(), wants.get(key).cloned()))
        .collect()
}

/// A check that is turned off has no settings besides that.
fn settings(check: Option<&api::HealthConfig>) -> BTreeMap<&'static str, String> {
    let Some(check) = check else { return BTreeMap::new() };
    let test = list(&check.test);
    if test.first().is_some_and(|word| word == "NONE") {
        return BTreeMap::from([("disable", "true".to_owned())]);
    }
    let time = |value: Option<i64>| value.filter(|value| *value != 0).map(value::duration);
    let all = [
        ("test", (!test.is_empty()).then(|| value::words(test))),
        ("interval", time(check.interval)),
        ("timeout", time(check.timeout)),
        ("retries", check.retries.filter(|value| *value != 0).map(|value| value.to_string())),
        ("start_period", time(check.start_period)),
        ("start_interval", time(check.start_interval)),
    ];
    all.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
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
    let given = all.filter(|(key, _)| !key.starts_with(labels::PREFIX) && !labels::OWN.contains(&key.as_str()));
    given.map(|(key, value)| (key.clone(), value.clone())).collect()
}
