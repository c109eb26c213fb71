//! The agent is killed.

use std::time::Duration;

use crate::scene::{Mode, Scene, assert_numbered, numbered};

const LINES: usize = 60_000;

async fn every_line_comes(mode: Mode) {
    let scene = Scene::new(mode).await;
    scene.run("writer", &["--log-opt", "max-size=2m", "--log-opt", "max-file=9"], &numbered(LINES, 12_000));
    for kill in 0..10 {
        let agent = scene.agent(&[]);
        // Between a start and a batch, and amid batches.
        tokio::time::sleep(Duration::from_millis(100 + 173 * kill % 700)).await;
        agent.kill();
    }
    let _agent = scene.agent(&[]);
    scene.delivered(LINES).await;
    let stored = scene.loki.stored();
    assert_numbered(&scene.texts(&stored, "writer", "stdout"), LINES);
    let again = scene.loki.count() - stored.len();
    assert!(again < LINES, "{again} lines came twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_ten_times_loses_nothing_of_files() {
    every_line_comes(Mode::Files).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_killed_ten_times_loses_nothing_of_the_engines_streams() {
    every_line_comes(Mode::Engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_stopped_and_started_repeats_nothing() {
    for mode in [Mode::Files, Mode::Engine] {
        let scene = Scene::new(mode).await;
        scene.run("writer", &[], &numbered(20_000, 8_000));
        for _ in 0..3 {
            let agent = scene.agent(&[]);
            tokio::time::sleep(Duration::from_millis(900)).await;
            assert_eq!(agent.stop(), Some(0));
        }
        let _agent = scene.agent(&[]);
        scene.delivered(20_000).await;
        assert_numbered(&scene.texts(&scene.loki.received(), "writer", "stdout"), 20_000);
    }
}
