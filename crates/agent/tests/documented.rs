//! The pipelines of docs/agent-stages.md do what the page says.
#![expect(clippy::unwrap_used, reason = "a test says what is wrong by its panic")]

use std::time::Instant;

use wharf_agent::pipeline::{Entry, Now, Origin, Pipeline};
use wharf_agent::relabel::Rules;
use wharf_agent::yaml;
use wharf_loki::{Labels, Selector};

const PAGE: &str = include_str!("../../../docs/agent-stages.md");
/// The time that entries come with.
const READ_AT: i64 = 1_763_712_000_000_000_000;

/// The first block in a language behind a place on the page.
fn block<'p>(page: &'p str, language: &str) -> &'p str {
    let (_, after) = page.split_once(&format!("```{language}\n")).unwrap();
    after.split_once("```").unwrap().0
}

fn labels(text: &str) -> Labels {
    let selector = Selector::parse(text).unwrap();
    Labels::new(selector.matchers.into_iter().map(|matcher| (matcher.name, matcher.value))).unwrap()
}

/// As the page shows an entry: the time only where a stage set it, structured metadata only where there is some.
fn shown(entry: &Entry<'_>) -> String {
    let mut out = entry.labels.to_string();
    if entry.timestamp != READ_AT {
        out += &format!(" {}", entry.timestamp);
    }
    if !entry.structured_metadata.is_empty() {
        let pairs: Vec<_> = entry.structured_metadata.iter().map(|(name, value)| format!("{name}={value}")).collect();
        out += &format!(" [{}]", pairs.join(" "));
    }
    format!("{out} {}", entry.line.replace('\n', "⏎"))
}

fn check(name: &str) {
    let (_, section) = PAGE.split_once(&format!("<!-- pipeline: {name} -->")).unwrap();
    let mut pipeline = Pipeline::from_config(&yaml::read(block(section, "yaml")).unwrap()).unwrap();
    let case = block(section, "text");
    let now = Now { unix: READ_AT, monotonic: Instant::now() };
    let (mut stream, mut out) = (Labels::empty(), Vec::new());
    for line in case.lines() {
        if let Some(text) = line.strip_prefix("@ ") {
            stream = labels(text);
        } else if let Some(line) = line.strip_prefix("< ") {
            let entry = Entry::new(READ_AT, line, stream.clone(), Origin::default());
            pipeline.process(entry, now, &mut |entry| out.push(shown(&entry)));
        }
    }
    pipeline.finish(now, &mut |entry| out.push(shown(&entry)));
    let expected: Vec<&str> = case.lines().filter_map(|line| line.strip_prefix("> ")).collect();
    assert_eq!(out, expected);
}

#[test]
fn json_levels() {
    check("json levels");
}

#[test]
fn java_and_python_traces() {
    check("traces");
}

#[test]
fn nginx_access_log() {
    check("nginx");
}

#[test]
fn logfmt() {
    check("logfmt");
}

#[test]
fn health_checks_are_dropped() {
    check("health checks");
}

#[test]
fn each_stage_of_the_table_reads_its_example() {
    let (_, table) = PAGE.split_once("| stage | what it does | example |").unwrap();
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let mut count = 0;
    for row in rows {
        let example =
            row.trim_end_matches(" |").rsplit_once("| `").unwrap().1.trim_end_matches('`').replace("\\|", "|");
        let example = example.replace("[...]", "[{decolorize: }]");
        Pipeline::from_config(&yaml::read(&example).unwrap()).unwrap_or_else(|errors| panic!("{example}: {errors:?}"));
        count += 1;
    }
    assert_eq!(count, 23);
}

#[test]
fn the_relabelling_rules_of_the_page() {
    let (_, section) = PAGE.split_once("## Relabelling").unwrap();
    let config = yaml::read(block(section, "yaml")).unwrap();
    let rules = Rules::from_config(config.get("relabel_configs").unwrap()).unwrap();
    let target = Labels::new([
        ("__meta_docker_container_label_log_collect", "true"),
        ("__meta_docker_container_name", "/shop-web-1"),
        ("__meta_docker_container_label_com_docker_compose_service", "web"),
    ])
    .unwrap();
    let kept = rules.apply(&target).unwrap();
    assert_eq!(kept.get("container"), Some("shop-web-1"));
    assert_eq!(kept.get("compose_service"), Some("web"));
    assert_eq!(rules.apply(&Labels::empty()), None);
}
