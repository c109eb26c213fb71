//! One clear message for each mistake, an exit code that is not 0, nothing left behind.

use std::net::TcpListener;
use std::process::Command;

use super::sandbox::{Outcome, Sandbox};

/// Runs `up -d`, which has to fail and leave nothing, and gives the message without what differs between runs.
fn refused(sandbox: &Sandbox, code: i32) -> String {
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, code, "{}{}", outcome.stdout, outcome.stderr);
    assert_eq!(outcome.stdout, "");
    assert_eq!(sandbox.left_behind(), "");
    plain(sandbox, &outcome.stderr)
}

fn plain(sandbox: &Sandbox, text: &str) -> String {
    text.replace(&sandbox.path().display().to_string(), "DIR").replace(&sandbox.project, "PROJECT")
}

#[test]
fn a_file_that_is_no_yaml() {
    insta::assert_snapshot!(refused(&Sandbox::new("services:\n  web: [\n"), 15), @r#"
    error: this is not YAML: unclosed bracket '['
     --> compose.yaml:2:8
      |
    2 |   web: [
      |        ^
    "#);
}

#[test]
fn an_unknown_key() {
    let sandbox = Sandbox::new("services:\n  web:\n    image: IMAGE\n    enviroment: [A=1]\n");
    insta::assert_snapshot!(refused(&sandbox, 15), @r#"
    error: unknown key `enviroment` in `services.web`
     --> compose.yaml:4:5
      |
    4 |     enviroment: [A=1]
      |     ^^^^^^^^^^
      |
      = help: did you mean `environment`?
    "#);
}

#[test]
fn a_required_variable_that_is_missing() {
    let sandbox = Sandbox::new("services:\n  web:\n    image: ${WHARF_TEST_WHICH:?say which image}\n");
    insta::assert_snapshot!(refused(&sandbox, 15), @r#"
    error: the required variable `WHARF_TEST_WHICH` is not set, or empty: say which image
     --> compose.yaml:3:12
      |
    3 |     image: ${WHARF_TEST_WHICH:?say which image}
      |            ^^^^^^^^^^^^^^^^^^^^
      |
      = help: set `WHARF_TEST_WHICH` in the environment or in the file `.env`
    "#);
}

#[test]
fn a_dependency_on_a_service_that_does_not_exist() {
    let sandbox =
        Sandbox::new("services:\n  web:\n    image: IMAGE\n    depends_on: [databse]\n  database:\n    image: IMAGE\n");
    insta::assert_snapshot!(refused(&sandbox, 15), @r#"
    error: `web` depends on `databse`, which is not a service
     --> compose.yaml:4:18
      |
    4 |     depends_on: [databse]
      |                  ^^^^^^^
      |
      = help: did you mean `database`?
    "#);
}

#[test]
fn a_container_name_for_several_replicas() {
    let sandbox = Sandbox::new(
        "services:\n  web:\n    image: IMAGE\n    container_name: the-web\n    deploy:\n      replicas: 3\n",
    );
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_ne!(outcome.code, 0);
    assert_eq!(sandbox.left_behind(), "");
    insta::assert_snapshot!(plain(&sandbox, &outcome.stderr), @r#"
    error: a container name is for one container, and `web` has 3
     --> compose.yaml:4:21
      |
    4 |     container_name: the-web
      |                     ^^^^^^^
      |
     ::: compose.yaml:6:17
      |
    6 |       replicas: 3
      |                 - the number of replicas is set here
      |
      = help: remove `container_name`; each replica is named after the project and the service
    "#);
}

#[test]
fn a_port_that_a_process_holds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sandbox = Sandbox::new(&format!(
        "services:\n  web:\n    image: IMAGE\n    command: sleep 60\n    ports: ['127.0.0.1:{port}:80']\n"
    ));
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, 1);
    let message = plain(&sandbox, &outcome.stderr).replace(&port.to_string(), "PORT");
    let message = message.replace(&std::process::id().to_string(), "PID");
    assert!(message.contains("taken by process it-"), "{message}");
    assert!(message.contains("(pid PID)"), "{message}");
    assert!(message.contains("publish another host port than PORT"), "{message}");
    // The container stays, and the next run starts it.
    drop(listener);
    sandbox.ok(&["up", "-d"]);
}

#[test]
fn a_port_that_another_project_holds() {
    let text = "services:\n  web:\n    image: IMAGE\n    command: sleep 60\n    stop_signal: SIGKILL\n    ports: ['127.0.0.1:PORT:80']\n";
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let holder = Sandbox::new(&text.replace("PORT", &free.to_string()));
    holder.ok(&["up", "-d"]);
    let sandbox = Sandbox::new(&text.replace("PORT", &free.to_string()));
    let message = refused(&sandbox, 1).replace(&free.to_string(), "PORT").replace(&holder.project, "HOLDER");
    insta::assert_snapshot!(message, @r#"
    error: service web: host port 127.0.0.1:PORT is taken by container HOLDER-web-1 of project HOLDER
     --> compose.yaml:6:13
      |
    6 |     ports: ['127.0.0.1:PORT:80']
      |             ^^^^^^^^^^^^^^^^^^^^^
      |
      = help: stop that container, or publish another host port than PORT
    "#);
}

#[test]
fn no_engine_at_all() {
    let sandbox = Sandbox::new("services:\n  web:\n    image: IMAGE\n");
    let mut command = sandbox.command(&["up", "-d"]);
    let outcome = Outcome::of(command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap());
    assert_eq!(outcome.code, 1);
    insta::assert_snapshot!(outcome.stderr, @r#"
    error: cannot reach the Docker Engine at unix:///nonexistent/docker.sock: the socket does not exist
     |
     = help: is the engine running? (`systemctl start docker`); DOCKER_HOST or --host name another one [chosen by DOCKER_HOST]
    "#);
}

#[test]
fn no_compose_file_at_all() {
    let empty = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_wharf")).current_dir(empty.path()).args(["up", "-d"]).output();
    let outcome = Outcome::of(output.unwrap());
    assert_eq!(outcome.code, 14);
    let message = outcome.stderr.replace(&empty.path().display().to_string(), "DIR");
    insta::assert_snapshot!(message, @r#"
    error: no Compose file in DIR or above it
     |
     = help: write a compose.yaml, or name a file with -f
    "#);
}

#[test]
fn an_image_that_nobody_has() {
    let sandbox =
        Sandbox::new("services:\n  web:\n    image: wharf-local/there-is-no-such-image:1\n    pull_policy: never\n");
    insta::assert_snapshot!(refused(&sandbox, 1), @r#"
    error: service web: the image wharf-local/there-is-no-such-image:1 is not here, and may neither be pulled nor built
     --> compose.yaml:3:12
      |
    3 |     image: wharf-local/there-is-no-such-image:1
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      |
      = help: allow one of them: pull_policy, --pull, --build
    "#);
}
