//! An engine that goes away while a command waits for it, and comes back.

use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};
use std::time::Duration;

use wharf_testkit::{SimulatedEngine, eventually};

const DEADLINE: Duration = Duration::from_secs(60);

/// The names of the containers of `run`.
fn of_run(engine: &SimulatedEngine) -> Vec<String> {
    engine.containers().into_iter().map(|container| container.name).filter(|name| name.contains("-run-")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn run_rm_removes_its_container_when_the_engine_is_back() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("engine.sock");
    let listen_on = |engine: &SimulatedEngine| {
        let _left = std::fs::remove_file(&socket);
        symlink(engine.host().trim_start_matches("unix://"), &socket).unwrap();
    };
    let engine = SimulatedEngine::start();
    engine.add_image("app", &[]);
    listen_on(&engine);
    std::fs::write(directory.path().join("compose.yaml"), "services: {web: {image: app}}").unwrap();
    let mut run = Command::new(env!("CARGO_BIN_EXE_wharf"));
    run.current_dir(directory.path()).args(["-p", "shop", "run", "--rm", "-T", "web", "sleep", "600"]);
    run.env("DOCKER_HOST", format!("unix://{}", socket.display()));
    run.env("HOME", directory.path()).env("XDG_RUNTIME_DIR", directory.path()).stdin(Stdio::null());
    let mut run = run.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let runs = eventually("its container runs", DEADLINE, async || {
        let up = engine.containers().iter().any(|container| container.name.contains("-run-") && container.is_up());
        if up { Ok(()) } else { Err(format!("{:?}", engine.calls())) }
    });
    runs.await.unwrap();
    let saved = engine.save();
    drop(engine);
    let back = SimulatedEngine::start_with(&saved);
    assert_eq!(of_run(&back).len(), 1);
    listen_on(&back);
    let ended = eventually("the command has ended", DEADLINE, async || match run.try_wait().unwrap() {
        Some(status) => Ok(status),
        None => Err(format!("{:?}", back.requests())),
    });
    assert!(!ended.await.unwrap().success(), "its end is not known");
    assert_eq!(of_run(&back), Vec::<String>::new());
}
