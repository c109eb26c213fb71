//! `wharf up` in the foreground: what is shown, what ends it, and with which code.

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
