//! Alloy's configuration, as far as it is about containers' logs, into Promtail's YAML.
//!
//! The components on the way are read: `discovery.docker`, `discovery.relabel`, `loki.source.docker`, `loki.process`,
//! `loki.write`. What has no counterpart is an error with its place, and never left out in silence.

mod components;
mod json;
mod read;
mod stages;
mod write;

use crate::yaml::ConfigError;

/// A converted configuration.
#[derive(Debug)]
pub struct Converted {
    /// The YAML.
    pub yaml: String,
    /// What is not quite the same.
    pub warnings: Vec<ConfigError>,
}

/// Converts a configuration.
///
/// # Errors
///
/// Everything that cannot be read or has no counterpart, in the order of the file.
pub fn convert(text: &str) -> Result<Converted, Vec<ConfigError>> {
    let blocks = read::read(text).map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let config = components::convert(&blocks, &mut errors, &mut warnings);
    errors.sort_by_key(|error| error.place);
    if errors.is_empty() { Ok(Converted { yaml: write::yaml(&config), warnings }) } else { Err(errors) }
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
    tenant_id = sys.env("TENANT")
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
        let converted = convert(&text).unwrap();
        assert_eq!(
            converted.yaml,
            "\
clients:
  - url: \"http://loki:3100/loki/api/v1/push\"
    tenant_id: \"${TENANT}\"
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
        let errors = convert("prometheus.scrape \"x\" {\n}\nloki.write \"w\" {\n  endpoint {\n    speed = 1\n  }\n}\n")
            .unwrap_err();
        let text: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(text[0], "1:1: `prometheus.scrape` is not about containers' logs: it has no counterpart");
        assert!(text.iter().any(|line| line.starts_with("5:5: `speed`")), "{text:?}");
    }

    proptest::proptest! {
        #[test]
        fn nothing_upsets_it(text in "[a-z\"`{}\\[\\]=.,/* \n\\\\]{0,60}") {
            let _ = convert(&text);
        }
    }
}
