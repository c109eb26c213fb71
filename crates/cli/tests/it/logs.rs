//! `wharf logs`, and `wharf up` in the foreground.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::sandbox::Sandbox;

#[test]
fn logs_are_merged_by_time_and_carry_their_containers_name() {
    let sandbox = Sandbox::new(
        "services:
  a: {image: IMAGE, command: sh -c 'echo one; echo two >&2'}
  longer: {image: IMAGE, command: echo three, depends_on: {a: {condition: service_completed_successfully}}}
",
    );
    sandbox.ok(&["up", "--wait", "a"]);
    sandbox.ok(&["up", "-d"]);
    // A container that ends at once may still be writing its log when `up` returns.
    let wait = Command::new("docker").args(["wait", &format!("{}-longer-1", sandbox.project)]).output().unwrap();
    assert!(wait.status.success());
    let text = sandbox.ok(&["logs", "--no-color"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.last(), Some(&"longer-1  | three"));
    assert!(lines.contains(&"a-1       | one") && lines.contains(&"a-1       | two"), "{text}");
    assert_eq!(sandbox.ok(&["logs", "--no-color", "--no-log-prefix", "--tail", "1", "longer"]), "three\n");
}

#[test]
fn a_followed_log_goes_on_through_a_restart_without_losing_or_repeating_a_line() {
    let sandbox = Sandbox::new(
        "services:
  web:
    image: IMAGE
    restart: always
    command: sh -c 'n=$$(cat /data/n || echo 0); for i in 1 2 3; do echo line $$((n+i)); done; echo $$((n+3)) >/data/n; [ $$n -lt 9 ] || exec sleep 600; exit 1'
    stop_signal: SIGKILL
    volumes: [data:/data]
volumes: {data: {}}
",
    );
    sandbox.ok(&["up", "-d"]);
    let mut follow =
        sandbox.command(&["logs", "-f", "--no-color", "--no-log-prefix"]).stdout(Stdio::piped()).spawn().unwrap();
    let reader = BufReader::new(follow.stdout.take().unwrap());
    let mut lines = Vec::new();
    for line in reader.lines() {
        let line = line.unwrap();
        if line.starts_with("line ") {
            lines.push(line);
        }
        if lines.len() == 12 {
            break;
        }
    }
    follow.kill().unwrap();
    follow.wait().unwrap();
    let expected: Vec<String> = (1..=12).map(|number| format!("line {number}")).collect();
    assert_eq!(lines, expected);
}

#[test]
fn up_in_the_foreground_ends_when_all_have_stopped_and_can_take_over_an_exit_code() {
    let sandbox = Sandbox::new(
        "services:
  job: {image: IMAGE, command: sh -c 'echo done; exit 7'}
  helper: {image: IMAGE, command: sleep 600, stop_signal: SIGKILL}
",
    );
    let alone = sandbox.wharf(&["up", "--no-color", "job"]);
    assert_eq!(alone.code, 0, "{}", alone.stderr);
    assert!(
        alone.stdout.contains("job-1  | done") && alone.stdout.contains("job-1 exited with code 7"),
        "{}",
        alone.stdout
    );
    let both = sandbox.wharf(&["up", "--exit-code-from", "job"]);
    assert_eq!(both.code, 7, "{}{}", both.stdout, both.stderr);
    let running = sandbox.ok(&["ps", "-q"]);
    assert_eq!(running, "", "the helper was stopped, too");
}
