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

/// A target of a `static_configs` entry, after relabelling.
#[derive(Debug, Clone, PartialEq)]
pub struct FilesFrom {
    /// `__path__`
    pub path: String,
    /// `__path_exclude__`
    pub exclude: Option<String>,
    /// `__host__`: only the machine of this name reads it.
    pub host: Option<String>,
    /// The labels that do not begin with `__`.
    pub labels: Labels,
    /// How often to look for files.
    pub period: Duration,
}

/// The label with a target's address.
const ADDRESS: &str = "__address__";

/// Sources of Promtail's that this agent does not have.
const OTHERS: [&str; 26] = [
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
    "azure_sd_configs",
    "digitalocean_sd_configs",
    "dockerswarm_sd_configs",
    "gce_sd_configs",
    "marathon_sd_configs",
    "nerve_sd_configs",
    "openstack_sd_configs",
    "serverset_sd_configs",
    "triton_sd_configs",
];

/// Reads a job; `None`: it has only sources that this agent does not read.
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
    let of_all = Rules::default();
    let of_files = rules.as_ref().unwrap_or(&of_all);
    let files: Vec<FilesFrom> =
        static_configs.iter().flat_map(|node| files(node, of_files, period, job.faults())).collect();
    let others: Vec<&str> = OTHERS.into_iter().filter(|other| job.child(other).is_some()).collect();
    for other in &others {
        job.warn(other, "left out: this agent reads containers and files");
    }
    job.without_effect("decompression", "rotated logs of containers are unpacked by themselves");
    job.without_effect("encoding", "lines are UTF-8");
    let reads_nothing = docker.is_empty() && static_configs.is_empty();
    if reads_nothing && others.is_empty() {
        job.error_here("a scrape job without `docker_sd_configs` and `static_configs` reads nothing");
    }
    let labelling = match rules {
        None if static_configs.is_empty() => Labelling::Defaults,
        rules => Labelling::Rules(rules.unwrap_or_default()),
    };
    job.finish();
    let pipeline = pipeline.filter(|pipeline| !pipeline.is_empty());
    (!reads_nothing).then_some(Job { name, pipeline, docker, files, labelling })
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

/// The files of a `static_configs` entry: one for each of its targets, with its labels as the rules leave them.
fn files(node: &Node, rules: &Rules, period: Duration, faults: &mut Faults) -> Vec<FilesFrom> {
    let mut section = Section::new("static_configs", node, faults);
    let mut targets: Vec<String> =
        section.list("targets").iter().filter_map(|target| target.as_text().map(str::to_owned)).collect();
    if targets.is_empty() {
        targets.push("localhost".to_owned());
    }
    let pairs = section.pairs("labels");
    for (name, _) in &pairs {
        if !is_label_name(name)
            && let Some(node) = section.child("labels")
        {
            section
                .error(node, format!("`{name}` is not a label name: letters, digits and `_` only, and no digit first"));
        }
    }
    let labels = Labels::unchecked(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect());
    let mut found: Vec<FilesFrom> = Vec::new();
    for target in targets {
        // Rules see the address unless a label says another.
        let address = labels.get(ADDRESS).map(str::to_owned).unwrap_or(target);
        let Some(labels) = rules.apply(&labels.with(ADDRESS, address)) else { continue };
        let Some(path) = labels.get("__path__") else {
            section.warn_here("there is no label `__path__` after relabelling: this entry reads nothing");
            continue;
        };
        if let Err(error) = globset::Glob::new(path) {
            section.error_here(format!("`__path__: {path}`: {}", error.kind()));
        }
        let from = FilesFrom {
            path: path.to_owned(),
            exclude: labels.get("__path_exclude__").map(str::to_owned),
            host: labels.get("__host__").map(str::to_owned),
            labels: labels.filtered(|name, _| !name.starts_with("__")),
            period,
        };
        if !found.contains(&from) {
            found.push(from);
        }
    }
    section.finish();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::from_yaml;

    fn read(job: &str) -> (Vec<FilesFrom>, Vec<String>) {
        let text = format!("clients: [{{url: http://loki/push}}]\nscrape_configs:\n- job_name: j\n{job}");
        let mut read = from_yaml(&text).map_err(|errors| errors[0].to_string()).unwrap();
        (read.config.jobs.remove(0).files, read.warnings.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn the_path_is_what_the_rules_make_of_it() {
        let (files, warnings) = read(
            "  static_configs:
  - {targets: [one, two], labels: {app: a, __path__: /var/log/a.log}}
  - {labels: {app: b}}
  - {labels: {app: c, __path__: /var/log/c.log, __host__: other}}
  relabel_configs:
  - {source_labels: [app], regex: 'a', target_label: __path__, replacement: /var/log/b.log}
  - {source_labels: [__address__], target_label: address}
",
        );
        let shown: Vec<(&str, String)> =
            files.iter().map(|from| (from.path.as_str(), from.labels.to_string())).collect();
        let expected = [
            ("/var/log/b.log", r#"{address="one", app="a"}"#),
            ("/var/log/b.log", r#"{address="two", app="a"}"#),
            ("/var/log/c.log", r#"{address="localhost", app="c"}"#),
        ];
        assert_eq!(shown, expected.map(|(path, labels)| (path, labels.to_owned())));
        assert_eq!(files[2].host.as_deref(), Some("other"));
        assert_eq!(warnings, ["6:5: there is no label `__path__` after relabelling: this entry reads nothing"]);
    }

    #[test]
    fn a_job_with_another_source_is_left_out_unless_it_is_the_only_one() {
        let journal = "- job_name: journal
  journal: {path: /var/log/journal}
  relabel_configs: [{source_labels: [__journal__systemd_unit], target_label: unit}]
";
        let (files, warnings) =
            read(&format!("  static_configs: [{{labels: {{__path__: /a}}}}]\n  dockerswarm_sd_configs: []\n{journal}"));
        assert_eq!(files.len(), 1);
        assert_eq!(
            warnings,
            [
                "5:3: `dockerswarm_sd_configs`: left out: this agent reads containers and files",
                "7:3: `journal`: left out: this agent reads containers and files"
            ]
        );
        let alone = from_yaml(&format!("clients: [{{url: http://loki/push}}]\nscrape_configs:\n{journal}"));
        let errors: Vec<String> = alone.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            errors,
            ["3:3: no job reads containers or files: add one with `docker_sd_configs` or `static_configs`"]
        );
    }

    #[test]
    fn an_entry_that_rules_drop_reads_nothing() {
        let (files, warnings) = read(
            "  static_configs: [{labels: {app: a, __path__: /a}}, {labels: {app: b, __path__: /b}}]
  relabel_configs: [{source_labels: [app], regex: a, action: drop}]
",
        );
        assert_eq!(files.iter().map(|from| from.path.as_str()).collect::<Vec<_>>(), ["/b"]);
        assert!(warnings.is_empty());
    }
}
