//! Batches on disk while Loki is away.

use std::process::Command;

use wharf_testkit::eventually;

use crate::scene::{DEADLINE, Mode, Scene, assert_numbered, numbered};

const LINES: usize = 60_000;
/// It holds less than the lines.
const ROTATED: [&str; 4] = ["--log-opt", "max-size=1m", "--log-opt", "max-file=2"];

#[tokio::test(flavor = "multi_thread")]
async fn what_rotation_would_delete_is_in_the_spool_even_when_the_agent_is_killed() {
    let mut scene = Scene::new(Mode::Files).await;
    scene.loki.stop().await;
    let spool = scene.path("spool");
    let options = ["--memory", "2MB", "--spool", spool.to_str().unwrap()];
    let agent = scene.agent(&options);
    scene.run("writer", &ROTATED, &numbered(LINES, 20_000));
    scene.docker(&["wait", &scene.container("writer")]);
    scene.read("writer", LINES).await;
    assert!(std::fs::read_dir(&spool).unwrap().count() > 0, "{}", scene.log());
    agent.kill();
    scene.loki.start_again().await;
    let _agent = scene.agent(&options);
    scene.delivered(LINES).await;
    assert_numbered(&scene.texts(&scene.loki.stored(), "writer", "stdout"), LINES);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_of_the_spool_is_counted_as_lost() {
    let scene = Scene::new(Mode::Files).await;
    let spool = scene.path("spool");
    std::fs::create_dir(&spool).unwrap();
    std::fs::write(spool.join("00000000000000000000-0-0000000000000000.batch"), "damage").unwrap();
    let _agent = scene.agent(&["--spool", spool.to_str().unwrap()]);
    scene.run("app", &[], "echo one; sleep 60");
    scene.delivered(1).await;
    eventually("it is counted", DEADLINE, async || {
        let page = scene.page("/metrics").await;
        if page.contains("wharf_agent_lost_bytes_total{target=\"spool\"} 6\n") { Ok(()) } else { Err(page) }
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_at_the_spool_loses_nothing_that_the_engine_still_holds() {
    let mut scene = Scene::new(Mode::Files).await;
    let spool = scene.path("spool");
    std::fs::create_dir(&spool).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "tmpfs"]).arg(&spool).output().unwrap();
    if !mounted.status.success() {
        println!("skipped: a small file system needs root: {}", String::from_utf8_lossy(&mounted.stderr));
        return;
    }
    scene.loki.stop().await;
    let agent = scene.agent(&["--memory", "2MB", "--spool", spool.to_str().unwrap()]);
    scene.run("writer", &[], &numbered(LINES, 40_000));
    scene.docker(&["wait", &scene.container("writer")]);
    eventually("the spool is full", DEADLINE, async || {
        let log = scene.log();
        if log.contains("the spool cannot be written") { Ok(()) } else { Err(log) }
    })
    .await
    .unwrap();
    scene.loki.start_again().await;
    scene.delivered(LINES).await;
    assert_numbered(&scene.texts(&scene.loki.received(), "writer", "stdout"), LINES);
    agent.kill();
    let unmounted = Command::new("umount").arg(&spool).status().unwrap();
    assert!(unmounted.success());
}
