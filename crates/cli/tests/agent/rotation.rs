//! The engine rotates a log while it is read.

use crate::scene::{Mode, Scene, assert_numbered, numbered};

const LINES: usize = 60_000;
const ROTATED: [&str; 4] = ["--log-opt", "max-size=1m", "--log-opt", "max-file=3"];

async fn every_line_comes_once(mode: Mode) {
    let scene = Scene::new(mode).await;
    let _agent = scene.agent(&[]);
    scene.run("writer", &ROTATED, &numbered(LINES, 20_000));
    scene.delivered(LINES).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "writer", "stdout"), LINES);
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_lines_a_second_are_read_from_rotated_files() {
    every_line_comes_once(Mode::Files).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_lines_a_second_are_read_through_the_engine() {
    every_line_comes_once(Mode::Engine).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rotated_and_compressed_before_the_start_is_read_first() {
    let scene = Scene::new(Mode::Files).await;
    let options = ["--log-opt", "max-size=1m", "--log-opt", "max-file=30", "--log-opt", "compress=true"];
    scene.run("writer", &options, &numbered(20_000, 40_000));
    scene.docker(&["wait", &scene.container("writer")]);
    let _agent = scene.agent(&[]);
    scene.delivered(20_000).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "writer", "stdout"), 20_000);
}
