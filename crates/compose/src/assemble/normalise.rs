//! Adds what the specification implies: defaults, the `default` network, dependencies, names.

use crate::find::locate::Environment;
use crate::model::Protocol;
use crate::model::references::REFERENCES;
use crate::read::scalar::FieldValue as _;
use crate::report::findings::Report;
use crate::spec::short::mounts;
use wharf_yaml::{Map, Node, Tag, Value};

/// Sets what a file leaves to the specification. Done before files are included elsewhere.
pub(crate) fn set_defaults(tree: &mut Node, report: &mut Report) {
    for service in entries(tree, "services") {
        if let Some(build) = service.get_mut("build") {
            build.set_default("context", ".");
        }
        if let Some(dns) = service.get_mut("dns").and_then(Node::as_list_mut) {
            dns.retain(|server| server.as_text() != Some(""));
        }
        for dependency in entries(service, "depends_on") {
            dependency.set_default("required", "true");
        }
        for port in items(service, "ports") {
            port.set_default("mode", "ingress");
            port.set_default("protocol", Protocol::default().as_str());
        }
        for secret in items(service, "secrets") {
            let target = secret.get_text("source").map(|source| format!("/run/secrets/{source}"));
            secret.set_default("target", &target.unwrap_or_default());
        }
        for mount in items(service, "volumes") {
            if let Some(target) = mount.get_text("target").map(mounts::clean) {
                let target = mount.get("target").map(|node| node.text(target));
                target.into_iter().for_each(|target| mount.set("target", target));
            }
            let is_bind = mount.get_text("type") == Some("bind");
            if let Some(bind) = mount.get_mut("bind").filter(|_| is_bind) {
                bind.set_default("create_host_path", "true");
            }
        }
        items(service, "gpus").for_each(default_count);
        let reservations = ["deploy", "resources", "reservations"];
        let reservations = reservations.iter().try_fold(service, |node, key| node.get_mut(key));
        reservations.into_iter().for_each(|reservations| items(reservations, "devices").for_each(default_count));
    }
    for section in ["networks", "volumes", "secrets", "configs"] {
        for resource in entries(tree, section) {
            if resource.is_null() {
                resource.value = Value::Map(Map::default());
            }
            settle_external(resource, report);
        }
    }
}

fn default_count(request: &mut Node) {
    if request.get("device_ids").is_none() {
        request.set_default("count", "all");
    }
}

/// `external: { name: NAME }` is `external: true` and `name: NAME`.
fn settle_external(resource: &mut Node, report: &mut Report) {
    let Some(external) = resource.get("external").filter(|external| external.as_map().is_some()).cloned() else {
        return;
    };
    if let Some(name) = external.get("name") {
        let given = resource.get("name").cloned();
        match given {
            Some(given) if given.as_text() != name.as_text() => {
                report.error(name, "`external.name` and `name` differ");
                report.also("`name` is set here", given.span);
                report.help("`external: { name: ... }` is obsolete; write `external: true` and `name`");
            }
            Some(_) => {}
            None => resource.set("name", name.clone()),
        }
    }
    resource.set("external", external.text("true"));
}

/// Completes the tree of a whole project. `literal`: its variables are not replaced.
pub(crate) fn normalise(tree: &mut Node, name: &str, environment: &Environment, literal: bool) {
    default_network(tree);
    for service in entries(tree, "services") {
        if service.get_text("pull_policy") == Some("if_not_present") {
            let policy = service.text("missing");
            service.set("pull_policy", policy);
        }
        if let Some(build) = service.get_mut("build") {
            if build.get("dockerfile_inline").is_none() {
                build.set_default("dockerfile", "Dockerfile");
            }
            if let Some(args) = build.get_mut("args").and_then(Node::as_map_mut) {
                fill_in(args, environment);
                args.retain(|_, value| !value.is_null());
            }
        }
        add_dependencies(service, literal);
        inherit_image(service);
    }
    for section in ["networks", "volumes", "secrets", "configs"] {
        let Some(map) = tree.get_mut(section).and_then(Node::as_map_mut) else { continue };
        for (key, resource) in map {
            let external = matches!(resource.get("external").map(|node| &node.value), Some(Value::Scalar(scalar)) if scalar.bool() == Some(true));
            let default = if external { key.clone() } else { format!("{name}_{key}") };
            resource.set_default("name", &default);
        }
    }
}

/// Gives the services' variables without a value the environment's.
pub(crate) fn fill_in_variables(tree: &mut Node, environment: &Environment) {
    for service in entries(tree, "services") {
        if let Some(variables) = service.get_mut("environment").and_then(Node::as_map_mut) {
            fill_in(variables, environment);
        }
    }
}

/// Gives keys without a value the environment's value, if there is one.
fn fill_in(variables: &mut Map, environment: &Environment) {
    for (key, value) in variables {
        if value.is_null()
            && let Some(found) = environment.get(key)
        {
            *value = value.text(found);
        }
    }
}

/// A service that names no network joins `default`, which is declared if any service uses it.
fn default_network(tree: &mut Node) {
    let mut used = None;
    for service in entries(tree, "services") {
        if service.get("provider").is_some() || service.get("network_mode").is_some() {
            continue;
        }
        let none = match service.get("networks").map(|networks| &networks.value) {
            Some(Value::Map(networks)) => networks.is_empty(),
            // A list stays one where its variables are not replaced.
            Some(Value::List(networks)) => networks.is_empty(),
            _ => true,
        };
        if none && service.as_map().is_some() {
            let implied = Node { span: service.key, tag: Tag::NONE, ..service.at(Value::Null) };
            let networks = service.map([("default", implied)]);
            service.set("networks", networks);
        }
        if let Some(default) = service.get("networks").and_then(|networks| networks.get("default")) {
            used.get_or_insert_with(|| default.at(Value::Null));
        }
    }
    let Some(used) = used else { return };
    if tree.get("networks").and_then(Node::as_map).is_none() {
        tree.set("networks", used.at(Value::Map(Map::default())));
    }
    if let Some(networks) = tree.get_mut("networks").and_then(Node::as_map_mut) {
        networks.entry("default".to_owned()).or_insert(used.at(Value::Map(Map::default())));
    }
}

/// A service depends on those whose links, namespaces or volumes it uses.
fn add_dependencies(service: &mut Node, literal: bool) {
    let mut implied: Vec<(String, bool, Node)> = Vec::new();
    for (key, reference) in REFERENCES {
        let Some(value) = service.get(key) else { continue };
        for node in value.as_list().unwrap_or(std::slice::from_ref(value)) {
            let other = node.as_text().and_then(|text| reference.service(text));
            implied.extend(other.map(|name| (name, reference.follows_restart(), node.clone())));
        }
    }
    implied.retain(|(name, ..)| !(literal && name.contains('$')));
    if implied.is_empty() {
        return;
    }
    if service.get("depends_on").is_none() {
        let none = service.at(Value::Map(Map::default()));
        service.set("depends_on", none);
    }
    let Some(depends_on) = service.get_mut("depends_on").and_then(Node::as_map_mut) else { return };
    for (name, restart, node) in implied {
        depends_on.entry(name).or_insert_with(|| {
            node.map([
                ("condition", node.text("service_started")),
                ("restart", node.text(if restart { "true" } else { "false" })),
                ("required", node.text("true")),
            ])
        });
    }
}

/// A `pre_start` hook without an image runs in the service's.
fn inherit_image(service: &mut Node) {
    let Some(image) =
        service.get("image").filter(|image| image.as_text().is_some_and(|text| !text.is_empty())).cloned()
    else {
        return;
    };
    for hook in items(service, "pre_start") {
        if hook.get("image").is_none() {
            hook.set("image", image.clone());
        }
    }
}

fn entries<'n>(node: &'n mut Node, key: &str) -> impl Iterator<Item = &'n mut Node> {
    node.get_mut(key).and_then(Node::as_map_mut).into_iter().flat_map(|map| map.values_mut())
}

fn items<'n>(node: &'n mut Node, key: &str) -> impl Iterator<Item = &'n mut Node> {
    node.get_mut(key).and_then(Node::as_list_mut).into_iter().flatten()
}
