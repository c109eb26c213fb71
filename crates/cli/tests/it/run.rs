//! `wharf run` with what it takes instead of the service's own.

use std::io::Write;
use std::process::{Command, Stdio};

use super::sandbox::{Outcome, Sandbox};

const WEB: &str = "\
services:
  web:
    image: IMAGE
    command: echo its own command
    ports: ['127.0.0.1::80']
    volumes: [data:/data]
    cap_drop: [ALL]
volumes: {data: {}}
";

fn inspect(format: &str, name: &str) -> String {
    let output = Command::new("docker").args(["inspect", "-f", format, name]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn ports_mounts_and_capabilities_of_flags_are_as_in_a_file() {
    let sandbox = Sandbox::new(WEB);
    sandbox.write("note.txt", "remember\n");
    let name = format!("{}-by-hand", sandbox.project);
    let mut words = vec!["run", "-d", "--name", &name, "-p", "127.0.0.1::8080/udp", "--cap-add", "NET_RAW"];
    words.extend(["-v", "./note.txt:/note.txt:ro", "-v", "scratch:/data", "web", "sleep", "600"]);
    assert_eq!(sandbox.ok(&words), format!("{name}\n"));
    assert_eq!(inspect("{{range $port, $to := .HostConfig.PortBindings}}{{$port}}{{end}}", &name), "8080/udp");
    assert_eq!(inspect("{{.HostConfig.CapAdd}} {{.HostConfig.CapDrop}}", &name), "[NET_RAW] [ALL]");
    let mounts = inspect("{{range .Mounts}}{{.Destination}} {{.Type}} {{.RW}};{{end}}", &name);
    assert!(mounts.contains("/note.txt bind false;") && mounts.contains("/data volume true;"), "{mounts}");
    assert_eq!(sandbox.ok(&["exec", "web", "cat", "/note.txt"]), "remember\n");
    let wrong = sandbox.wharf(&["run", "-p", "80:http", "web"]);
    assert!(wrong.code == 1 && wrong.stderr.contains("`http` is not a port number"), "{}", wrong.stderr);
    assert_eq!(sandbox.wharf(&["run", "-P", "-p", "80", "web"]).code, 2);
    let _gone = Command::new("docker").args(["rm", "-fv", &name]).output();
    let _gone = Command::new("docker").args(["volume", "rm", "scratch"]).output();
}

#[test]
fn environment_comes_from_flags_before_files_before_the_service() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE, environment: {A: file, B: file, C: file}}\n");
    sandbox.write("flags.env", "B=env-file\nC=env-file\n");
    let shown = sandbox.ok(&[
        "run",
        "--rm",
        "-T",
        "--env-from-file",
        "flags.env",
        "-e",
        "C=flag",
        "--entrypoint",
        "sh -c",
        "web",
        "echo $A $B $C",
    ]);
    assert_eq!(shown, "file env-file flag\n");
}

#[test]
fn what_is_typed_goes_to_the_process_and_its_exit_code_comes_back() {
    let sandbox = Sandbox::new(WEB);
    let mut child = sandbox
        .command(&["run", "--rm", "web", "sh", "-c", "cat; exit 5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"piped\n").unwrap();
    let outcome = Outcome::of(child.wait_with_output().unwrap());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (5, "piped\n"), "{}", outcome.stderr);
    let refused = sandbox.wharf(&["run", "--rm", "-t", "web"]);
    assert!(refused.code == 1 && refused.stderr.contains("stdin is not a terminal"), "{}", refused.stderr);
}

#[test]
fn a_container_of_run_in_the_background_goes_by_itself() {
    let sandbox = Sandbox::new(WEB);
    let name = sandbox.ok(&["run", "-d", "--rm", "-q", "web", "sleep", "600"]);
    let removed = Command::new("docker").args(["stop", "-t", "0", name.trim()]).output().unwrap();
    assert!(removed.status.success());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !sandbox.names().is_empty() {
        assert!(std::time::Instant::now() < deadline, "{name} is still there");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn containers_of_run_that_have_ended_are_orphans() {
    let sandbox = Sandbox::new(WEB);
    assert!(!sandbox.wharf(&["run", "web"]).stderr.contains("orphan"));
    let second = sandbox.wharf(&["run", "web"]);
    assert!(second.stderr.contains("orphan") && second.stdout == "its own command\n", "{}", second.stderr);
    sandbox.write(".env", "COMPOSE_IGNORE_ORPHANS=true\n");
    assert!(!sandbox.wharf(&["run", "--rm", "web"]).stderr.contains("orphan"));
    assert_eq!(sandbox.names().len(), 2);
    sandbox.write(".env", "COMPOSE_REMOVE_ORPHANS=1\n");
    sandbox.ok(&["run", "--rm", "web"]);
    assert_eq!(sandbox.names(), Vec::<String>::new());
}
