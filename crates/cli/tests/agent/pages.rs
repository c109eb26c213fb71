//! What the agent shows of itself, and to whom.

use std::io::Write;
use std::net::TcpStream;

use wharf_testkit::eventually;

use crate::scene::{DEADLINE, Mode, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn targets_and_metrics_tell_what_is_read() {
    let scene = Scene::new(Mode::Files).await;
    let _agent = scene.agent(&[]);
    scene.run("app", &["--label", "com.docker.compose.service=web"], "echo one; echo two >&2; sleep 60");
    scene.delivered(2).await;
    let get = async |path: &str| scene.page(path).await;
    assert_eq!(get("/ready").await, "ready\n");
    let targets: serde_json::Value = serde_json::from_str(&get("/targets?format=json").await).unwrap();
    let target = &targets["targets"][0];
    assert_eq!(target["name"], scene.container("app"));
    assert_eq!(target["labels"]["stderr"]["service_name"], "web");
    assert_eq!(target["discovered_labels"]["__meta_docker_container_label_com_docker_compose_service"], "web");
    assert!(target["read_from"] == "files" || std::env::var_os("WHARF_TEST_DOCKER_HOST").is_some());
    assert!(get("/targets").await.contains(&scene.container("app")));
    let line = format!("wharf_agent_read_lines_total{{target=\"{}\"}} 2", scene.container("app"));
    eventually("the lines are counted", DEADLINE, async || {
        let metrics = get("/metrics").await;
        if metrics.contains(&line) && metrics.contains("wharf_agent_sent_lines_total") { Ok(()) } else { Err(metrics) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn more_idle_connections_than_open_files_stop_neither_delivery_nor_the_pages() {
    let scene = Scene::new(Mode::Files).await;
    let _agent = scene.agent_with_files(64);
    scene.run("before", &[], "echo one; sleep 60");
    scene.delivered(1).await;
    let address = scene.pages();
    let idle: Vec<TcpStream> = (0..120)
        .map(|_| {
            let mut stream = TcpStream::connect(&address).unwrap();
            stream.write_all(b"GET /metr").unwrap();
            stream
        })
        .collect();
    // It is found, opened and delivered while they are there.
    scene.run("after", &[], "echo two; echo three >&2; sleep 60");
    scene.delivered(3).await;
    let page = scene.page("/metrics").await;
    assert!(page.contains("wharf_agent_sent_lines_total"), "{page}");
    drop(idle);
}
