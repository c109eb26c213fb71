//! The stages, by the names of the configuration.

mod cri;
mod decolorize;
mod docker;
mod drop;
mod event_log_message;
mod json;
mod labels;
mod limit;
mod logfmt;
mod matcher;
mod metrics;
mod multiline;
mod output;
mod pack;
mod regex;
mod replace;
mod sampling;
mod structured_metadata;
mod template;
mod tenant;
mod timestamp;

use super::fields::Errors;
use super::parts::Parts;
use super::stage::{Chain, Edit, Flow, Stage};
use crate::yaml::{ErrorAt as _, Node, Value};

/// Deepest nesting of stages within `match` stages.
const MAX_DEPTH: usize = 20;

/// Reads a list of stages; null is an empty one.
pub(super) fn chain(list: &Node, parts: &mut Parts) -> Result<Chain, Errors> {
    nested_chain(list, parts, 0)
}

fn nested_chain(list: &Node, parts: &mut Parts, depth: usize) -> Result<Chain, Errors> {
    let nodes = match &list.value {
        Value::Null => return Ok(Chain::default()),
        Value::List(nodes) if depth <= MAX_DEPTH => nodes,
        Value::List(_) => return Err(vec![list.error(format!("stages nest deeper than {MAX_DEPTH} levels"))]),
        _ => return Err(vec![list.error("stages are a list: begin each with `-`")]),
    };
    let (mut stages, mut errors) = (Vec::new(), Vec::new());
    for node in nodes {
        match stage(node, parts, depth) {
            Ok(stage) => stages.extend(stage),
            Err(mut faults) => errors.append(&mut faults),
        }
    }
    if errors.is_empty() { Ok(Chain(stages)) } else { Err(errors) }
}

/// Reads a mapping of a stage's name to its settings; an empty mapping has no stage.
fn stage(node: &Node, parts: &mut Parts, depth: usize) -> Result<Option<Stage>, Errors> {
    let Some(map) = node.as_map() else {
        return Err(vec![node.error("a stage is a mapping of its name to its settings: end the name with `:`")]);
    };
    let mut fields = map.iter();
    let Some((name, field)) = fields.next() else { return Ok(None) };
    if let Some((second, other)) = fields.next() {
        return Err(vec![other.key.error(format!("a stage has one name: put `- ` before `{second}`"))]);
    }
    let settings = field;
    let stage = match name.as_str() {
        "cri" => flow(cri::new(settings)?),
        "decolorize" => edit(decolorize::Decolorize),
        "docker" => flow(docker::new()),
        "drop" => edit(drop::new(settings, parts)?),
        "eventlogmessage" => edit(event_log_message::new(settings, parts)?),
        "json" => edit(json::new(settings, parts)?),
        "labelallow" => edit(labels::allow(settings)?),
        "labeldrop" => edit(labels::drop(settings)?),
        "labels" => edit(labels::set(settings)?),
        "limit" => edit(limit::new(settings, parts)?),
        "logfmt" => edit(logfmt::new(settings)?),
        "match" => flow(matcher::new(settings, parts, depth)?),
        "metrics" => edit(metrics::new(settings, parts)?),
        "multiline" => flow(multiline::new(settings)?),
        "output" => edit(output::new(settings)?),
        "pack" => edit(pack::new(settings)?),
        "regex" => edit(regex::new(settings)?),
        "replace" => edit(replace::new(settings)?),
        "sampling" => edit(sampling::new(settings, parts)?),
        "static_labels" => edit(labels::set_fixed(settings)?),
        "structured_metadata" | "non_indexed_labels" => edit(structured_metadata::new(settings)?),
        "template" => edit(template::new(settings)?),
        "tenant" => edit(tenant::new(settings)?),
        "timestamp" => edit(timestamp::new(settings)?),
        "geoip" => {
            return Err(vec![field.key.error(
                "the stage `geoip` is not here: it needs a MaxMind database beside the agent; look places up where logs are read",
            )]);
        }
        _ => return Err(vec![field.key.error(format!("there is no stage `{name}`"))]),
    };
    Ok(Some(stage))
}

fn edit(stage: impl Edit + 'static) -> Stage {
    Stage::Edit(Box::new(stage))
}

fn flow(stage: impl Flow + 'static) -> Stage {
    Stage::Flow(Box::new(stage))
}
