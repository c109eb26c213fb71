//! Traces as a collector gets them, and what it costs when there is none.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use tokio::net::TcpListener;
use wharf_testkit::{Postgres, Redis, eventually};

use crate::collector::{Collector, attribute};
use crate::http::{get, request};
use crate::process::Running;
use crate::replica::SOON;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";

#[tokio::test(flavor = "multi_thread")]
async fn a_request_and_its_calls_arrive_as_one_trace_whose_ids_are_in_the_log_and_the_answer() {
    let (redis, postgres, collector) = tokio::join!(Redis::start(), Postgres::start(), Collector::start());
    let (redis, postgres) = (redis.unwrap(), postgres.unwrap());
    let server = Running::start(&[
        ("REDIS_HOST", redis.host()),
        ("REDIS_PORT", &redis.port().to_string()),
        ("DATABASE_URL", &postgres.url()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", collector.address)),
        ("OTEL_BSP_SCHEDULE_DELAY", "50"),
    ])
    .await;
    let headers = format!("traceparent: 00-{TRACE}-{PARENT}-01\r\n");
    let answer = request(server.address, "GET", "/hits/wharf?secret=x", &headers).await.unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(get(server.address, "/stats").await.unwrap().status, 200);
    assert_eq!(get(server.address, "/hits/-").await.unwrap().status, 400);

    let look = async || {
        let spans = collector.received().spans;
        let names: Vec<_> = spans.iter().map(|span| span.name.as_str()).collect();
        let expected =
            ["EVAL", "GET /hits/{key}", "GET /stats", "SELECT visits_history", "MULTI", "INSERT hits_totals"];
        if expected.iter().all(|name| names.contains(name)) { Ok(spans.clone()) } else { Err(format!("{names:?}")) }
    };
    let spans = eventually("the spans arrive", SOON, look).await.unwrap();
    assert!(collector.received().services.iter().all(|name| name == "wharf-web"));

    let one = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let hit = spans.iter().find(|span| hex(&span.trace_id) == TRACE && span.name == "GET /hits/{key}").unwrap();
    assert_eq!(hex(&hit.parent_span_id), PARENT);
    let attributes = ["http.request.method", "http.route", "http.response.status_code", "url.path"];
    let values = attributes.map(|key| attribute(hit, key));
    assert_eq!(values, ["GET", "/hits/{key}", "200", "/hits/wharf"]);
    let script = one("EVAL");
    assert_eq!((&script.trace_id, &script.parent_span_id), (&hit.trace_id, &hit.span_id));
    assert_eq!(["db.system.name", "db.operation.name"].map(|key| attribute(script, key)), ["redis", "EVAL"]);
    let (select, page) = (one("SELECT visits_history"), one("GET /stats"));
    assert_eq!((&select.trace_id, &select.parent_span_id), (&page.trace_id, &page.span_id));
    assert_eq!(
        ["db.system.name", "db.collection.name"].map(|key| attribute(select, key)),
        ["postgresql", "visits_history"]
    );
    // As numbers of the protocol: 2 is a server's span, 3 a client's.
    assert_eq!((hit.kind, script.kind, select.kind), (2, 3, 3));
    assert!(spans.iter().all(|span: &Span| !format!("{span:?}").contains("secret")));

    let span_id = hex(&hit.span_id);
    assert!(answer.head.contains(&format!("\r\ntraceparent: 00-{TRACE}-{span_id}-01")), "{answer:?}");
    server.signal("-TERM");
    let (_, log) = server.end().await;
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let line = lines.into_iter().find(|line| line["path"] == "/hits/wharf").unwrap();
    assert_eq!((&line["trace_id"], &line["span_id"]), (&TRACE.into(), &span_id.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_that_the_client_does_not_sample_is_not_exported() {
    let (redis, collector) = tokio::join!(Redis::start(), Collector::start());
    let redis = redis.unwrap();
    let server = Running::start(&[
        ("REDIS_HOST", redis.host()),
        ("REDIS_PORT", &redis.port().to_string()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", collector.address)),
    ])
    .await;
    let headers = format!("traceparent: 00-{TRACE}-{PARENT}-00\r\n");
    assert_eq!(request(server.address, "GET", "/count", &headers).await.unwrap().status, 200);
    assert_eq!(get(server.address, "/").await.unwrap().status, 200);
    server.signal("-TERM");
    let (code, log) = server.end().await;
    assert_eq!(code, Some(0), "{log}");
    let names: Vec<_> = collector.received().spans.into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["GET /"], "the last spans are sent at the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_hangs_is_told_of_once_and_holds_nothing_up() {
    let redis = Redis::start().await.unwrap();
    // One address that nothing listens on, and one that accepts everything and never answers.
    let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let hangs = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for address in [gone, hangs.local_addr().unwrap()] {
        let server = Running::start(&[
            ("REDIS_HOST", redis.host()),
            ("REDIS_PORT", &redis.port().to_string()),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{address}")),
            ("OTEL_BSP_SCHEDULE_DELAY", "10"),
            ("OTEL_BSP_MAX_QUEUE_SIZE", "512"),
        ])
        .await;
        let start = Instant::now();
        for _ in 0..20 {
            let answers = join_all((0..50).map(|_| get(server.address, "/count"))).await;
            assert!(answers.iter().all(|answer| answer.as_ref().unwrap().status == 200));
        }
        assert!(start.elapsed() < Duration::from_secs(15), "{:?}", start.elapsed());
        let stop = Instant::now();
        server.signal("-TERM");
        let (code, log) = server.end().await;
        assert!(stop.elapsed() < Duration::from_secs(3), "{:?}", stop.elapsed());
        assert_eq!(code, Some(0), "{log}");
        let told = log.lines().filter(|line| line.contains("spans cannot be exported")).count();
        assert!(told <= 1, "{log}");
        assert_eq!(log.lines().filter(|line| line.contains(r#""path":"/count""#)).count(), 1000, "no line is lost");
    }
}

#[tokio::test]
async fn an_endpoint_that_cannot_be_used_stops_the_start() {
    let (code, text) = crate::process::refused("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317").await;
    assert_eq!(code, Some(2));
    assert_eq!(text, "wharf-web: OTEL_EXPORTER_OTLP_ENDPOINT: write an address that begins with http://\n");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
