//! Runs the cases of a folder through the relabelling and the stages: `relabel.json`, `stages.jsonl`, `stage-config.jsonl`,
//! as `cargo xtask conformance agent DIR` does it. A file that is not there has no cases.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value as Json, json};
use wharf_agent::pipeline::{Entry, ExtractedValue, Now, Origin, Pipeline};
use wharf_agent::relabel::Rules;
use wharf_agent::{Node, yaml};
use wharf_loki::Labels;

type Outcome = Result<(), String>;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: conformance DIR")?;
    let folder = Path::new(&folder);
    let mut score = Score::default();
    if let Some(text) = read(&folder.join("relabel.json"))? {
        let cases: Json = serde_json::from_str(&text)?;
        score.file("relabel.json process", cases["process"].as_array().into_iter().flatten(), relabel);
        score.file("relabel.json validate", cases["validate"].as_array().into_iter().flatten(), rule);
    }
    for (file, check) in [("stages.jsonl", stages as fn(&Json) -> Outcome), ("stage-config.jsonl", stage_config)] {
        if let Some(text) = read(&folder.join(file))? {
            let cases: Vec<Json> = text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
            score.file(file, cases.iter(), check);
        }
    }
    println!("{} passed, {} failed", score.passed, score.failed);
    Ok(if score.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> Result<Option<String>, Box<dyn Error>> {
    if path.exists() { Ok(Some(std::fs::read_to_string(path)?)) } else { Ok(None) }
}

#[derive(Default)]
struct Score {
    passed: usize,
    failed: usize,
}

impl Score {
    fn file<'c>(&mut self, file: &str, cases: impl Iterator<Item = &'c Json>, check: fn(&Json) -> Outcome) {
        let (mut passed, mut failed) = (0, 0);
        for (index, case) in cases.enumerate() {
            match check(case) {
                Ok(()) => passed += 1,
                Err(fault) => {
                    failed += 1;
                    let name = case["name"].as_str().or(case["test"].as_str()).unwrap_or("without a name");
                    println!("FAIL {file}:{} {name}: {fault}", index + 1);
                }
            }
        }
        println!("{file}: {passed} passed, {failed} failed");
        self.passed += passed;
        self.failed += failed;
    }
}

/// JSON as configuration: it is YAML, too.
fn config(value: &Json) -> Result<Node, String> {
    yaml::read(&value.to_string()).map_err(|errors| shown(&errors))
}

fn shown(errors: &[wharf_agent::ConfigError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn labels(value: &Json) -> Result<Labels, String> {
    let pairs = value.as_object().into_iter().flatten();
    Ok(Labels::unchecked(
        pairs.map(|(name, value)| (name.as_str().into(), value.as_str().unwrap_or_default().into())).collect(),
    ))
}

fn label_map(labels: &Labels) -> Json {
    json!(labels.iter().collect::<BTreeMap<_, _>>())
}

fn same(what: &str, got: &Json, expected: &Json) -> Outcome {
    if got == expected { Ok(()) } else { Err(format!("{what} is {got}, expected {expected}")) }
}

fn relabel(case: &Json) -> Outcome {
    let rules = Rules::from_config(&config(&case["rules"])?).map_err(|errors| shown(&errors))?;
    let kept = rules.apply(&labels(&case["input"])?);
    same("keep", &json!(kept.is_some()), &case["keep"])?;
    kept.map_or(Ok(()), |labels| same("the output", &label_map(&labels), &case["output"]))
}

fn rule(case: &Json) -> Outcome {
    verdict(case, Rules::from_config(&config(&json!([case["rule"]]))?).map(|_| ()))
}

fn stage_config(case: &Json) -> Outcome {
    verdict(case, Pipeline::from_config(&config(&json!([case["stage"]]))?).map(|_| ()))
}

fn verdict(case: &Json, outcome: Result<(), Vec<wharf_agent::ConfigError>>) -> Outcome {
    match (outcome, case["ok"].as_bool()) {
        (Ok(()), Some(true)) | (Err(_), Some(false)) => Ok(()),
        (Ok(()), _) => Err(format!("accepted, but: {}", case["err"])),
        (Err(errors), _) => Err(format!("refused: {}", shown(&errors))),
    }
}

fn stages(case: &Json) -> Outcome {
    let mut pipeline = Pipeline::from_config(&config(&case["pipeline"])?).map_err(|errors| shown(&errors))?;
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
    let now = Now { unix, monotonic: Instant::now() };
    let mut out = Vec::new();
    for input in case["in"].as_array().into_iter().flatten() {
        pipeline.process(entry(input)?, now, &mut |entry| out.push(entry_json(&entry)));
    }
    pipeline.finish(now, &mut |entry| out.push(entry_json(&entry)));
    let expected: Vec<Json> = case["out"].as_array().into_iter().flatten().map(normal).collect();
    same("the number of entries", &json!(out.len()), &json!(expected.len()))?;
    for (got, expected) in out.iter().zip(&expected) {
        for field in ["line", "ts_ns", "labels", "structured_metadata", "extracted"] {
            same(field, &got[field], &expected[field])?;
        }
    }
    Ok(())
}

fn entry(input: &Json) -> Result<Entry<'_>, String> {
    let timestamp = input["ts_ns"].as_str().and_then(|text| text.parse().ok()).ok_or("no ts_ns")?;
    let line = input["line"].as_str().ok_or("no line")?;
    let mut entry = Entry::new(timestamp, line, labels(&input["labels"])?, Origin::default());
    for (name, value) in input["extracted"].as_object().into_iter().flatten() {
        let value = match value {
            Json::Bool(value) => ExtractedValue::Bool(*value),
            Json::Number(number) => ExtractedValue::Number(number.as_f64().unwrap_or_default()),
            Json::String(text) => ExtractedValue::Text(text.into()),
            _ => ExtractedValue::Null,
        };
        entry.extracted.set(&name.as_str().into(), value);
    }
    for (name, value) in input["structured_metadata"].as_object().into_iter().flatten() {
        entry.structured_metadata.push((name.as_str().into(), value.as_str().unwrap_or_default().into()));
    }
    Ok(entry)
}

fn entry_json(entry: &Entry<'_>) -> Json {
    let extracted: Map<String, Json> = entry
        .extracted
        .iter()
        .map(|(name, value)| {
            let value = match &*value {
                ExtractedValue::Null => Json::Null,
                ExtractedValue::Bool(value) => json!(value),
                ExtractedValue::Number(number) => json!(number),
                ExtractedValue::Text(text) => json!(text),
            };
            (name.to_owned(), value)
        })
        .collect();
    let metadata = entry.structured_metadata.iter().map(|(name, value)| (name.to_string(), json!(value)));
    normal(&json!({
        "ts_ns": entry.timestamp.to_string(),
        "line": entry.line,
        "labels": label_map(&entry.labels),
        "structured_metadata": metadata.collect::<Map<_, _>>(),
        "extracted": extracted,
    }))
}

/// All numbers as 64 bit floats.
fn normal(value: &Json) -> Json {
    match value {
        Json::Number(number) => json!(number.as_f64()),
        Json::Array(items) => items.iter().map(normal).collect(),
        Json::Object(fields) => {
            fields.iter().map(|(key, value)| (key.clone(), normal(value))).collect::<Map<_, _>>().into()
        }
        value => value.clone(),
    }
}
