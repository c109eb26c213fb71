//! `stage.*` blocks to `pipeline_stages`.

use serde_json::{Map, Value as Json, json};

use super::json::{Problems, json_of, object_of};
use super::read::Block;

/// The stages of a block, in order.
pub(super) fn stages(block: &Block, problems: &mut Problems<'_>) -> Vec<Json> {
    block.blocks.iter().filter_map(|stage| one(stage, problems)).collect()
}

fn one(block: &Block, problems: &mut Problems<'_>) -> Option<Json> {
    let name = block.name.strip_prefix("stage.").unwrap_or(&block.name);
    let settings = object_of(block, &[], problems);
    let values = || settings.get("values").cloned().unwrap_or(Json::Null);
    let (key, value) = match name {
        "label_drop" => ("labeldrop", values()),
        "label_keep" => ("labelallow", values()),
        "labels" | "static_labels" | "structured_metadata" => (name, values()),
        "match" => {
            let mut inner = settings;
            inner.insert("stages".to_owned(), stages(block, problems).into());
            return Some(json!({ "match": inner }));
        }
        "metrics" => ("metrics", metrics(block, problems)),
        "cri" | "decolorize" | "docker" | "drop" | "eventlogmessage" | "json" | "limit" | "logfmt" | "multiline"
        | "output" | "pack" | "regex" | "replace" | "sampling" | "template" | "tenant" | "timestamp" => {
            (name, settings.into())
        }
        _ => {
            problems.error(block.place, format!("`{}` has no counterpart", block.name));
            return None;
        }
    };
    Some(json!({ key: value }))
}

fn metrics(block: &Block, problems: &mut Problems<'_>) -> Json {
    let mut metrics = Map::new();
    for metric in &block.blocks {
        let kind = match metric.name.as_str() {
            "metric.counter" => "Counter",
            "metric.gauge" => "Gauge",
            "metric.histogram" => "Histogram",
            other => {
                problems.error(metric.place, format!("`{other}` has no counterpart"));
                continue;
            }
        };
        let (mut outer, mut inner) = (Map::from_iter([("type".to_owned(), kind.into())]), Map::new());
        let mut name = String::new();
        for (attribute, value) in &metric.attributes {
            let value = json_of(value, problems);
            match attribute.as_str() {
                "name" => name = value.as_str().unwrap_or_default().to_owned(),
                "description" | "source" | "prefix" | "max_idle_duration" => {
                    drop(outer.insert(attribute.clone(), value))
                }
                "action" | "value" | "match_all" | "count_entry_bytes" | "buckets" => {
                    drop(inner.insert(attribute.clone(), value))
                }
                _ => problems.error(metric.place, format!("`{attribute}` of a metric has no counterpart")),
            }
        }
        outer.insert("config".to_owned(), inner.into());
        metrics.insert(name, outer.into());
    }
    metrics.into()
}
