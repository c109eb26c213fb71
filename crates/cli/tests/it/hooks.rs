//! Commands at moments of a container's life.

use std::process::Command;

use super::sandbox::Sandbox;

/// What the project's volume `data` holds in a file.
fn in_volume(sandbox: &Sandbox, file: &str) -> String {
    let volume = format!("{}_data:/mnt", sandbox.project);
    let output = Command::new("docker")
        .args(["run", "--rm", "-v", &volume, super::sandbox::IMAGE, "cat", file])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

const ALL_MOMENTS: &str = "\
services:
  web:
    image: IMAGE
    command: sh -c 'cat /data/log; echo main >>/data/log; exec sleep 600'
    stop_signal: SIGKILL
    environment: {GREETING: hello, VERSION: \"${VERSION:-1}\"}
    volumes: [data:/data]
    pre_start:
      - command: sh -c 'echo first $$GREETING $$WHO >>/data/log'
        environment: {WHO: world}
      - command: sh -c 'echo second >>/data/log'
    post_start:
      - command: sh -c 'until grep -q main /data/log; do sleep 0.1; done; echo started >>/data/log'
    pre_stop:
      - command: sh -c 'echo stopping >>/data/log'
volumes: {data: {}}
";

#[test]
fn hooks_run_in_the_order_of_a_containers_life() {
    let sandbox = Sandbox::new(ALL_MOMENTS);
    sandbox.ok(&["up", "-d", "--wait"]);
    assert_eq!(in_volume(&sandbox, "/mnt/log"), "first hello world\nsecond\nmain\nstarted\n");
    assert_eq!(sandbox.names().len(), 1, "what ran before it is gone");
    sandbox.ok(&["up", "-d", "--wait", "--scale", "web=2"]);
    assert_eq!(
        in_volume(&sandbox, "/mnt/log").matches("first").count(),
        1,
        "a replica is added, nothing is prepared again"
    );
    sandbox.ok(&["stop", "web"]);
    assert_eq!(in_volume(&sandbox, "/mnt/log").matches("stopping").count(), 2);
    sandbox.ok(&["start"]);
    assert_eq!(in_volume(&sandbox, "/mnt/log").matches("first").count(), 2, "the service starts as a whole");
}

#[test]
fn a_changed_service_is_prepared_again_and_an_unchanged_one_is_not() {
    let sandbox = Sandbox::new(ALL_MOMENTS);
    sandbox.ok(&["up", "-d"]);
    sandbox.ok(&["up", "-d"]);
    assert_eq!(in_volume(&sandbox, "/mnt/log").matches("second").count(), 1);
    assert!(sandbox.command(&["up", "-d"]).env("VERSION", "2").status().unwrap().success());
    let log = in_volume(&sandbox, "/mnt/log");
    assert_eq!((log.matches("second").count(), log.matches("stopping").count()), (2, 1), "{log}");
}

#[test]
fn a_container_before_the_start_that_fails_stops_it_and_can_be_looked_at() {
    let sandbox = Sandbox::new(
        "services:
  web:
    image: IMAGE
    command: sleep 600
    pre_start:
      - command: echo fine
      - command: sh -c 'echo no such table >&2; exit 17'
",
    );
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, 1);
    for wanted in ["pre_start[1] exited with code 17", "no such table", "docker logs"] {
        assert!(outcome.stderr.contains(wanted), "{wanted} is missing in:\n{}", outcome.stderr);
    }
    let states: Vec<_> = sandbox.containers().iter().map(|found| found["State"].as_str().unwrap().to_owned()).collect();
    assert_eq!(states, ["exited", "created"], "the hook's container, and the one it was for");
    sandbox.ok(&["down"]);
    assert_eq!(sandbox.left_behind(), "");
}

#[test]
fn a_command_that_fails_after_the_start_or_before_the_stop_fails_the_verb() {
    let hooked = |moment: &str| {
        Sandbox::new(&format!(
            "services:\n  web:\n    image: IMAGE\n    command: sleep 600\n    stop_signal: SIGKILL\n    {moment}:\n      - command: sh -c 'echo broken; exit 3'\n"
        ))
    };
    let started = hooked("post_start");
    let outcome = started.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("web hook exited with status 3 (post_start[0])"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("broken"), "{}", outcome.stderr);

    let stopped = hooked("pre_stop");
    stopped.ok(&["up", "-d"]);
    let outcome = stopped.wharf(&["stop"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("web hook exited with status 3 (pre_stop[0])"), "{}", outcome.stderr);
    stopped.ok(&["kill"]);
}

#[test]
fn in_the_foreground_hooks_write_into_the_log() {
    let sandbox = Sandbox::new(
        "services:
  job: {image: IMAGE, command: sleep 1}
  web:
    image: IMAGE
    command: sh -c 'trap \"echo bye; exit\" TERM; echo hello; while :; do sleep 0.1; done'
    pre_stop: [{command: echo about to stop}]
",
    );
    let text = sandbox.ok(&["up", "--abort-on-container-exit", "--no-color"]);
    let at = |wanted: &str| text.find(wanted).unwrap_or_else(|| panic!("{wanted} is missing in:\n{text}"));
    assert!(at("web-1  | hello") < at("web-1 ->  | about to stop"), "{text}");
    assert!(at("web-1 ->  | about to stop") < at("web-1  | bye"), "{text}");
}
