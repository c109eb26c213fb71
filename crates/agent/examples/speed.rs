//! CPU time that pipelines take for a line, without reading and sending: `--release -- [LINES]`.
#![allow(clippy::print_stdout, reason = "a program for the terminal")]

use std::error::Error;
use std::hint::black_box;
use std::time::{Duration, Instant};

use wharf_agent::pipeline::{Entry, Now, Origin, Pipeline};
use wharf_agent::yaml;
use wharf_loki::Labels;
use wharf_loki::push::StreamBuffer;

const PIPELINES: [(&str, &str); 5] = [
    ("nothing, encoded", "[]"),
    (
        "json, labels, drop",
        "[{json: {expressions: {level: level, msg: msg}}}, {labels: {level: }}, {drop: {source: msg, expression: healthz}}]",
    ),
    (
        "logfmt, labels, drop",
        "[{logfmt: {mapping: {level: , msg: }}}, {labels: {level: }}, {drop: {source: msg, expression: healthz}}]",
    ),
    ("regex, labels", "[{regex: {expression: 'level\\W+(?P<level>\\w+)'}}, {labels: {level: }}]"),
    (
        "json, template, output",
        "[{json: {expressions: {msg: msg}}}, {template: {source: msg, template: '{{ ToUpper .Value }}'}}, {output: {source: msg}}]",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let count: usize = std::env::args().nth(1).map_or(Ok(1_000_000), |text| text.parse())?;
    let levels = ["info", "warn", "error", "debug"];
    let json: Vec<String> = (0..1000)
        .map(|n| {
            let level = levels[n % levels.len()];
            format!(
                r#"{{"time":"2026-11-21T09:00:00.{n:09}Z","level":"{level}","msg":"request {n} done for /api/v1/items","status":200,"user":{{"id":{n},"name":"kim"}},"duration_ms":12.5}}"#
            )
        })
        .collect();
    let logfmt: Vec<String> = (0..1000)
        .map(|n| format!("time=2026-11-21T09:00:00Z level={} msg=\"request {n} done for /api/v1/items\" status=200 user=kim duration=12.5ms", levels[n % levels.len()]))
        .collect();
    let labels = Labels::new([
        ("container", "web-1"),
        ("stream", "stdout"),
        ("compose_service", "web"),
        ("service_name", "web"),
    ])?;
    for (name, stages) in PIPELINES {
        let node = yaml::read(stages).map_err(|errors| format!("{errors:?}"))?;
        let mut pipeline = Pipeline::from_config(&node).map_err(|errors| format!("{errors:?}"))?;
        let lines = if name.starts_with("logfmt") { &logfmt } else { &json };
        let now = Now { unix: 1_795_208_912_364_183_423, monotonic: Instant::now() };
        let mut buffer = StreamBuffer::new("{}");
        let start = cpu_time()?;
        for number in 0..count {
            let line = lines[number % lines.len()].as_str();
            let origin = Origin { target: 1, first: number as u64, last: number as u64 };
            pipeline.process(Entry::new(now.unix, line, labels.clone(), origin), now, &mut |entry| {
                black_box(entry.labels.content_hash());
                buffer.push(entry.timestamp, &entry.line, &entry.structured_metadata);
            });
            if buffer.bytes() > 1 << 20 {
                buffer.clear();
            }
        }
        println!("{name}: {:.0} ns a line", (cpu_time()? - start).as_nanos() as f64 / count as f64);
    }
    Ok(())
}

/// What the kernel charged this thread with.
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split_whitespace().next().ok_or("no CPU time in schedstat")?.parse()?))
}
