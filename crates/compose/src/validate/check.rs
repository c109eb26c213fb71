//! Checks that the parts of a project fit together: what is referred to exists, what excludes each other is not set.

use std::collections::{BTreeMap, HashMap};

use crate::model::decode::Spans;
use crate::model::{FileMount, MountKind, Namespace, Project, Service};
use crate::report::findings::Report;
use crate::validate::suggest::closest;

/// Reports everything that does not fit. `named` are the requested services; all if empty.
pub(crate) fn check(project: &Project, named: &[String], spans: &Spans<'_>, report: &mut Report) {
    for (name, service) in &project.services {
        Check { project, name, service, spans, report }.service();
    }
    container_names(project, named, spans, report);
    circles(project, &DEPENDENCIES, spans, report);
    circles(project, &BUILDS, spans, report);
}

/// Reports a container name that several services want, of those that run together.
fn container_names(project: &Project, named: &[String], spans: &Spans<'_>, report: &mut Report) {
    let mut taken: HashMap<&str, &str> = HashMap::new();
    let together = project.with_dependencies(named);
    for (service, name) in project
        .services
        .iter()
        .filter(|(key, _)| together.contains(key.as_str()))
        .filter_map(|(key, service)| Some((key, service.container_name.as_deref()?)))
    {
        let Some(first) = taken.insert(name, service) else { continue };
        let place = |service: &str| format!("services.{service}.container_name");
        report
            .error(spans.at(&place(service)), format!("`{first}` and `{service}` both name their container `{name}`"));
        if let Some(span) = spans.span(&place(first)) {
            report.also("the first is here", span);
        }
    }
}

struct Check<'c> {
    project: &'c Project,
    name: &'c str,
    service: &'c Service,
    spans: &'c Spans<'c>,
    report: &'c mut Report,
}

impl Check<'_> {
    fn path(&self, rest: &str) -> String {
        format!("services.{}.{rest}", self.name)
    }

    /// Reports at a value of the service.
    fn wrong(&mut self, rest: &str, message: String) -> &mut Report {
        let at = self.spans.at(&self.path(rest));
        self.report.error(at, message)
    }

    fn service(&mut self) {
        let service = self.service;
        let empty =
            service.build.is_none() && service.image.as_deref().is_none_or(str::is_empty) && service.provider.is_none();
        // If something invalid has been left out, it may have been this.
        if empty && !self.report.is_tainted(&self.path("image")) {
            let at = self.spans.key(&format!("services.{}", self.name));
            self.report.error(at, format!("the service `{}` has neither `image` nor `build`", self.name));
            self.report.help("say what it runs: `image: nginx:1`, or `build: ./dir` for a directory with a Dockerfile");
        }
        self.build();
        self.networks();
        self.dependencies();
        self.mounts();
        self.files();
        self.limits();
        if let Some(first) = service.healthcheck.as_ref().and_then(|check| check.test.first())
            && !matches!(first.as_str(), "CMD" | "CMD-SHELL" | "NONE")
        {
            self.wrong(
                "healthcheck.test",
                format!("a health check's list begins with `CMD`, `CMD-SHELL` or `NONE`, not `{first}`"),
            )
            .help("for example `test: [\"CMD\", \"curl\", \"-f\", \"http://localhost\"]`");
        }
        for (index, port) in service.ports.iter().enumerate() {
            if let Some(address) = port.host_ip.as_deref()
                && address.parse::<std::net::IpAddr>().is_err()
            {
                self.wrong(&format!("ports[{index}].host_ip"), format!("`{address}` is not an IP address"));
            }
        }
        for (index, trigger) in service.develop.iter().flat_map(|develop| &develop.watch).enumerate() {
            if trigger.path.is_empty() {
                self.wrong(&format!("develop.watch[{index}].path"), "the path to watch is empty".to_owned());
            }
            if trigger.target.as_deref().is_none_or(str::is_empty)
                && !matches!(trigger.action.as_str(), "rebuild" | "restart")
            {
                self.wrong(
                    &format!("develop.watch[{index}]"),
                    format!("the action `{}` needs a `target`", trigger.action),
                )
                .help("for example `target: /app`");
            }
        }
    }

    fn build(&mut self) {
        let Some(build) = &self.service.build else { return };
        if build.dockerfile.is_some() && build.dockerfile_inline.is_some() {
            self.wrong("build.dockerfile_inline", "`dockerfile` and `dockerfile_inline` exclude each other".to_owned())
                .help("remove one of them");
        }
        for (id, _) in build.ssh.iter().filter(|(id, path)| path.is_none() && *id != "default") {
            self.wrong(&format!("build.ssh.{id}"), format!("the SSH key `{id}` has no path"))
                .help(format!("write `{id}=~/.ssh/key`; only `default` needs no path"));
        }
        for (key, context) in &build.additional_contexts {
            let Some(other) = context.strip_prefix("service:") else { continue };
            let path = format!("build.additional_contexts.{key}");
            match self.project.services.get(other) {
                None => {
                    self.wrong(&path, format!("`{other}` is not a service"));
                }
                Some(service) if service.build.is_none() => {
                    self.wrong(&path, format!("the service `{other}` is not built, so it cannot be a context"));
                }
                Some(_) => {}
            }
        }
        if let Some(platform) = &self.service.platform
            && !build.platforms.is_empty()
            && !build.platforms.contains(platform)
        {
            self.wrong("build.platforms", format!("the platforms to build for lack the service's own, `{platform}`"));
        }
    }

    fn networks(&mut self) {
        if self.service.network_mode.is_some() && !self.service.networks.is_empty() {
            self.wrong("network_mode", "`network_mode` and `networks` exclude each other".to_owned())
                .help("remove one of them");
        }
        for network in self.service.networks.keys() {
            self.defined("network", "networks", &format!("networks.{network}"), network, &self.project.networks);
        }
        if let Some(other) = self.service.network_mode.as_ref().and_then(Namespace::service)
            && !self.project.services.contains_key(other)
            && !self.project.disabled_services.contains_key(other)
        {
            self.wrong("network_mode", format!("`{other}` is not a service"));
        }
    }

    fn dependencies(&mut self) {
        for (other, dependency) in &self.service.depends_on {
            if self.project.services.contains_key(other) {
                continue;
            }
            let path = format!("depends_on.{other}");
            if let Some(disabled) = self.project.disabled_services.get(other) {
                if dependency.required {
                    let profiles = disabled.profiles.join("`, `");
                    self.wrong(&path, format!("`{}` depends on `{other}`, which no active profile enables", self.name))
                        .help(format!("activate the profile `{profiles}`, or say `required: false`"));
                }
                continue;
            }
            self.wrong(&path, format!("`{}` depends on `{other}`, which is not a service", self.name));
            self.suggest(other, self.project.services.keys(), "services");
        }
    }

    fn mounts(&mut self) {
        let mut targets: HashMap<&str, String> = HashMap::new();
        let service = self.service;
        for (index, tmpfs) in service.tmpfs.iter().enumerate() {
            let target = tmpfs.split(':').next().unwrap_or(tmpfs);
            self.target(&mut targets, target, format!("tmpfs[{index}]"));
        }
        for (index, mount) in service.volumes.iter().enumerate() {
            let path = format!("volumes[{index}]");
            self.target(&mut targets, &mount.target, path.clone());
            if mount.tmpfs.as_ref().and_then(|tmpfs| tmpfs.size).is_some_and(|size| size < 0) {
                self.wrong(&format!("{path}.tmpfs.size"), "a size cannot be negative".to_owned());
            }
            match (mount.kind, mount.source.as_deref()) {
                (MountKind::Volume, Some(source)) if !source.is_empty() => {
                    self.defined("volume", "volumes", &format!("{path}.source"), source, &self.project.volumes);
                }
                (MountKind::Bind, None) => {
                    self.wrong(&path, "a bind mount needs a `source`".to_owned()).help("for example `source: ./data`");
                }
                _ => {}
            }
        }
    }

    fn target<'t>(&mut self, targets: &mut HashMap<&'t str, String>, target: &'t str, path: String) {
        if let Some(first) = targets.get(target) {
            let first = self.spans.span(&self.path(first));
            self.wrong(&path, format!("two things are mounted at {target}"));
            if let Some(first) = first {
                self.report.also("the first is here", first);
            }
            return;
        }
        targets.insert(target, path);
    }

    fn files(&mut self) {
        let project = self.project;
        let secrets = |files: &[FileMount]| files.iter().map(|file| file.source.clone()).collect::<Vec<_>>();
        for (index, source) in secrets(&self.service.secrets).iter().enumerate() {
            self.defined("secret", "secrets", &format!("secrets[{index}]"), source, &project.secrets);
        }
        for (index, source) in secrets(&self.service.configs).iter().enumerate() {
            self.defined("config", "configs", &format!("configs[{index}]"), source, &project.configs);
        }
        for (index, source) in self.service.build.iter().flat_map(|build| secrets(&build.secrets)).enumerate() {
            self.defined("secret", "secrets", &format!("build.secrets[{index}]"), &source, &project.secrets);
        }
        for model in self.service.models.keys() {
            self.defined("model", "models", &format!("models.{model}"), model, &project.models);
        }
    }

    /// Checks that what the service refers to is declared at the top of the file.
    fn defined<T>(&mut self, kind: &str, section: &str, path: &str, name: &str, all: &BTreeMap<String, T>) {
        if all.contains_key(name)
            || self.report.is_tainted(section)
            || self.report.is_tainted(&format!("{section}.{name}"))
        {
            return;
        }
        self.wrong(path, format!("`{}` uses the {kind} `{name}`, which is not declared", self.name));
        if self.report.is_full() {
            return;
        }
        match closest(name, all.keys().map(String::as_str)) {
            Some(name) => self.report.help(format!("did you mean `{name}`?")),
            None => {
                let value = if matches!(section, "networks" | "volumes") { "" } else { " ..." };
                self.report.help(format!("declare it at the top of the file: `{section}: {{ {name}:{value} }}`"))
            }
        };
    }

    fn suggest<'n>(&mut self, name: &str, names: impl Iterator<Item = &'n String>, section: &str) {
        if self.report.is_full() {
            return;
        }
        let names: Vec<_> = names.map(String::as_str).collect();
        match closest(name, names.iter().copied()) {
            Some(name) => self.report.help(format!("did you mean `{name}`?")),
            None => self.report.help(format!("the {section} are: {}", a_few(&names, ", "))),
        };
    }

    fn limits(&mut self) {
        let service = self.service;
        let deploy = service.deploy.as_ref();
        let replicas = deploy.and_then(|deploy| deploy.replicas);
        if let (Some(scale), Some(replicas)) = (service.scale, replicas)
            && scale != replicas
        {
            self.differ("scale", "deploy.replicas");
        }
        if service.container_name.is_some() && service.replicas() > 1 {
            let count = service.replicas();
            self.wrong(
                "container_name",
                format!("a container name is for one container, and `{}` has {count}", self.name),
            );
            let other = if service.scale.is_some() { "scale" } else { "deploy.replicas" };
            if let Some(span) = self.spans.span(&self.path(other)) {
                self.report.also("the number of replicas is set here", span);
            }
            self.report.help("remove `container_name`; each replica is named after the project and the service");
        }
        let resources = deploy.and_then(|deploy| deploy.resources.as_ref());
        if let Some(limits) = resources.and_then(|resources| resources.limits.as_ref()) {
            let set = |value: Option<f64>| value.filter(|value| *value != 0.0);
            if set(service.cpus).is_some_and(|cpus| limits.cpus.unwrap_or(0.0) != cpus) {
                self.differ("cpus", "deploy.resources.limits.cpus");
            }
            if given(service.mem_limit).is_some_and(|size| limits.memory.unwrap_or(0) != size) {
                self.differ("mem_limit", "deploy.resources.limits.memory");
            }
            if given(service.pids_limit).is_some_and(|count| limits.pids.unwrap_or(0) != count) {
                self.differ("pids_limit", "deploy.resources.limits.pids");
            }
        }
        if let Some(reservations) = resources.and_then(|resources| resources.reservations.as_ref()) {
            if given(service.mem_reservation).is_some_and(|size| reservations.memory.unwrap_or(0) != size) {
                self.differ("mem_reservation", "deploy.resources.reservations.memory");
            }
            for (index, device) in reservations.devices.iter().enumerate() {
                self.device(device, format!("deploy.resources.reservations.devices[{index}]"));
            }
        }
        for (index, device) in service.gpus.iter().enumerate() {
            self.device(device, format!("gpus[{index}]"));
        }
    }

    fn device(&mut self, device: &crate::model::DeviceRequest, path: String) {
        if device.count.is_some() && !device.device_ids.is_empty() {
            self.wrong(&path, "`count` and `device_ids` exclude each other".to_owned());
        }
    }

    /// Two keys that say the same say different things.
    fn differ(&mut self, one: &str, other: &str) {
        self.wrong(one, format!("`{one}` and `{other}` of `{}` differ", self.name));
        if let Some(span) = self.spans.span(&self.path(other)) {
            self.report.also(format!("`{other}` is set here"), span);
        }
        self.report.help(format!("keep one of them; `{other}` is enough"));
    }
}

/// A limit that is set; 0 is not.
fn given(value: Option<i64>) -> Option<i64> {
    value.filter(|value| *value != 0)
}

/// What services refer to each other by, which must not lead in a circle.
struct Edges {
    /// The services that one refers to, each with the key below the service.
    of: for<'a> fn(&'a Service) -> Vec<(&'a str, String)>,
    /// What they do to each other, and one to another: `depend on`, `depends on`.
    verbs: [&'static str; 2],
    help: &'static str,
}

const DEPENDENCIES: Edges = Edges {
    of: |service| service.depends_on.keys().map(|name| (name.as_str(), format!("depends_on.{name}"))).collect(),
    verbs: ["depend on", "depends on"],
    help: "one of them has to start first: remove its `depends_on`",
};

const BUILDS: Edges = Edges {
    of: |service| {
        let contexts = service.build.iter().flat_map(|build| &build.additional_contexts);
        let others = contexts.filter_map(|(key, context)| Some((key, context.strip_prefix("service:")?)));
        others.map(|(key, name)| (name, format!("build.additional_contexts.{key}"))).collect()
    },
    verbs: ["are built from", "is built from"],
    help: "one of them has to be built first: remove its `service:` context",
};

/// Reports each circle once.
fn circles(project: &Project, edges: &Edges, spans: &Spans<'_>, report: &mut Report) {
    // 1: on the way, 2: done.
    let mut state: HashMap<&str, u8> = HashMap::new();
    for start in project.services.keys() {
        // The path is a stack of services, each with its dependencies that are not visited yet.
        let mut way: Vec<(&str, Vec<&str>)> = Vec::new();
        let mut enter = Some(start.as_str());
        loop {
            if let Some(name) = enter.take() {
                match state.get(name) {
                    Some(2) => {}
                    Some(_) => {
                        let from = way.iter().position(|(on_way, _)| *on_way == name).unwrap_or(0);
                        let circle: Vec<_> = way[from..].iter().map(|(name, _)| *name).chain([name]).collect();
                        report_circle(project, edges, &circle, spans, report);
                    }
                    None => {
                        state.insert(name, 1);
                        let others = project.services.get(name).map(edges.of).unwrap_or_default();
                        let mut others: Vec<_> = others.into_iter().map(|(name, _)| name).collect();
                        others.reverse();
                        way.push((name, others));
                    }
                }
            }
            let Some((name, others)) = way.last_mut() else { break };
            match others.pop() {
                Some(other) => enter = project.services.contains_key(other).then_some(other),
                None => {
                    state.insert(name, 2);
                    way.pop();
                }
            }
        }
    }
}

/// The names, or the first and the last of very many.
fn a_few(names: &[&str], between: &str) -> String {
    const SHOWN: usize = 20;
    match names {
        [first @ .., last] if names.len() > SHOWN => {
            [first[..SHOWN - 2].join(between).as_str(), "...", last].join(between)
        }
        names => names.join(between),
    }
}

fn report_circle(project: &Project, edges: &Edges, circle: &[&str], spans: &Spans<'_>, report: &mut Report) {
    if report.is_full() {
        return;
    }
    let key = |pair: &[&str]| {
        let others = project.services.get(pair[0]).map(edges.of).unwrap_or_default();
        others.into_iter().find(|(name, _)| *name == pair[1]).map(|(_, key)| key).unwrap_or_default()
    };
    let place = |pair: &[&str]| format!("services.{}.{}", pair[0], key(pair));
    let Some(first) = circle.windows(2).next() else { return };
    let Edges { verbs: [plural, singular], help, .. } = edges;
    report.error(
        spans.key(&place(first)),
        format!("services {plural} each other in a circle: {}", a_few(circle, " -> ")),
    );
    for pair in circle.windows(2).skip(1) {
        if let Some(span) = spans.key_span(&place(pair)) {
            report.also(format!("`{}` {singular} `{}` here", pair[0], pair[1]), span);
        }
    }
    report.help(*help);
}

/// Checks networks, volumes, secrets and configs by themselves.
pub(crate) fn check_resources(project: &Project, spans: &Spans<'_>, report: &mut Report) {
    for (name, volume) in &project.volumes {
        let set = [
            ("driver", volume.driver.is_some()),
            ("driver_opts", !volume.driver_opts.is_empty()),
            ("labels", !volume.labels.is_empty()),
        ];
        for (key, _) in set.iter().filter(|(_, set)| *set && volume.external) {
            report.error(
                spans.at(&format!("volumes.{name}.{key}")),
                format!("the volume `{name}` is external, so `{key}` has no effect"),
            );
            report.help(format!("remove `{key}`, or `external`"));
        }
    }
    for (section, objects) in [("secrets", &project.secrets), ("configs", &project.configs)] {
        for (name, object) in objects {
            let path = format!("{section}.{name}");
            if report.is_tainted(&path) {
                continue;
            }
            let sources = [
                ("file", object.file.is_some()),
                ("environment", object.environment.is_some()),
                ("content", object.content.is_some()),
            ];
            let set: Vec<_> = sources.iter().filter(|(_, set)| *set).map(|(key, _)| format!("`{key}`")).collect();
            if set.len() > 1 {
                report.error(spans.key(&path), format!("{} of `{name}` exclude each other", set.join(" and ")));
            }
            let elsewhere = object.external || (section == "configs" && object.driver.is_some());
            if set.is_empty() && !elsewhere {
                report.error(spans.key(&path), format!("`{name}` in `{section}` has no value"));
                report.help(format!(
                    "say where it is: `file: ./{name}.txt`, `environment: VARIABLE` or `external: true`"
                ));
            }
        }
    }
}
