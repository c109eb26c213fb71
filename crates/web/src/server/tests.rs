use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body_util::BodyExt;
use sqlx::postgres::PgConnectOptions;
use tempfile::TempDir;
use tower::ServiceExt;

use super::*;
use crate::clock;
use crate::counter::Counter;
use crate::instruments::HistoryInstruments;
use crate::people::TrustedProxies;
use crate::reader::Reader;
use crate::settings;

/// The application with a link to a Redis that is never contacted.
fn app() -> Router {
    with_greeting(None)
}

fn with_greeting(greeting: Option<&str>) -> Router {
    let registry = Registry::new();
    let redis = settings::Redis { host: "localhost".into(), port: 1, password: None, timeout: Duration::from_secs(1) };
    // Without its keeper, which is dropped here, the link says at once that there will be no connection.
    let Kit { counter, .. } =
        Kit::servers(redis, None, (10, Duration::from_secs(1)), &clock::system(), &registry).unwrap();
    let history = Some(HistoryInstruments::register(&registry).unwrap());
    let app = App { history, greeting: greeting.map(str::to_owned), ..state(counter, &registry) };
    router(app, &registry, Duration::from_secs(1)).unwrap()
}

fn state(counter: Counter, registry: &Registry) -> App {
    App {
        counter,
        history: None,
        replica: "replica-1".into(),
        greeting: None,
        proxies: TrustedProxies::default(),
        not_counted: NotCounted::register(registry).unwrap(),
        reader: None,
        clock: clock::system(),
    }
}

/// The application that counts in a file, while the Postgres with its history is away; and what it needs to stay.
async fn without_its_history() -> (Router, (TempDir, JoinSet<()>)) {
    let folder = tempfile::tempdir().unwrap();
    let registry = Registry::new();
    let file = folder.path().join("visits.db");
    let Kit { counter, upkeep, .. } = Kit::sqlite(&file, 10, &clock::system(), &registry).await.unwrap();
    let mut tasks = JoinSet::new();
    upkeep.start(&mut tasks, &CancellationToken::new());
    let away = settings::Database(PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1));
    let app = App { reader: Some(Reader::postgres(away, clock::system())), ..state(counter, &registry) };
    (router(app, &registry, Duration::from_secs(5)).unwrap(), (folder, tasks))
}

/// Asks `router`; gives the head and the text of its answer.
async fn answer(router: &Router, request: axum::http::request::Builder) -> (Response<()>, String) {
    let response = router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(head, ()), String::from_utf8(bytes.to_vec()).unwrap())
}

async fn ask(request: axum::http::request::Builder) -> (Response<()>, String) {
    answer(&app(), request).await
}

async fn get(path: &str) -> (Response<()>, String) {
    ask(Request::get(path).header("accept", "text/html")).await
}

#[tokio::test]
async fn who_is_no_browser_reads_plain_text_in_every_state() {
    for (path, status, expected) in [
        ("/", 200, "Welcome to VisitCounter.\n"),
        ("/count", 503, "The counter cannot be reached at the moment. Please try again in a few seconds.\n"),
        ("/hits/wharf", 503, "The counter cannot be reached at the moment. Please try again in a few seconds.\n"),
        (
            "/hits/a%20b",
            400,
            "A key is made of the letters A to Z and a to z, digits, and the signs “.”, “_” and “-”.\n",
        ),
        ("/nowhere", 404, "There is no page at this address.\n"),
    ] {
        let (head, text) = ask(Request::get(path).header("accept", "*/*")).await;
        assert_eq!(
            (head.status().as_u16(), &head.headers()["content-type"]),
            (status, &"text/plain; charset=utf-8".parse().unwrap()),
            "{path}"
        );
        assert_eq!(
            (&head.headers()["vary"], &head.headers()["cache-control"]),
            (&"accept".parse().unwrap(), &"no-store".parse().unwrap()),
            "{path}"
        );
        assert!(text.starts_with(expected), "{path}: {text}");
        let (head, page) = get(path).await;
        assert_eq!((head.status().as_u16(), &head.headers()["vary"]), (status, &"accept".parse().unwrap()), "{path}");
        assert!(page.starts_with("<!DOCTYPE html>"), "{path}: {page}");
    }
    let (head, svg) = ask(Request::get("/hits/wharf.svg")).await;
    assert!(head.headers().get("vary").is_none() && svg.starts_with("<svg"), "{head:?}");
}

#[tokio::test]
async fn the_first_page_welcomes_and_names_the_replica() {
    let (head, page) = get("/").await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_eq!(head.headers()["content-type"], "text/html; charset=utf-8");
    assert_eq!(head.headers()["cache-control"], "no-store");
    assert!(page.contains("<h1>Welcome to the VisitCounter</h1>"), "{page}");
    assert!(page.contains("replica-1"), "{page}");
}

#[tokio::test]
async fn without_redis_a_visit_is_answered_503_with_a_time_to_retry() {
    let (head, page) = get("/count").await;
    assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(head.headers()["retry-after"], "2");
    assert!(page.contains("<h1>Out of reach</h1>"), "{page}");
}

#[tokio::test]
async fn a_look_at_the_counts_head_is_no_visit() {
    for path in ["/count", "/hits/wharf"] {
        for (accept, kind) in [("text/html", "text/html; charset=utf-8"), ("*/*", "text/plain; charset=utf-8")] {
            let (head, body) = ask(Request::head(path).header("accept", accept)).await;
            assert_eq!((head.status(), &*body), (StatusCode::OK, ""), "Redis is not asked: {path}");
            let headers = ["content-type", "vary", "cache-control"].map(|name| head.headers()[name].to_str().unwrap());
            assert_eq!(headers, [kind, "accept", "no-store"], "{path}");
        }
    }
}

#[tokio::test]
async fn the_files_of_a_page_may_be_kept() {
    let (_, page) = get("/").await;
    let path = page.split('"').find(|text| text.starts_with("/static/style.css?v=")).unwrap();
    let (head, style) = get(path).await;
    assert_eq!(head.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert!(style.contains("harbour.svg"));

    let (head, picture) = get("/static/harbour.svg").await;
    assert_eq!(head.headers()["content-type"], "image/svg+xml");
    assert_eq!(head.headers()["cache-control"], "public, max-age=3600");
    assert!(picture.starts_with("<svg"));

    let etag = head.headers()["etag"].clone();
    let (head, body) = ask(Request::get("/static/harbour.svg").header("if-none-match", etag)).await;
    assert_eq!((head.status(), body.as_str()), (StatusCode::NOT_MODIFIED, ""));
}

#[tokio::test]
async fn what_is_not_there_is_a_page_too() {
    for path in ["/nowhere", "/static/nothing.css", "/static/../Cargo.toml"] {
        let (head, page) = get(path).await;
        assert_eq!(head.status(), StatusCode::NOT_FOUND, "{path}");
        assert!(page.contains("<h1>Nothing here</h1>"), "{page}");
    }
}

#[tokio::test]
async fn a_bad_key_is_a_400_that_says_why() {
    for path in ["/hits/a%20b", "/hits/-a", "/hits/%ff", "/hits/%3Cscript%3E"] {
        let (head, page) = get(path).await;
        assert_eq!(head.status(), StatusCode::BAD_REQUEST, "{path}");
        assert!(page.contains("<h1>Not a key</h1>") && page.contains("A key "), "{page}");
        assert!(!page.contains("<script>"), "{page}");
    }
    let (head, body) = get("/api/v1/hits/a%20b").await;
    assert_eq!(
        (head.status(), &head.headers()["content-type"]),
        (StatusCode::BAD_REQUEST, &"application/problem+json".parse().unwrap())
    );
    assert!(body.starts_with(r#"{"title":"Bad Request","status":400,"detail":"A key is made of"#), "{body}");
}

#[tokio::test]
async fn a_picture_says_what_is_wrong_and_is_always_shown() {
    let cases = [
        ("/hits/wharf.svg", "hits: out of reach"),
        ("/hits/wharf.svg?label=views&style=plastic", "views: out of reach"),
        ("/hits/a.svg.svg", "not a key: A key does not end in"),
        ("/hits/%3Cscript%3E.svg", "not a key: A key is made of"),
        ("/hits/%ff.svg", "not a key: A key is made of"),
        ("/hits/wharf.svg?color=%22%3E%3Cscript%3E", "color: a colour is a name"),
        ("/hits/wharf.svg?style=round", "style: a style is flat"),
    ];
    for (path, says) in cases {
        let (head, svg) = get(path).await;
        assert_eq!(head.status(), StatusCode::OK, "proxies show a broken picture for another status: {path}");
        assert_eq!(head.headers()["content-type"], "image/svg+xml; charset=utf-8");
        assert!(svg.contains(&format!("<title>{says}")), "{svg}");
        assert!(!svg.contains("<script>"), "{svg}");
    }
}

#[tokio::test]
async fn the_api_describes_itself_and_explains_its_errors() {
    let (head, body) = get("/api/v1/openapi.json").await;
    assert_eq!(head.status(), StatusCode::OK);
    let description: serde_json::Value = serde_json::from_str(&body).unwrap();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            let path = path.replace("{key}", "wharf");
            let (head, _) = ask(Request::builder().method(&*method.to_uppercase()).uri(&path)).await;
            let answers = &methods[method]["responses"];
            assert!(answers[head.status().as_str()].is_object(), "{method} {path}: {} in {answers}", head.status());
        }
    }
    let (head, body) = get("/api/v1/nowhere").await;
    assert_eq!(
        (head.status(), &head.headers()["content-type"]),
        (StatusCode::NOT_FOUND, &"application/problem+json".parse().unwrap())
    );
    assert!(body.contains("openapi.json"), "{body}");
}

#[tokio::test]
async fn a_page_may_load_nothing_foreign_and_a_badge_may_be_shown_anywhere() {
    let (page, _) = get("/").await;
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self'"), "{policy}");
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    assert_eq!(page.headers()["cross-origin-resource-policy"], "same-origin");
    let (badge, _) = get("/hits/wharf.svg").await;
    assert_eq!(badge.headers()["content-security-policy"], "default-src 'none'; frame-ancestors *");
    assert_eq!(badge.headers()["cross-origin-resource-policy"], "cross-origin");
    for head in [page, badge, get("/static/style.css").await.0, get("/nowhere").await.0, get("/api/v1/count").await.0] {
        assert_eq!(head.headers()["x-content-type-options"], "nosniff");
        assert_eq!(head.headers()["referrer-policy"], "no-referrer");
    }
}

#[tokio::test]
async fn alive_is_not_ready() {
    let (head, body) = get("/healthz").await;
    assert_eq!((head.status(), body.as_str()), (StatusCode::OK, "ok\n"));
    let (head, body) = get("/readyz").await;
    assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body, r#"{"ready":false,"redis":"down","postgres":"down"}"#);
}

#[tokio::test]
async fn a_request_keeps_its_id_or_gets_one() {
    let (head, _) = ask(Request::get("/").header("x-request-id", "abc-123")).await;
    assert_eq!(head.headers()["x-request-id"], "abc-123");
    let (head, _) = get("/count").await;
    assert_eq!(head.headers()["x-request-id"].len(), 32);
}

#[tokio::test]
async fn metrics_name_the_dependencies_and_the_routes() {
    let app = app();
    answer(&app, Request::get("/count")).await;
    let (_, text) = answer(&app, Request::get("/metrics")).await;
    for line in [
        "wharf_web_redis_up 0",
        "wharf_web_postgres_up 0",
        r#"wharf_web_info{version="0.1.0"} 1"#,
        r#"http_server_requests_total{error_type="503",http_request_method="GET",http_response_status_code="503",http_route="/count",network_protocol_version="1.1",url_scheme="http"} 1"#,
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in {text}");
    }
}

#[tokio::test]
async fn the_builder_shows_a_badge_with_its_markup_and_has_one_script_of_ours() {
    let request = Request::get("/?key=wharf&label=views&style=plastic").header("host", "example.org");
    let request = request.header("accept", "text/html");
    let (head, page) = ask(request).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert!(page.contains(r#"<img src="/k/wharf.svg?label=views&#38;style=plastic&#38;count=none""#), "{page}");
    assert!(page.contains("[![views](http://example.org/k/wharf.svg?label=views&#38;style=plastic)]"), "{page}");
    assert!(page.contains(r#"<option value="plastic" selected>"#), "{page}");
    let policy = head.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("script-src 'self'; connect-src 'self'") && !policy.contains("unsafe"), "{policy}");
    let script = page.split('"').find(|text| text.starts_with("/static/builder.js?v=")).unwrap();
    let (head, _) = get(script).await;
    assert_eq!(head.headers()["content-type"], "text/javascript; charset=utf-8");
    assert!(!page.contains("onclick") && !page.contains(" style="), "{page}");
}

#[tokio::test]
async fn where_a_greeting_is_the_first_page_the_builder_has_an_address_of_its_own() {
    let request = Request::get("/badge?key=wharf").header("host", "example.org");
    let (head, page) = answer(&with_greeting(Some("Hi! I have been called {count} times")), request).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert!(page.contains("<form id=\"builder\" action=\"/badge\""), "{page}");
    assert!(page.contains("[![hits](http://example.org/k/wharf.svg)](http://example.org/k/wharf)"), "{page}");
}

#[tokio::test]
async fn the_builder_says_which_fields_are_wrong() {
    let (head, page) = get("/?key=a%20b&color=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert_eq!(head.status(), StatusCode::OK);
    assert!(
        page.contains("<li>A key is made of the letters")
            && page.contains("<li>Colour of the number: a colour is a name"),
        "{page}"
    );
    assert_eq!(page.matches(r#" aria-invalid="true""#).count(), 2, "{page}");
    assert!(!page.contains("<script>") && !page.contains("/k/"), "{page}");
}

#[tokio::test]
async fn what_is_embedded_is_always_shown() {
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    let cases = [
        ("/k/wharf.svg", "<title>hits: out of reach</title>"),
        ("/k/a%20b.svg", "<title>not a key: A key is made of"),
        ("/k/wharf.svg?count=some", "<title>count: people, all or none are counted</title>"),
        (
            "/k/wharf.json",
            r#"{"schemaVersion":1,"label":"hits","message":"out of reach","isError":true,"style":"flat"}"#,
        ),
        ("/k/wharf.json?color=x", r#"{"schemaVersion":1,"label":"color","message":"a colour is a name"#),
    ];
    for (path, says) in cases {
        let (head, text) = ask(Request::get(path).header("user-agent", firefox)).await;
        assert_eq!(head.status(), StatusCode::OK, "{path}");
        assert!(text.contains(says), "{path}: {text}");
    }
    let (head, _) = get("/k/a%20b.json").await;
    assert_eq!(head.status(), StatusCode::BAD_REQUEST);
    let pixel = app().oneshot(Request::get("/k/wharf.gif").body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!((pixel.status(), &pixel.headers()["content-type"]), (StatusCode::OK, &"image/gif".parse().unwrap()));
    let pixel = pixel.into_body().collect().await.unwrap().to_bytes();
    assert!(pixel.starts_with(b"GIF89a") && pixel.ends_with(b";") && pixel.len() == 43);
}

#[tokio::test]
async fn a_badge_without_todays_number_says_so_and_the_log_says_why() {
    let (app, _kept) = without_its_history().await;
    let why = |head: &Response<()>| head.extensions().get::<Cause>().map(|Cause(error)| error.to_string());
    answer(&app, Request::get("/hits/wharf")).await;
    for (path, says) in [
        ("/hits/wharf.svg?format=today", "<title>hits: ? today / 2</title>"),
        ("/k/wharf.svg?format=today&count=none", "<title>hits: ? today / 2</title>"),
        ("/k/wharf.json?format=today", r#""message":"? today / 2""#),
    ] {
        let (head, text) = answer(&app, Request::get(path)).await;
        assert!(head.status() == StatusCode::OK && text.contains(says), "{path}: {text}");
        assert!(why(&head).is_some(), "{path}");
    }
    let (head, _) = answer(&app, Request::get("/k/wharf.svg?count=none")).await;
    assert_eq!(why(&head), None);
}

#[tokio::test]
async fn the_history_of_a_key_that_nobody_has_counted_is_not_read() {
    let (app, _kept) = without_its_history().await;
    let page = || Request::get("/k/new").header("accept", "text/html");
    let (head, text) = answer(&app, page()).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert!(text.contains("Nobody has counted for this key yet."), "{text}");
    let (_, svg) = answer(&app, Request::get("/k/new.svg?format=today&count=none")).await;
    assert!(svg.contains("<title>hits: 0 today / 0</title>"), "{svg}");
    answer(&app, Request::get("/hits/new")).await;
    let (head, text) = answer(&app, page()).await;
    assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("1 hit for") && text.contains("The history cannot be read at the moment."), "{text}");
}
