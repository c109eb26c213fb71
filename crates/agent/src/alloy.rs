//! Alloy's configuration, as far as it is about the logs of containers and files, into Promtail's YAML.
//!
//! The components on the way of logs are read: `discovery.docker`, `discovery.relabel`, `local.file_match`,
//! `loki.source.docker`, `loki.source.file`, `loki.relabel`, `loki.process`, `loki.write`. Other components are left out with a
//! warning. What is on the way and has no counterpart is an error with its place.

mod all;
mod clients;
mod components;
mod functions;
mod jobs;
mod json;
mod read;
mod stages;
mod variable;
mod write;

use crate::yaml::{ConfigError, ErrorAt as _, Place};

/// A converted configuration.
#[derive(Debug)]
pub struct Converted {
    /// The YAML.
    pub yaml: String,
    /// Whether it has variables of the environment, so that it is to be expanded before it is read.
    pub variables: bool,
    /// What is not quite the same, in the order of the file.
    pub warnings: Vec<ConfigError>,
}

/// Converts a configuration. With `strict`, a component that is left out is an error.
///
/// # Errors
///
/// Everything that cannot be read or has no counterpart, in the order of the file.
pub fn convert(text: &str, strict: bool) -> Result<Converted, Vec<ConfigError>> {
    let blocks = read::read(text).map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let config = components::convert(&blocks, strict, &mut errors, &mut warnings);
    errors.sort_by_key(|error| error.place);
    if !errors.is_empty() {
        errors.dedup();
        return Err(errors);
    }
    let (yaml, variables) = write::yaml(&config);
    if variables {
        let start = Place { line: 1, column: 1 };
        warnings.push(start.error("the result has variables of the environment: read it with `--expand-env`"));
    }
    warnings.sort_by_key(|warning| warning.place);
    Ok(Converted { yaml, variables, warnings })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALLOY: &str = r#"
// The usual one.
discovery.docker "local" {
  host = "unix:///var/run/docker.sock"
  filter {
    name   = "label"
    values = ["log_collect=true"]
  }
}

discovery.relabel "names" {
  targets = discovery.docker.local.targets
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex         = "/(.*)"
    target_label  = "container"
  }
}

loki.source.docker "all" {
  host       = "unix:///var/run/docker.sock"
  targets    = discovery.relabel.names.output
  labels     = {job = "docker"}
  forward_to = [loki.process.levels.receiver]
}

loki.process "levels" {
  stage.json { expressions = {level = "", msg = "message"} }
  stage.match {
    selector = `{container="web"}`
    stage.drop { expression = ".*health.*" }
  }
  stage.labels { values = {level = null} }
  stage.label_drop { values = ["filename"] }
  forward_to = [loki.write.default.receiver]
}

loki.write "default" {
  endpoint {
    url       = "http://loki:3100/loki/api/v1/push"
    tenant_id = "team-" + "a"
    basic_auth { username = "me", password_file = "/run/secret" }
  }
  external_labels = {host = "h1"}
}
"#;

    #[test]
    fn the_usual_components_become_a_configuration_that_is_right() {
        // River has no commas between the attributes of a block.
        let text = ALLOY.replace(
            "{ username = \"me\", password_file = \"/run/secret\" }",
            "{\n username = \"me\"\n password_file = \"/run/secret\"\n }",
        );
        let converted = convert(&text, true).unwrap();
        assert_eq!(
            converted.yaml,
            "\
clients:
  - url: \"http://loki:3100/loki/api/v1/push\"
    tenant_id: \"team-a\"
    basic_auth:
      username: \"me\"
      password_file: \"/run/secret\"
    external_labels:
      host: \"h1\"
scrape_configs:
  - job_name: \"all\"
    docker_sd_configs:
      - host: \"unix:///var/run/docker.sock\"
        filters:
          - name: \"label\"
            values:
              - \"log_collect=true\"
    relabel_configs:
      - source_labels:
          - \"__meta_docker_container_name\"
        regex: \"/(.*)\"
        target_label: \"container\"
      - target_label: \"job\"
        replacement: \"docker\"
    pipeline_stages:
      - json:
          expressions:
            level: \"\"
            msg: \"message\"
      - match:
          selector: \"{container=\\\"web\\\"}\"
          stages:
            - drop:
                expression: \".*health.*\"
      - labels:
          level: null
      - labeldrop:
          - \"filename\"
"
        );
        let read = crate::config::from_yaml(&converted.yaml).unwrap();
        assert_eq!(read.config.jobs.len(), 1);
    }

    #[test]
    fn what_has_no_counterpart_is_told_with_its_place() {
        let text = "prometheus.scrape \"x\" {\n}\nloki.write \"w\" {\n  endpoint {\n    speed = 1\n  }\n}\n\
                    loki.source.file \"f\" {\n  targets = [{__path__ = \"/a\"}]\n  forward_to = [loki.write.w.receiver]\n}\n";
        let told =
            |strict| -> Vec<String> { convert(text, strict).unwrap_err().iter().map(ToString::to_string).collect() };
        assert_eq!(told(false), ["5:5: `speed` of an endpoint has no counterpart"]);
        assert_eq!(told(true)[0], "1:1: `prometheus.scrape` is left out: it has no counterpart");
        let nothing = convert("prometheus.scrape \"x\" {}", false).unwrap_err();
        assert!(nothing[0].message.starts_with("there is no `loki.source.docker`"), "{nothing:?}");
    }

    /// As real files have it: metrics beside logs, rules behind the source, files, sums and functions.
    const MIXED: &str = r#"
prometheus.exporter.unix "host" { }
prometheus.scrape "host" {
  targets    = prometheus.exporter.unix.host.targets
  forward_to = [prometheus.remote_write.default.receiver]
}
local.file "token" { filename = "/run/secrets/token" }
local.file_match "app" {
  path_targets = [{"__path__" = "/var/log/app/*.log", "app" = "a$b"}]
}
loki.source.file "files" {
  targets    = local.file_match.app.targets
  forward_to = [loki.relabel.both.receiver]
}
discovery.docker "a" { host = "unix:///var/run/docker.sock" }
loki.source.docker "containers" {
  host          = "unix:///var/run/docker.sock"
  targets       = discovery.docker.a.targets
  labels        = {"cost" = "1$"}
  relabel_rules = loki.relabel.names.rules
  forward_to    = [loki.relabel.both.receiver, otelcol.receiver.loki.x.receiver]
}
loki.relabel "names" {
  forward_to = []
  rule {
    source_labels = ["__meta_docker_container_name"]
    regex         = "/(.*)"
    replacement   = "c-${1}"
    target_label  = "container"
  }
}
loki.relabel "both" {
  forward_to = [loki.write.default.receiver]
  rule {
    target_label = "host"
    replacement  = constants.hostname
  }
  rule {
    target_label = "by"
    replacement  = "wharf " + constants.version
  }
}
loki.write "default" {
  endpoint {
    url          = "https://" + sys.env("LOKI") + string.format("/%s/push", "v1")
    bearer_token = local.file.token.content
  }
}
loki.write "unused" {
  endpoint { url = "http://other" }
}
"#;

    #[test]
    fn real_files_have_more_than_logs() {
        let converted = convert(MIXED, false).unwrap();
        let warnings: Vec<String> = converted.warnings.iter().map(ToString::to_string).collect();
        for part in [
            "2:1: `prometheus.exporter.unix` is left out",
            "`otelcol.receiver.loki.x.receiver`",
            "`loki.write.unused` is left out",
            "`--expand-env`",
        ] {
            assert!(warnings.iter().any(|line| line.contains(part)), "{part}: {warnings:#?}");
        }
        assert!(converted.variables);
        let environment = [("LOKI", "loki.example.com"), ("HOSTNAME", "vm-1")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let expanded = crate::config::expand_environment(&converted.yaml, &environment).unwrap();
        let read = crate::config::from_yaml(&expanded).unwrap();
        let client = &read.config.clients[0];
        assert_eq!(client.url.as_str(), "https://loki.example.com/v1/push");
        assert_eq!(client.auth, crate::delivery::Auth::TokenFile("Bearer".to_owned(), "/run/secrets/token".into()));
        assert_eq!(read.config.clients.len(), 1);
        let by = format!("wharf {}", env!("CARGO_PKG_VERSION"));
        let [files, containers] = &read.config.jobs[..] else { panic!("{}", converted.yaml) };
        assert_eq!(files.files[0].labels.to_string(), format!(r#"{{app="a$b", by="{by}", host="vm-1"}}"#));
        assert_eq!((containers.name.as_str(), containers.docker.len()), ("containers", 1));
        let crate::discovery::Labelling::Rules(rules) = &containers.labelling else { panic!() };
        let discovered = wharf_loki::Labels::empty().with("__meta_docker_container_name", "/web");
        let labels = rules.apply(&discovered).unwrap().filtered(|name, _| !name.starts_with("__"));
        assert_eq!(labels.to_string(), format!(r#"{{by="{by}", container="c-web", cost="1$", host="vm-1"}}"#));
    }

    proptest::proptest! {
        #[test]
        fn nothing_upsets_it(text in "[a-z\"`{}\\[\\]=.,/* \n\\\\]{0,60}") {
            let _ = convert(&text, false);
        }
    }
}
