//! `wharf up` in the foreground: what is shown, what ends it, and with which code.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use super::sandbox::Sandbox;

const JOBS: &str = "\
services:
  fine: {image: IMAGE, command: sh -c 'echo fine'}
  fails: {image: IMAGE, command: sh -c 'sleep 1; echo fails; exit 111', depends_on: {fine: {condition: service_completed_successfully}}}
  stays: {image: IMAGE, init: true, command: sleep 600}
";

#[test]
fn the_first_exit_or_the_first_failure_ends_all() {
    let sandbox = Sandbox::new(JOBS);
    let first = sandbox.wharf(&["up", "--abort-on-container-exit"]);
    assert_eq!(first.code, 0, "{}{}", first.stdout, first.stderr);
    assert!(first.stdout.contains("fine-1 exited with code 0"), "{}", first.stdout);
    assert_eq!(sandbox.ok(&["ps", "-q"]), "");
    let failed = sandbox.wharf(&["up", "--abort-on-container-failure"]);
    assert_eq!(failed.code, 111, "{}{}", failed.stdout, failed.stderr);
    assert!(failed.stdout.contains("fine-1 exited with code 0"), "{}", failed.stdout);
    assert_eq!(sandbox.ok(&["ps", "-q"]), "");
    let code = sandbox.wharf(&["up", "--exit-code-from", "stays"]);
    assert_eq!(code.code, 143, "it was stopped with the others: {}{}", code.stdout, code.stderr);
    assert_eq!(sandbox.wharf(&["up", "-d", "--abort-on-container-exit"]).code, 2);
}

#[test]
fn an_exit_that_comes_while_the_last_container_starts_counts() {
    let sandbox = Sandbox::new("services:\n  job: {image: IMAGE, command: sh -c 'exit 3'}\n");
    // Which comes first, the event or the end of the start, is a matter of luck.
    for _ in 0..4 {
        for flag in ["--abort-on-container-exit", "--abort-on-container-failure"] {
            let outcome = sandbox.wharf(&["up", flag]);
            assert_eq!(outcome.code, 3, "{flag}: {}{}", outcome.stdout, outcome.stderr);
        }
    }
    assert_eq!(sandbox.wharf(&["up"]).code, 0, "nothing was said about exits");
}

#[test]
fn lines_of_standard_error_go_to_standard_error() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE, command: sh -c 'echo to out; echo to err >&2'}\n");
    let outcome = sandbox.wharf(&["up"]);
    assert!(outcome.stdout.contains("web-1  | to out") && !outcome.stdout.contains("to err"), "{}", outcome.stdout);
    assert!(outcome.stderr.contains("web-1  | to err"), "{}", outcome.stderr);
}

#[test]
fn what_is_followed_can_be_chosen() {
    let sandbox = Sandbox::new(
        "services:
  db: {image: IMAGE, command: echo from db}
  web: {image: IMAGE, command: echo from web, depends_on: [db]}
  quiet: {image: IMAGE, command: echo from quiet, attach: false}
",
    );
    let shown = |flags: &[&str]| {
        let text = sandbox.ok(&[&["up"], flags].concat());
        ["db", "web", "quiet"].map(|service| text.contains(&format!("from {service}")))
    };
    assert_eq!(shown(&[]), [true, true, false]);
    assert_eq!(shown(&["web"]), [false, true, false]);
    assert_eq!(shown(&["--attach-dependencies", "web"]), [true, true, false]);
    assert_eq!(shown(&["--attach", "quiet"]), [false, false, true]);
    assert_eq!(shown(&["--no-attach", "web"]), [true, false, false]);
    assert_eq!(sandbox.wharf(&["up", "--attach", "nobody"]).code, 1);
}

#[test]
fn logs_are_shown_while_a_dependency_is_waited_for() {
    let sandbox = Sandbox::new(
        "services:
  db:
    image: IMAGE
    command: sh -c 'echo starting up; sleep 2; touch /ready; exec sleep 600'
    init: true
    healthcheck: {test: test -e /ready, interval: 300ms, retries: 30}
  web: {image: IMAGE, command: echo done, depends_on: {db: {condition: service_healthy}}}
",
    );
    let outcome = sandbox.wharf(&["up", "--exit-code-from", "web"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let both = outcome.stdout;
    assert!(both.find("starting up") < both.find("done"), "{both}");
}

#[test]
fn memory_stays_bounded_however_much_is_written() {
    let sandbox = Sandbox::new(
        "services:
  talks:
    image: IMAGE
    command: sh -c 'yes a line that is as long as lines of logs are more or less | head -n 300000; echo the end'
    # A busy machine may read more slowly than an engine rotates.
    logging: {driver: json-file, options: {max-size: 1g}}
",
    );
    let mut child = sandbox.command(&["up"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let id = child.id();
    let memory = || {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:"));
        line.and_then(|line| line.split_whitespace().nth(1)).map_or(0, |kilobytes| kilobytes.parse::<u64>().unwrap())
    };
    // The most that it ever had, as long as it runs.
    let (mut lines, mut most) = (0, 0);
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        lines += 1;
        if line.unwrap().ends_with("the end") {
            most = memory();
        }
    }
    assert!(child.wait().unwrap().success());
    assert!(lines >= 300_001, "{lines} lines");
    assert!(most > 0 && most < 80 * 1024, "{most} KiB for {lines} lines of 60 bytes");
}
