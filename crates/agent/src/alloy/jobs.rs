//! `loki.source.docker` and `loki.source.file`, with what leads to them and from them, to `scrape_configs`.

use serde_json::{Map, Value as Json, json};

use super::all::All;
use super::json::{Problems, insert_list, json_of, object_of};
use super::read::{Block, Kind, Value};
use super::stages::stages;

/// The components that read logs.
pub(super) const SOURCES: [&str; 2] = ["loki.source.docker", "loki.source.file"];
/// Components may follow one another as often as this.
const LONGEST: usize = 16;

/// A job.
pub(super) struct Job {
    pub(super) config: Json,
    /// The `loki.write` components that its lines go to.
    pub(super) writes: Vec<String>,
}

/// Targets that have the same rules.
#[derive(Clone, Default)]
struct Group {
    /// `docker_sd_configs`
    docker: Vec<Json>,
    /// The labels of files, with `__path__`.
    files: Vec<Json>,
    rules: Vec<Json>,
}

/// A way of lines to endpoints.
#[derive(Clone, Default)]
struct Way {
    rules: Vec<Json>,
    stages: Vec<Json>,
    writes: Vec<String>,
}

/// The jobs of a source: one for each group of targets and each way of lines.
pub(super) fn jobs(source: &Block, all: &All<'_>, problems: &mut Problems<'_>) -> Vec<Job> {
    let (of_docker, label) = (source.name == "loki.source.docker", source.label.clone().unwrap_or_default());
    let groups = source.attribute("targets").map(|targets| groups(targets, all, problems, 0)).unwrap_or_default();
    let rules = rules_of_source(source, all, problems);
    for (name, value) in &source.attributes {
        match name.as_str() {
            "targets" | "forward_to" => {}
            "host" | "relabel_rules" | "labels" | "refresh_interval" if of_docker => {}
            "encoding" | "tail_from_end" | "legacy_positions_file" | "on_positions_file_error" if !of_docker => {
                problems.warn(value.place, format!("`{name}` is left out"));
            }
            _ => problems.error(value.place, format!("`{name}` of {} has no counterpart", source.name)),
        }
    }
    for part in &source.blocks {
        problems.warn(part.place, format!("`{}` is left out", part.name));
    }
    let ways = match source.attribute("forward_to") {
        Some(to) => ways(to, all, Way::default(), problems, 0),
        None => Vec::new(),
    };
    let mut jobs = Vec::new();
    for mut group in groups {
        if of_docker && !group.files.is_empty() {
            problems.error(source.place, "`loki.source.docker` reads containers, and its targets are files");
        }
        if !of_docker && !group.docker.is_empty() {
            problems.warn(source.place, "containers' logs are read as such: `stage.docker` has nothing to do");
        }
        if let Some(host) = source.attribute("host") {
            for docker in group.docker.iter_mut().filter_map(Json::as_object_mut) {
                if !docker.contains_key("host") {
                    docker.insert("host".to_owned(), json_of(host, problems));
                }
            }
        }
        group.rules.extend(rules.iter().cloned());
        for way in &ways {
            let name = match jobs.len() {
                0 => label.clone(),
                number => format!("{label}-{}", number + 1),
            };
            jobs.push(job(name, &group, way));
        }
    }
    jobs
}

fn job(name: String, group: &Group, way: &Way) -> Job {
    let mut job = Map::new();
    job.insert("job_name".to_owned(), name.into());
    insert_list(&mut job, "docker_sd_configs", group.docker.clone());
    let files = group.files.iter().map(|labels| json!({ "labels": labels }));
    insert_list(&mut job, "static_configs", files.collect());
    insert_list(&mut job, "relabel_configs", [group.rules.as_slice(), &way.rules].concat());
    insert_list(&mut job, "pipeline_stages", way.stages.clone());
    Job { config: job.into(), writes: way.writes.clone() }
}

/// The rules that a source has itself.
fn rules_of_source(source: &Block, all: &All<'_>, problems: &mut Problems<'_>) -> Vec<Json> {
    let mut rules = Vec::new();
    if let Some(value) = source.attribute("relabel_rules") {
        match &value.kind {
            Kind::Reference(path) if let Some(relabel) = all.of_path(path) => rules.extend(rules_of(relabel, problems)),
            _ => problems.error(value.place, "`relabel_rules` is not from a component: write loki.relabel.NAME.rules"),
        }
    }
    if let Some(value) = source.attribute("labels") {
        for (name, value) in json_of(value, problems).as_object().into_iter().flatten() {
            // In a replacement, a dollar sign begins a group.
            let value = value.as_str().map_or_else(|| value.clone(), |text| text.replace('$', "$$").into());
            rules.push(json!({ "target_label": name, "replacement": value }));
        }
    }
    rules
}

/// The engines and files that targets come from, with the rules on the way.
fn groups(targets: &Value, all: &All<'_>, problems: &mut Problems<'_>, depth: usize) -> Vec<Group> {
    match &targets.kind {
        Kind::Call(name, lists) if matches!(name.as_str(), "concat" | "array.concat") => {
            lists.iter().flat_map(|list| groups(list, all, problems, depth)).collect()
        }
        Kind::List(items) => {
            let files = items.iter().map(|item| json_of(item, problems)).filter(Json::is_object).collect();
            vec![Group { files, ..Group::default() }]
        }
        Kind::Reference(path) => match all.of_path(path) {
            Some(block) if block.name == "discovery.docker" => {
                vec![Group { docker: vec![docker(block, problems)], ..Group::default() }]
            }
            Some(block) if block.name == "discovery.relabel" && depth < LONGEST => {
                let before = block.attribute("targets");
                let mut found = before.map(|targets| groups(targets, all, problems, depth + 1)).unwrap_or_default();
                let rules = rules_of(block, problems);
                found.iter_mut().for_each(|group| group.rules.extend(rules.iter().cloned()));
                found
            }
            Some(block) if block.name == "local.file_match" && depth < LONGEST => {
                let before = block.attribute("path_targets");
                before.map(|targets| groups(targets, all, problems, depth + 1)).unwrap_or_default()
            }
            _ => {
                problems.error(targets.place, format!("`{path}`: no component that has a counterpart finds these"));
                Vec::new()
            }
        },
        _ => {
            problems.error(targets.place, "these targets are not from a component, as discovery.docker.NAME.targets");
            Vec::new()
        }
    }
}

fn docker(block: &Block, problems: &mut Problems<'_>) -> Json {
    let mut docker = object_of(block, &["filter"], problems);
    let filters = block.blocks.iter().filter(|part| part.name == "filter");
    insert_list(&mut docker, "filters", filters.map(|filter| object_of(filter, &[], problems).into()).collect());
    docker.into()
}

fn rules_of(block: &Block, problems: &mut Problems<'_>) -> Vec<Json> {
    let rules = block.blocks.iter().filter(|part| part.name == "rule");
    rules.map(|rule| object_of(rule, &[], problems).into()).collect()
}

/// The ways from here to endpoints. `so_far` is what lies behind.
fn ways(to: &Value, all: &All<'_>, so_far: Way, problems: &mut Problems<'_>, depth: usize) -> Vec<Way> {
    let receivers = match &to.kind {
        Kind::List(receivers) => receivers.as_slice(),
        _ => &[],
    };
    let (mut ways, mut writes, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for receiver in receivers {
        let Kind::Reference(path) = &receiver.kind else { continue };
        let mut further = |block: &Block, way: Way, problems: &mut Problems<'_>| match block.attribute("forward_to") {
            Some(next) if depth < LONGEST => ways.extend(self::ways(next, all, way, problems, depth + 1)),
            _ => {}
        };
        match all.of_path(path) {
            Some(block) if block.name == "loki.write" => writes.push(block.path()),
            Some(block) if block.name == "loki.process" => {
                let mut way = so_far.clone();
                way.stages.extend(stages(block, problems));
                further(block, way, problems);
            }
            Some(block) if block.name == "loki.relabel" => {
                if !so_far.stages.is_empty() {
                    problems.error(
                        receiver.place,
                        "`loki.relabel` behind `loki.process` has no counterpart: rules see labels before stages",
                    );
                }
                let mut way = so_far.clone();
                way.rules.extend(rules_of(block, problems));
                further(block, way, problems);
            }
            _ => without.push((receiver.place, path)),
        }
    }
    if !writes.is_empty() {
        ways.push(Way { writes, ..so_far });
    }
    for (place, path) in without {
        let message = format!("`{path}` has no counterpart: these lines do not go there");
        if ways.is_empty() { problems.error(place, message) } else { problems.leave_out(place, message) }
    }
    ways
}
