//! The engine itself goes away and comes back.

use std::process::Command;

use wharf_testkit::eventually;

use crate::scene::{DEADLINE, Mode, Scene, assert_numbered, numbered};

/// An engine of the tests' own: a container of the usual engine, named by `WHARF_TEST_ENGINE_CONTAINER`, that listens where
/// `WHARF_TEST_ENGINE_HOST` says.
fn own_engine() -> Option<(String, String)> {
    Some((std::env::var("WHARF_TEST_ENGINE_CONTAINER").ok()?, std::env::var("WHARF_TEST_ENGINE_HOST").ok()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_engines_logs_are_read_on() {
    let Some((container, host)) = own_engine() else {
        println!("skipped: no engine to restart; WHARF_TEST_ENGINE_CONTAINER and WHARF_TEST_ENGINE_HOST name one");
        return;
    };
    let scene = Scene::at(Mode::Engine, Some(host)).await;
    let _agent = scene.agent(&[]);
    scene.run("before", &[], &numbered(1_000, 50_000));
    scene.run("app", &[], "echo start; sleep 600");
    scene.delivered(1_001).await;
    // An engine that is killed leaves this behind, and does not start with it.
    let docker = |args: &[&str]| Command::new("docker").args(args).status().unwrap();
    assert!(docker(&["exec", &container, "rm", "-f", "/var/run/docker.pid"]).success());
    let restarted = docker(&["restart", "-t", "30", &container]);
    assert!(restarted.success());
    eventually("the engine answers again", DEADLINE, async || {
        let version = scene.command(&[]);
        let host =
            version.get_envs().find_map(|(name, value)| (name == "DOCKER_HOST").then_some(value)).flatten().unwrap();
        match Command::new("docker").env("DOCKER_HOST", host).arg("version").output() {
            Ok(output) if output.status.success() => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await
    .unwrap();
    scene.docker(&["start", &scene.container("app")]);
    scene.delivered(1_002).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "before", "stdout"), 1_000);
    assert_eq!(scene.texts(&scene.loki.received(), "app", "stdout"), ["start", "start"]);
}
