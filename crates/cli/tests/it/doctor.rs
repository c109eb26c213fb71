//! `wharf doctor`: what it sees, and how to fix it.

use std::net::TcpListener;
use std::process::Command;

use super::sandbox::{Outcome, Sandbox};

/// The findings without what differs between machines.
fn findings(sandbox: &Sandbox, text: &str) -> String {
    let plain = text.replace(&sandbox.path().display().to_string(), "DIR").replace(&sandbox.project, "PROJECT");
    let machine = ["connection: ", "engine: ", "cgroups: ", "logging: ", "disk: "];
    let mut lines: Vec<String> = Vec::new();
    let mut advice_differs = false;
    for line in plain.lines() {
        let subject = line.get(6..).and_then(|rest| machine.iter().find(|subject| rest.starts_with(**subject)));
        match subject {
            Some(subject) => {
                advice_differs = true;
                lines.push(format!("      {subject}..."));
            }
            None if line.starts_with("      ") && advice_differs => {}
            None => {
                advice_differs = false;
                lines.push(line.to_owned());
            }
        }
    }
    lines.join("\n")
}

#[test]
fn a_project_with_nothing_in_its_way() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE}\n");
    let outcome = sandbox.wharf(&["doctor"]);
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    insta::assert_snapshot!(findings(&sandbox, &outcome.stdout), @r#"
          connection: ...
          engine: ...
          cgroups: ...
          logging: ...
          disk: ...
    ok    project PROJECT: 1 service, and `up` would accept it
    "#);
}

#[test]
fn a_port_that_a_process_holds() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let sandbox = Sandbox::new(&format!("services:\n  web:\n    image: IMAGE\n    ports: ['127.0.0.1:{port}:80']\n"));
    let outcome = sandbox.wharf(&["doctor"]);
    assert_eq!(outcome.code, 1);
    let text = findings(&sandbox, &outcome.stdout).replace(&port.to_string(), "PORT");
    let text = text.replace(&format!("pid {}", std::process::id()), "pid PID");
    let own =
        std::env::current_exe().unwrap().file_name().unwrap().to_string_lossy().chars().take(15).collect::<String>();
    insta::assert_snapshot!(text.replace(&own, "ITSELF"), @r#"
          connection: ...
          engine: ...
          cgroups: ...
          logging: ...
          disk: ...
    ok    project PROJECT: 1 service, and `up` would accept it
    fail  ports: service web wants host port PORT/tcp, which is held by process ITSELF (pid PID)
          stop that process, or publish another host port than PORT
    "#);
}

#[test]
fn a_port_that_another_project_holds_and_an_external_network_that_is_not_there() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let web = format!(
        "services:\n  web:\n    image: IMAGE\n    command: sleep 600\n    stop_signal: SIGKILL\n    ports: ['127.0.0.1:{free}:80']\n"
    );
    let holder = Sandbox::new(&web);
    holder.ok(&["up", "-d"]);
    let sandbox = Sandbox::new(&format!(
        "{web}    networks: [shared]\nnetworks: {{shared: {{external: true, name: wharf-test-no-such-network}}}}\n"
    ));
    let outcome = sandbox.wharf(&["doctor"]);
    assert_eq!(outcome.code, 1);
    let text =
        findings(&sandbox, &outcome.stdout).replace(&free.to_string(), "PORT").replace(&holder.project, "HOLDER");
    insta::assert_snapshot!(text, @r#"
          connection: ...
          engine: ...
          cgroups: ...
          logging: ...
          disk: ...
    fail  project PROJECT: service web: host port 127.0.0.1:PORT is taken by container HOLDER-web-1 of project HOLDER
          stop that container, or publish another host port than PORT
    fail  project PROJECT: service web: the external network wharf-test-no-such-network does not exist
          create it (`docker network create wharf-test-no-such-network`), or remove `external: true`
    "#);
}

#[test]
fn a_file_that_is_wrong() {
    let sandbox = Sandbox::new("services:\n  web:\n    imgae: IMAGE\n");
    let outcome = sandbox.wharf(&["doctor"]);
    assert_eq!(outcome.code, 1);
    insta::assert_snapshot!(findings(&sandbox, &outcome.stdout), @r#"
          connection: ...
    fail  file: DIR/compose.yaml:3:5: unknown key `imgae` in `services.web`
        3 |     imgae: wharf-local/debian:bookworm
          |     ^^^^^
      help: did you mean `image`?
          engine: ...
          cgroups: ...
          logging: ...
          disk: ...
    "#);
}

#[test]
fn no_engine() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE}\n");
    let mut command = sandbox.command(&["doctor"]);
    let outcome = Outcome::of(command.env("DOCKER_HOST", "unix:///nonexistent/docker.sock").output().unwrap());
    assert_eq!(outcome.code, 1);
    insta::assert_snapshot!(outcome.stdout, @r#"
    fail  connection: cannot reach the Docker Engine at unix:///nonexistent/docker.sock: the socket does not exist
          is the engine running? (`systemctl start docker`); DOCKER_HOST or --host name another one [chosen by DOCKER_HOST]
    "#);
}

#[test]
fn a_trap_in_the_file_is_told_once_with_its_advice() {
    let sandbox = Sandbox::new("version: '3'\nservices:\n  web: {image: IMAGE}\n");
    let text = sandbox.ok(&["doctor"]);
    assert_eq!(text.matches("remove the line").count(), 1, "{text}");
}

#[test]
fn a_registry_that_is_away_and_a_login_that_cannot_be_read() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let sandbox = Sandbox::new(&format!(
        "services:\n  web: {{image: IMAGE}}\n  app: {{image: '{away}/app:1'}}\n  tool: {{image: 'reg.example/tool:1'}}\n"
    ));
    std::fs::create_dir(sandbox.path().join("docker")).unwrap();
    sandbox.write("docker/config.json", r#"{"credHelpers": {"reg.example": "nowhere"}}"#);
    let mut command = sandbox.command(&["doctor"]);
    let outcome = Outcome::of(command.env("DOCKER_CONFIG", sandbox.path().join("docker")).output().unwrap());
    assert_eq!(outcome.code, 1);
    let text = findings(&sandbox, &outcome.stdout).replace(&away, "AWAY");
    let found = text.split_once("would accept it\n").unwrap().1;
    insta::assert_snapshot!(found, @r"
    fail  registry AWAY: cannot look up AWAY/app:1: the engine cannot reach AWAY (connection refused)
          check the name AWAY and the network of the engine's machine; mirrors and proxies are set in the engine's daemon.json
    warn  registry reg.example: no login from docker-credential-nowhere: it is not in PATH
          repair what DIR/docker/config.json names, or log in by `docker login reg.example`
    ");
}

#[test]
fn a_project_of_the_same_name_elsewhere() {
    let text = "services:\n  web: {image: IMAGE, command: sleep 600, stop_signal: SIGKILL}\n";
    let (first, second) = (Sandbox::new(text), Sandbox::new(text));
    first.ok(&["up", "-d"]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
    command.current_dir(second.path()).args(["-p", &first.project, "doctor"]);
    let outcome = Outcome::of(command.output().unwrap());
    let expected = format!("the project {} of {} has the same name", first.project, first.path().display());
    assert!(outcome.stdout.contains(&expected), "{}{}", outcome.stdout, outcome.stderr);
}

#[test]
fn findings_are_data_too() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE}\n");
    let found: serde_json::Value = serde_json::from_str(&sandbox.ok(&["doctor", "--format", "json"])).unwrap();
    let subjects: Vec<&str> = found.as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap()).collect();
    for wanted in ["connection", "engine", "cgroups", "logging"] {
        assert!(subjects.contains(&wanted), "{subjects:?}");
    }
}
