//! Configurations and lines put together from numbers, for the property tests and for `examples/fuzz-stages.rs`.
#![allow(clippy::unwrap_used, reason = "what must hold is said by a panic")]

use std::time::{Duration, Instant};

use wharf_agent::pipeline::{Entry, Now, Origin, Pipeline};
use wharf_agent::relabel::Rules;
use wharf_agent::yaml;
use wharf_loki::Labels;

const STAGES: [&str; 44] = [
    "docker: {}",
    "cri: {max_partial_lines: 2}",
    "cri: {max_partial_line_size: 3, max_partial_line_size_truncate: true}",
    "json: {expressions: {level: , msg: , deep: 'a.b[0].c'}}",
    "json: {expressions: {level: a.b, k: 'length(keys(@))', f: 'l[?n > `1`].s'}, drop_malformed: true}",
    "json: {expressions: {x: '*.a[]'}, source: msg}",
    "logfmt: {mapping: {level: , msg: m}}",
    "regex: {expression: '(?P<level>\\w+) (?P<msg>.*)'}",
    "regex: {expression: '(?i)(?P<a>é+)|(?P<a>\\W)', source: msg}",
    "replace: {expression: '(\\d+)|(a(b))', replace: '{{ .Value | ToUpper }}{{ .level }}'}",
    "replace: {expression: '()', replace: 'x'}",
    "template: {source: msg, template: '{{ .Value }}{{ range $i, $w := splitList \" \" .Entry }}{{ $i }}{{ trunc 2 $w }}{{ end }}'}",
    "template: {source: msg, template: '{{ .msg | abbrev 6 | quote | b64enc | b64dec | snakecase | title }}'}",
    "template: {source: level, template: '{{ substr 1 3 .Entry }}{{ wrap 3 .Entry }}{{ printf \"%5.2f|%-8q|%x\" 1.5 .Entry .Entry }}'}",
    "template: {source: x, template: '{{ dict \"a\" .Entry | toJson | fromJson }}{{ (split \" \" .Entry)._1 }}{{ initials .Entry }}'}",
    "template: {source: x, template: '{{ atoi .msg | add 1 | mul 3 }}{{ round .msg 2 }}{{ addf 0.1 .msg }}{{ camelcase .Entry }}'}",
    "template: {source: x, template: '{{ regexSplit \"[ab]*\" .Entry -1 }}{{ regexFindAll \".\" .Entry 3 | join \",\" }}'}",
    "template: {source: x, template: '{{ toDate \"2006-01-02\" .Entry | date \"Jan _2\" }}{{ duration .Entry }}{{ urlParse .Entry }}'}",
    "timestamp: {source: msg, format: RFC3339Nano}",
    "timestamp: {source: msg, format: Unix, fallback_formats: [UnixMs, 'Jan _2 15:04:05']}",
    "timestamp: {source: msg, format: '2006-01-02 15:04:05 MST', location: Europe/Berlin, action_on_failure: skip}",
    "output: {source: msg}",
    "labels: {level: , other: msg}",
    "labelallow: [level, app]",
    "labeldrop: [app]",
    "static_labels: {team: shop}",
    "structured_metadata: {level: , app: }",
    "tenant: {source: level}",
    "match: {selector: '{app=~\"w.*\"} |= \"a\"', stages: [{multiline: {firstline: '^a'}}, {labels: {level: }}]}",
    "match: {selector: '{level=\"x\"} !~ \"[0-9]\"', action: drop}",
    "multiline: {firstline: '^\\S', max_lines: 3}",
    "multiline: {firstline: 'a', max_lines: 0, max_wait_time: 1ms}",
    "drop: {expression: 'zz+'}",
    "drop: {source: [level, msg], value: 'x;y'}",
    "drop: {longer_than: 30b, older_than: 1h}",
    "limit: {rate: 5, burst: 2}",
    "limit: {rate: 5, burst: 2, drop: true, by_label_name: level}",
    "sampling: {rate: 0.9}",
    "pack: {labels: [app, level]}",
    "decolorize: ",
    "metrics: {c: {type: Counter, config: {action: inc, match_all: true}}, h: {type: Histogram, source: msg, config: {buckets: [1, 5]}}}",
    "metrics: {g: {type: Gauge, source: level, config: {action: add}}}",
    "eventlogmessage: {source: msg}",
    "eventlogmessage: {source: level, overwrite_existing: true, drop_invalid_labels: true}",
];

const RULES: [&str; 13] = [
    "{source_labels: [a, b], regex: '(.+);(.*)', target_label: '${1}x', replacement: '$2$0'}",
    "{source_labels: [a], regex: '(?P<n>.)', target_label: c, replacement: '${n}$$'}",
    "{source_labels: [__x], regex: 'é|q', action: keep}",
    "{source_labels: [a], regex: 'zzz', action: drop}",
    "{source_labels: [a], target_label: b, action: keepequal}",
    "{source_labels: [a], target_label: b, action: dropequal}",
    "{source_labels: [a, __x], target_label: m, modulus: 7, action: hashmod}",
    "{regex: '__(.*)', action: labelmap}",
    "{regex: '(.)', replacement: 'y_$1', action: labelmap}",
    "{regex: 'b|c', action: labeldrop}",
    "{regex: '[a-m_].*', action: labelkeep}",
    "{source_labels: [a, b], target_label: l, action: lowercase}",
    "{source_labels: [b], target_label: u, action: uppercase}",
];

const PIECES: [&str; 46] = [
    "a",
    "abc",
    "é",
    "ß",
    "😀",
    " ",
    "  ",
    "\t",
    "\r",
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "=",
    "0",
    "12",
    "-1",
    "1.5e3",
    "x",
    "level",
    "msg",
    "{\"level\":\"info\",\"msg\":\"hi\"}",
    "{\"a\":{\"b\":[{\"c\":1}]},\"l\":[{\"n\":2,\"s\":\"t\"}]}",
    "null",
    "true",
    "\\u00e9",
    "\\ud800",
    "level=info msg=\"a b\"",
    "m=",
    "2026-11-21T09:00:00.5Z",
    "2026-11-21 09:00:00 CET",
    "Nov 21 09:00:00",
    "1795251600",
    "2026-11-21T09:00:00Z stdout P part",
    "2026-11-21T09:00:00Z stderr F end",
    "{\"log\":\"x\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T09:00:00Z\"}",
    "\u{1b}[31m",
    "\u{9b}1;2K",
    "key: value\r\nother:",
    "zzz",
    "http://u:p@h:8/p%20?q#f",
    "\0",
];

/// Numbers used up one by one; 0 when they are at an end.
struct Numbers<'n>(&'n [u64]);

impl Numbers<'_> {
    fn below(&mut self, most: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        (*first % most as u64) as usize
    }

    fn text(&mut self) -> String {
        (0..self.below(8)).map(|_| PIECES[self.below(PIECES.len())]).collect()
    }
}

/// Runs lines through stages, and labels through rules: nothing panics, and what comes out is what may.
pub(crate) fn check(numbers: &[u64]) {
    let mut numbers = Numbers(numbers);
    stages(&mut numbers);
    rules(&mut numbers);
    // Foreign configuration: read or refused.
    let foreign: String = (0..numbers.below(6))
        .map(|_| {
            if numbers.below(2) == 0 { numbers.text() } else { format!("- {}\n", STAGES[numbers.below(STAGES.len())]) }
        })
        .collect();
    if let Ok(node) = yaml::read(&foreign) {
        let _ = Pipeline::from_config(&node);
        let _ = Rules::from_config(&node);
    }
}

fn stages(numbers: &mut Numbers<'_>) {
    let stages: String =
        (0..=numbers.below(5)).map(|_| format!("- {}\n", STAGES[numbers.below(STAGES.len())])).collect();
    let mut pipeline = Pipeline::from_config(&yaml::read(&stages).unwrap()).unwrap();
    let labels = Labels::new([("app", "web"), ("level", "x")]).unwrap();
    let mut now = Now { unix: 1_795_251_600_000_000_000, monotonic: Instant::now() };
    let mut out = |entry: Entry<'_>| {
        assert!(entry.origin.first >= 1 && entry.origin.first <= entry.origin.last, "{:?}", entry.origin);
    };
    for number in 1..=numbers.below(8) as u64 {
        let line = numbers.text();
        let origin = Origin { target: 1, first: number, last: number };
        pipeline.process(Entry::new(now.unix, line, labels.clone(), origin), now, &mut out);
        assert!(pipeline.held(1).is_none_or(|held| held <= number));
        assert!(pipeline.held(2).is_none());
        now.monotonic += Duration::from_millis(numbers.below(3000) as u64);
        now.unix += 1_000_000;
        if pipeline.next_deadline().is_some_and(|deadline| deadline <= now.monotonic) {
            pipeline.flush(now, &mut out);
        }
        assert!(pipeline.next_deadline().is_none_or(|deadline| deadline > now.monotonic));
    }
    pipeline.finish(now, &mut out);
    assert!(pipeline.next_deadline().is_none());
    let registry = prometheus::Registry::new();
    if pipeline.register(&registry).is_ok() {
        registry.gather();
    }
}

fn rules(numbers: &mut Numbers<'_>) {
    let rules: String = (0..=numbers.below(5)).map(|_| format!("- {}\n", RULES[numbers.below(RULES.len())])).collect();
    let rules = Rules::from_config(&yaml::read(&rules).unwrap()).unwrap();
    let pairs = ["a", "b", "__x"].map(|name| (name, numbers.text()));
    if let Some(labels) = rules.apply(&Labels::new(pairs).unwrap()) {
        assert!(labels.iter().all(|(_, value)| !value.is_empty()));
        assert!(labels.iter().map(|(name, _)| name).is_sorted());
    }
}
