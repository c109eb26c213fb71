//! What the cases of Promtail do not say: time, limits, counters, places of faults.

use std::time::{Duration, Instant};

use wharf_loki::Labels;

use super::*;
use crate::yaml;

fn pipeline(stages: &str) -> Pipeline {
    Pipeline::from_config(&yaml::read(stages).unwrap()).unwrap()
}

fn now() -> Now {
    Now { unix: 1_795_251_600_000_000_000, monotonic: Instant::now() }
}

fn entry(line: &str, number: u64) -> Entry<'_> {
    let labels = Labels::new([("app", "web")]).unwrap();
    Entry::new(number as i64, line, labels, Origin { target: 1, first: number, last: number })
}

#[test]
fn multiline_holds_a_block_until_its_time_is_over() {
    let mut pipeline = pipeline("[{multiline: {firstline: '^a', max_wait_time: 2s}}]");
    let start = now();
    let mut out = Vec::new();
    let mut take = |entry: Entry<'_>| out.push((entry.line.into_owned(), entry.origin.first, entry.origin.last));
    pipeline.process(entry("before", 1), start, &mut take);
    assert_eq!(pipeline.held(1), None);
    pipeline.process(entry("a", 2), start, &mut take);
    let later = Now { monotonic: start.monotonic + Duration::from_secs(1), ..start };
    pipeline.process(entry(" b", 3), later, &mut take);
    assert_eq!(pipeline.held(1), Some(2));
    assert_eq!(pipeline.next_deadline(), Some(later.monotonic + Duration::from_secs(2)));
    pipeline.flush(later, &mut take);
    let end = Now { monotonic: later.monotonic + Duration::from_secs(2), ..start };
    pipeline.flush(end, &mut take);
    assert_eq!((pipeline.held(1), pipeline.next_deadline()), (None, None));
    assert_eq!(out, [("before".to_owned(), 1, 1), ("a\n b".to_owned(), 2, 3)]);
}

#[test]
fn cri_keeps_the_parts_of_a_line_that_has_not_ended() {
    let mut pipeline = pipeline("[{cri: {}}]");
    let mut out = Vec::new();
    pipeline
        .process(entry("2026-11-21T09:00:00Z stdout P one ", 1), now(), &mut |entry| out.push(entry.line.into_owned()));
    pipeline.finish(now(), &mut |entry| out.push(entry.line.into_owned()));
    assert_eq!((pipeline.held(1), out.len()), (Some(1), 0));
    pipeline.process(entry("2026-11-21T09:00:00Z stdout F two", 2), now(), &mut |entry| {
        assert_eq!(entry.origin, Origin { target: 1, first: 1, last: 2 });
        out.push(entry.line.into_owned());
    });
    assert_eq!((pipeline.held(1), out), (None, vec!["one two".to_owned()]));
}

#[test]
fn templates_see_the_value_the_line_and_the_functions_of_promtail() {
    let mut templated = pipeline(
        "[{regex: {expression: '(?P<level>\\w+)'}}, {template: {source: level, template: '{{ ToUpper .Value }} of {{ .Entry }}'}}, \
         {output: {source: level}}]",
    );
    let mut out = Vec::new();
    templated.process(entry("ab", 1), now(), &mut |entry| out.push(entry.line.into_owned()));
    assert_eq!(out, ["AB of ab"]);
    let mut replaced = pipeline("[{replace: {expression: '(b)', replace: '<{{ .Value }}{{ .app }}>'}}]");
    replaced.process(entry("ab", 1), now(), &mut |entry| assert_eq!(entry.line, "a<bweb>"));
}

#[test]
fn limit_slows_its_input_down_or_drops() {
    let mut slow = pipeline("[{limit: {rate: 2, burst: 1}}]");
    let start = now();
    slow.process(entry("a", 1), start, &mut |_| {});
    assert_eq!(slow.ready_at(), None);
    slow.process(entry("b", 2), start, &mut |_| {});
    assert_eq!(slow.ready_at(), Some(start.monotonic + Duration::from_millis(500)));

    let mut dropping = pipeline("[{limit: {rate: 2, burst: 1, drop: true}}]");
    let mut count = 0;
    for number in 0..3 {
        dropping.process(entry("a", number), start, &mut |_| count += 1);
    }
    let later = Now { monotonic: start.monotonic + Duration::from_millis(600), ..start };
    dropping.process(entry("a", 4), later, &mut |_| count += 1);
    assert_eq!((count, dropping.dropped()), (2, vec![("ratelimit_drop_stage".to_owned(), 2)]));
}

#[test]
fn entries_of_a_stream_share_their_labels() {
    let mut pipeline = pipeline("[{regex: {expression: '(?P<level>\\w+)'}}, {labels: {level: }}]");
    let stream = Labels::new([("app", "web")]).unwrap();
    let mut seen = Vec::new();
    for line in ["info", "warn", "info"] {
        let entry = Entry::new(0, line, stream.clone(), Origin::default());
        pipeline.process(entry, now(), &mut |entry| seen.push(entry.labels));
    }
    assert_eq!(seen[0].address(), seen[2].address());
    assert_eq!(seen[1].to_string(), r#"{app="web", level="warn"}"#);
}

#[test]
fn sampling_keeps_about_the_share() {
    let mut pipeline = pipeline("[{sampling: {rate: 0.25}}]");
    let mut count = 0;
    for number in 0..10_000 {
        pipeline.process(entry("a", number), now(), &mut |_| count += 1);
    }
    assert!((2000..3000).contains(&count), "{count}");
    assert_eq!(pipeline.dropped(), [("sampling_stage".to_owned(), 10_000 - count)]);
}

#[test]
fn metrics_are_counted_by_label_set() {
    let stages = "
- regex: {expression: '(?P<level>\\w+) (?P<took>\\S+)'}
- metrics:
    errors: {type: Counter, source: level, config: {value: error, action: inc}}
    took: {type: Histogram, prefix: app_, config: {buckets: [1, 0.1]}}
    bytes: {type: Counter, config: {action: add, match_all: true, count_entry_bytes: true}}
";
    let mut pipeline = pipeline(stages);
    let now = Now { unix: i64::MAX, ..now() };
    for line in ["error 50ms", "info 2", "error 0.5"] {
        pipeline.process(entry(line, 1), now, &mut |_| {});
    }
    let registry = prometheus::Registry::new();
    pipeline.register(&registry).unwrap();
    let text = prometheus::TextEncoder::new().encode_to_string(&registry.gather()).unwrap();
    for line in [
        r#"promtail_custom_errors{app="web"} 2"#,
        r#"promtail_custom_bytes{app="web"} 25"#,
        r#"app_took_bucket{app="web",le="0.1"} 1"#,
        r#"app_took_bucket{app="web",le="1"} 2"#,
        r#"app_took_bucket{app="web",le="+Inf"} 3"#,
        r#"app_took_sum{app="web"} 2.55"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn all_faults_are_told_with_their_places() {
    let text = "
- json: {expressions: {trace-id: }}
- shout: {}
- match:
    selector: '{app=x}'
    stages:
      - regex: {expression: '(a'}
- geoip: {db: x}
";
    let errors = Pipeline::from_config(&yaml::read(text).unwrap()).unwrap_err();
    let places: Vec<String> = errors.iter().map(|error| error.place.to_string()).collect();
    assert_eq!(places, ["2:24", "3:3", "7:29", "5:15", "8:3"], "{errors:#?}");
}

#[test]
fn stages_nest_only_so_deep() {
    let text = (0..30).fold("[{decolorize: }]".to_owned(), |inner, _| {
        format!("[{{match: {{selector: '{{a=\"b\"}}', stages: {inner}}}}}]")
    });
    assert!(Pipeline::from_config(&yaml::read(&text).unwrap()).is_err());
}
