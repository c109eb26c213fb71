//! What a verb leaves on an engine that goes away while the verb runs.

use std::process::Stdio;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::process::Command;
use tokio::time::timeout;
use wharf_testkit::simulated_engine::Container;
use wharf_testkit::{SimulatedEngine, eventually};

use super::sandbox::Outcome;

const PATIENCE: Duration = Duration::from_secs(20);

/// Takes one connection at the engine's address and closes it without an answer. So the client has found the engine away.
async fn refuse_once(host: &str) {
    let socket = host.strip_prefix("unix://").unwrap();
    std::fs::remove_file(socket).unwrap();
    let listener = UnixListener::bind(socket).unwrap();
    timeout(PATIENCE, listener.accept()).await.expect("the client notices that its connection is closed").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_of_run_is_removed_by_the_engine_that_comes_back() {
    let mut engine = SimulatedEngine::start();
    engine.add_image("app", &[]);
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("compose.yaml"), "name: shop\nservices: {web: {image: app}}\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
    command.current_dir(directory.path()).args(["run", "--rm", "-T", "--interactive=false", "web", "sleep", "600"]);
    command.env("DOCKER_HOST", engine.host()).env("HOME", directory.path()).env("XDG_RUNTIME_DIR", directory.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let child = command.spawn().unwrap();
    let runs = async || match engine.containers() {
        containers if containers.iter().any(Container::is_up) => Ok(()),
        containers => Err(format!("{containers:?}")),
    };
    eventually("the container runs", PATIENCE, runs).await.unwrap();

    engine.stop().await;
    refuse_once(&engine.host()).await;
    assert_eq!(engine.containers().len(), 1, "nobody could remove it yet");
    engine.start_again();
    let outcome = Outcome::of(timeout(PATIENCE, child.wait_with_output()).await.expect("run ends").unwrap());
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(engine.containers(), [], "{}", outcome.stderr);
}
