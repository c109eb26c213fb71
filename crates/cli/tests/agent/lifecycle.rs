//! Containers that come, go, stop, start again and change their names.

use std::time::Duration;

use wharf_testkit::eventually;

use crate::scene::{DEADLINE, Mode, Scene, assert_numbered, numbered};

async fn restarted(mode: Mode) {
    let scene = Scene::new(mode).await;
    let _agent = scene.agent(&[]);
    let script = "n=$(cat /n 2>/dev/null || echo 0); echo $((n + 1)) > /n; echo start $n; echo problem $n >&2; sleep 0.2; echo end $n";
    scene.run("app", &[], script);
    for _ in 0..3 {
        scene.docker(&["wait", &scene.container("app")]);
        scene.docker(&["start", &scene.container("app")]);
    }
    scene.delivered(12).await;
    let lines = scene.loki.received();
    let expected: Vec<String> = (0..4).flat_map(|n| [format!("start {n}"), format!("end {n}")]).collect();
    assert_eq!(scene.texts(&lines, "app", "stdout"), expected);
    assert_eq!(scene.texts(&lines, "app", "stderr"), (0..4).map(|n| format!("problem {n}")).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_container_goes_on_where_it_was() {
    restarted(Mode::Files).await;
    restarted(Mode::Engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_is_made_again_and_one_that_is_removed_are_read_to_their_end() {
    for mode in [Mode::Files, Mode::Engine] {
        let scene = Scene::new(mode).await;
        let _agent = scene.agent(&[]);
        scene.run("app", &[], "echo first; sleep 0.5; echo last of the first");
        scene.docker(&["wait", &scene.container("app")]);
        scene.docker(&["rm", "-f", &scene.container("app")]);
        scene.run("app", &[], "echo second; sleep 0.5");
        scene.docker(&["wait", &scene.container("app")]);
        scene.delivered(3).await;
        assert_eq!(scene.texts(&scene.loki.received(), "app", "stdout"), ["first", "last of the first", "second"]);
        scene.docker(&["rm", &scene.container("app")]);
        eventually("the positions of what is gone are forgotten", DEADLINE, async || {
            let text = std::fs::read_to_string(scene.path("positions.json")).unwrap();
            if text.contains("docker/") { Err(text) } else { Ok(()) }
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_that_lives_for_a_moment_is_delivered_whole() {
    let scene = Scene::new(Mode::Files).await;
    let _agent = scene.agent(&[]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.run("short", &[], "seq -f 'line %g' 1 1000");
    scene.delivered(1000).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "short", "stdout"), 1000);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_container_is_read_on_under_its_new_name() {
    let scene = Scene::new(Mode::Files).await;
    let _agent = scene.agent(&[]);
    scene.run("old", &[], "echo before; while [ ! -e /go ]; do sleep 0.1; done; echo after");
    scene.delivered(1).await;
    scene.docker(&["rename", &scene.container("old"), &scene.container("new")]);
    tokio::time::sleep(Duration::from_millis(500)).await;
    scene.docker(&["exec", &scene.container("new"), "touch", "/go"]);
    scene.delivered(2).await;
    let lines = scene.loki.received();
    assert_eq!(scene.texts(&lines, "old", "stdout"), ["before"]);
    assert_eq!(scene.texts(&lines, "new", "stdout"), ["after"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_while_no_agent_ran_is_delivered() {
    let scene = Scene::new(Mode::Files).await;
    scene.run("stopped", &[], &numbered(500, 50_000));
    scene.docker(&["wait", &scene.container("stopped")]);
    let _agent = scene.agent(&[]);
    scene.delivered(500).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "stopped", "stdout"), 500);
}
