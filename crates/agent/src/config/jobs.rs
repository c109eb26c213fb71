//! `scrape_configs`: what is read, and how it is processed.

use std::collections::HashMap;
use std::time::Duration;

use wharf_loki::Labels;
use wharf_loki::labels::is_label_name;

use super::section::{Faults, Section};
use crate::discovery::Labelling;
use crate::discovery::meta::Addressing;
use crate::pipeline::Pipeline;
use crate::relabel::Rules;
use crate::yaml::Node;

/// A scrape job.
#[derive(Debug)]
pub struct Job {
    /// Its name.
    pub name: String,
    /// Its stages; `None`: it has none.
    pub pipeline: Option<Pipeline>,
    /// The engines whose containers it reads.
    pub docker: Vec<DockerFrom>,
    /// The files that it reads.
    pub files: Vec<FilesFrom>,
    /// How labels are made.
    pub labelling: Labelling,
}

/// A `docker_sd_configs` entry.
#[derive(Debug, Clone, Default)]
pub struct DockerFrom {
    /// The engine's address; `None`: that of `DOCKER_HOST` and contexts.
    pub host: Option<String>,
    /// The engine's filters.
    pub filters: HashMap<String, Vec<String>>,
    /// A label that excludes containers, with its value.
    pub without: Option<(String, String)>,
    /// How addresses are made.
    pub addressing: Addressing,
}

/// A `static_configs` entry with `__path__`.
#[derive(Debug, Clone)]
pub struct FilesFrom {
    /// `__path__`
    pub path: String,
    /// `__path_exclude__`
    pub exclude: Option<String>,
    /// The other labels.
    pub labels: Labels,
    /// How often to look for files.
    pub period: Duration,
}

/// Sources of Promtail's that this agent does not have.
const OTHERS: [&str; 17] = [
    "journal",
    "syslog",
    "gcplog",
    "push",
    "loki_push_api",
    "windows_events",
    "kafka",
    "azure_event_hubs",
    "gelf",
    "cloudflare",
    "heroku_drain",
    "file_sd_configs",
    "kubernetes_sd_configs",
    "consul_sd_configs",
    "consulagent_sd_configs",
    "dns_sd_configs",
    "ec2_sd_configs",
];

pub(super) fn read(node: &Node, number: usize, period: Duration, faults: &mut Faults) -> Option<Job> {
    let mut job = Section::new("a scrape job", node, faults);
    let name = job.text("job_name").unwrap_or_else(|| format!("job-{number}"));
    let pipeline = job.child("pipeline_stages").and_then(|node| match Pipeline::from_config(node) {
        Ok(pipeline) => Some(pipeline),
        Err(mut errors) => {
            job.faults().errors.append(&mut errors);
            None
        }
    });
    let rules = job.child("relabel_configs").map(|node| match Rules::from_config(node) {
        Ok(rules) => rules,
        Err(mut errors) => {
            job.faults().errors.append(&mut errors);
            Rules::default()
        }
    });
    let docker: Vec<DockerFrom> =
        job.list("docker_sd_configs").into_iter().map(|node| docker(node, job.faults())).collect();
    let static_configs = job.list("static_configs");
    let files: Vec<FilesFrom> = static_configs.iter().filter_map(|node| files(node, period, job.faults())).collect();
    for other in OTHERS {
        if let Some(node) = job.child(other) {
            job.error(node, format!("`{other}` is not read by this agent: it reads containers and files"));
        }
    }
    job.without_effect("decompression", "rotated logs of containers are unpacked by themselves");
    job.without_effect("encoding", "lines are UTF-8");
    if docker.is_empty() && static_configs.is_empty() {
        job.error_here("a scrape job without `docker_sd_configs` and `static_configs` reads nothing");
    }
    let labelling = match rules {
        None if files.is_empty() => Labelling::Defaults,
        rules => Labelling::Rules(rules.unwrap_or_default()),
    };
    job.finish();
    Some(Job { name, pipeline: pipeline.filter(|pipeline| !pipeline.is_empty()), docker, files, labelling })
}

fn docker(node: &Node, faults: &mut Faults) -> DockerFrom {
    let mut section = Section::new("docker_sd_configs", node, faults);
    let mut from = DockerFrom { host: section.text("host"), ..DockerFrom::default() };
    if from.host.is_none() {
        section.error_here("`docker_sd_configs` without `host`: add `host: unix:///var/run/docker.sock`");
    }
    for node in section.list("filters") {
        let mut filter = Section::new("a filter", node, section.faults());
        let values: Vec<String> =
            filter.list("values").iter().filter_map(|value| value.as_text().map(str::to_owned)).collect();
        match filter.text("name") {
            Some(name) => from.filters.entry(name).or_default().extend(values),
            None => filter.error_here("a filter without `name`"),
        }
        filter.finish();
    }
    if let Some(port) = section.integer("port", 0, u16::MAX.into()) {
        from.addressing.port = u16::try_from(port).unwrap_or(80);
    }
    if let Some(host) = section.text("host_networking_host") {
        from.addressing.host_networking_host = host;
    }
    section.without_effect("refresh_interval", "the engine reports changes at once");
    section.without_effect("match_first_network", "a container is one target, with its first network");
    for name in ["tls_config", "basic_auth", "authorization", "bearer_token", "bearer_token_file", "oauth2"] {
        section.without_effect(name, "DOCKER_CERT_PATH and contexts say how an engine is reached");
    }
    for name in
        ["proxy_url", "no_proxy", "proxy_from_environment", "proxy_connect_header", "follow_redirects", "enable_http2"]
    {
        section.without_effect(name, "engines are asked directly");
    }
    section.finish();
    from
}

fn files(node: &Node, period: Duration, faults: &mut Faults) -> Option<FilesFrom> {
    let mut section = Section::new("static_configs", node, faults);
    section.child("targets");
    let pairs = section.pairs("labels");
    for (name, _) in &pairs {
        if !is_label_name(name)
            && let Some(node) = section.child("labels")
        {
            section
                .error(node, format!("`{name}` is not a label name: letters, digits and `_` only, and no digit first"));
        }
    }
    let value = |wanted: &str| pairs.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let (path, exclude) = (value("__path__"), value("__path_exclude__"));
    let Some(path) = path.filter(|path| !path.is_empty()) else {
        section.error_here("`static_configs` without the label `__path__`, which says what to read");
        section.finish();
        return None;
    };
    if let Err(error) = globset::Glob::new(&path) {
        section.error_here(format!("`__path__: {path}`: {}", error.kind()));
    }
    section.finish();
    let labels = pairs.into_iter().filter(|(name, _)| !name.starts_with("__path"));
    let labels = Labels::unchecked(labels.map(|(name, value)| (name.into(), value.into())).collect());
    Some(FilesFrom { path, exclude, labels, period })
}
