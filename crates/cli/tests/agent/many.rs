//! Many containers at once.

use std::process::Command;

use crate::scene::{Mode, Scene};

/// As many as an engine can start in a time that a test may take; `WHARF_TEST_CONTAINERS` says another number.
fn containers() -> usize {
    std::env::var("WHARF_TEST_CONTAINERS").ok().and_then(|number| number.parse().ok()).unwrap_or(40)
}

#[tokio::test(flavor = "multi_thread")]
async fn many_containers_at_once_are_read_in_bounded_memory() {
    let scene = Scene::new(Mode::Files).await;
    let agent = scene.agent(&[]);
    let count = containers();
    std::thread::scope(|threads| {
        for part in 0..4 {
            let scene = &scene;
            threads.spawn(move || {
                for number in (part..count).step_by(4) {
                    scene.run(&number.to_string(), &[], "seq -f 'line %g' 1 100");
                }
            });
        }
    });
    scene.delivered(count * 100).await;
    let received = scene.loki.received();
    assert_eq!(received.len(), count * 100);
    for number in 0..count {
        crate::scene::assert_numbered(&scene.texts(&received, &number.to_string(), "stdout"), 100);
    }
    let threads = Command::new("ls").arg(format!("/proc/{}/task", agent.id())).output().unwrap();
    let threads = String::from_utf8(threads.stdout).unwrap().lines().count();
    assert!(threads < 30, "{threads} threads");
    assert!(agent.peak_memory() < 64 * 1024, "{} KiB", agent.peak_memory());
}
