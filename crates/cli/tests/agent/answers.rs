//! What Loki answers, and while it is away.

use std::time::Duration;

use wharf_testkit::{LokiAnswer, eventually};

use crate::scene::{DEADLINE, Mode, Scene, assert_numbered, numbered};

#[tokio::test(flavor = "multi_thread")]
async fn lines_wait_while_loki_says_later_and_come_once() {
    let mut scene = Scene::new(Mode::Files).await;
    let later = |status, headers: &[(&'static str, &str)]| {
        LokiAnswer::Status(status, headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    };
    scene.loki.next([later(500, &[]), later(429, &[("Retry-After", "2")]), later(503, &[]), later(401, &[])]);
    let _agent = scene.agent(&[]);
    scene.run("writer", &[], &numbered(100, 1_000));
    scene.delivered(100).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "writer", "stdout"), 100);
    let arrivals = scene.loki.arrivals();
    assert!(arrivals[2] - arrivals[1] >= Duration::from_secs(2), "Retry-After was honoured");
    assert_eq!(scene.loki.statuses()[..5], [500, 429, 503, 401, 204]);
    scene.loki.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_is_bounded_while_loki_is_away_and_the_engines_files_hold_the_rest() {
    let mut scene = Scene::new(Mode::Files).await;
    scene.loki.stop().await;
    let agent = scene.agent(&["--memory", "2MB"]);
    scene.run("writer", &[], &numbered(100_000, 50_000));
    scene.docker(&["wait", &scene.container("writer")]);
    tokio::time::sleep(Duration::from_secs(2)).await;
    scene.loki.start_again().await;
    scene.delivered(100_000).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "writer", "stdout"), 100_000);
    // A build for tests is larger than one for use.
    assert!(agent.peak_memory() < 64 * 1024, "{} KiB", agent.peak_memory());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_too_large_goes_in_parts_and_bad_lines_are_dropped_once() {
    let scene = Scene::new(Mode::Files).await;
    scene.loki.always(LokiAnswer::TooLargeAbove(3_000));
    scene.run("writer", &[], &numbered(200, 100_000));
    scene.run("large", &[], "head -c 5000 /dev/zero | tr '\\0' x; echo; echo small");
    let _agent = scene.agent(&[]);
    scene.delivered(201).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "writer", "stdout"), 200);
    assert_eq!(scene.texts(&scene.loki.received(), "large", "stdout"), ["small"]);
    eventually("the large line is logged", DEADLINE, async || match scene.log() {
        log if log.contains("too_large") => Ok(()),
        log => Err(log),
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_is_never_sent_again() {
    let scene = Scene::new(Mode::Files).await;
    scene.loki.next([LokiAnswer::Status(400, Vec::new())]);
    scene.run("first", &[], "echo refused");
    let _agent = scene.agent(&[]);
    eventually("the first batch is refused", DEADLINE, async || match scene.loki.statuses() {
        statuses if statuses == [400] => Ok(()),
        statuses => Err(format!("{statuses:?}")),
    })
    .await
    .unwrap();
    scene.run("second", &[], "echo taken");
    scene.delivered(1).await;
    assert_eq!(scene.loki.statuses(), [400, 204]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_lost_repeats_lines_byte_by_byte() {
    let scene = Scene::new(Mode::Files).await;
    scene.loki.next([LokiAnswer::TakenAndLost]);
    scene.run("writer", &[], &numbered(100, 100_000));
    scene.docker(&["wait", &scene.container("writer")]);
    let _agent = scene.agent(&[]);
    eventually("the batch came twice", DEADLINE, async || match scene.loki.count() {
        200 => Ok(()),
        count => Err(format!("{count} lines")),
    })
    .await
    .unwrap();
    assert_numbered(&scene.texts(&scene.loki.stored(), "writer", "stdout"), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_gzip_and_otlp_carry_the_same_lines() {
    let forms = [
        "{url: URL/loki/api/v1/push, format: json}",
        "{url: URL/loki/api/v1/push, format: json, compression: gzip}",
        "{url: URL/otlp/v1/logs, compression: gzip}",
    ];
    for form in forms {
        let scene = Scene::new(Mode::Files).await;
        let file = scene.path("app.log");
        std::fs::write(&file, "one\ntwo \"quoted\"\n").unwrap();
        let client = form.replace("URL", &scene.loki.url());
        let config = format!(
            "server: {{http_listen_address: 127.0.0.1, http_listen_port: 0}}\npositions: {{filename: {}}}\nclients: [{client}]\n\
             scrape_configs: [{{job_name: f, static_configs: [{{labels: {{app: x, __path__: {}}}}}]}}]\n",
            scene.path("positions.json").display(),
            file.display()
        );
        std::fs::write(scene.path("promtail.yaml"), config).unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wharf"));
        let mut agent = command
            .args(["agent", "--config"])
            .arg(scene.path("promtail.yaml"))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        scene.delivered(2).await;
        let lines = scene.loki.received();
        assert_eq!(lines.iter().map(|line| line.line.as_str()).collect::<Vec<_>>(), ["one", "two \"quoted\""]);
        assert_eq!(lines[0].labels["app"], "x", "{form}");
        agent.kill().unwrap();
        agent.wait().unwrap();
    }
}
