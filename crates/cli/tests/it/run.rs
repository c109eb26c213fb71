//! `wharf run` with what it takes instead of the service's own.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

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
    assert_eq!(sandbox.ok(&words), format!("{}\n", inspect("{{.Id}}", &name)));
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
fn a_variable_without_a_value_is_that_of_the_project_or_stays_as_the_file_says() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE, command: [env], environment: {A: file, B: file}}\n");
    sandbox.write(".env", "A=project\n");
    let ran = sandbox.wharf(&["run", "--rm", "-e", "A", "-e", "B", "web"]);
    let lines: Vec<&str> = ran.stdout.lines().filter(|line| line.starts_with(['A', 'B'])).collect();
    assert_eq!(lines, ["A=project", "B=file"], "{}", ran.stderr);
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
    for keeps in [&["run", "--rm", "web"][..], &["create"]] {
        sandbox.ok(keeps);
        assert_eq!(sandbox.names().iter().filter(|name| name.contains("-run-")).count(), 2, "{keeps:?}");
    }
    sandbox.ok(&["up", "-d"]);
    assert_eq!(sandbox.names().iter().filter(|name| name.contains("-run-")).count(), 0);
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_built() {
    let db = "db: {image: IMAGE, volumes: ['data:/data']}";
    let text = format!("services:\n  web: {{build: {{context: .}}, depends_on: [db]}}\n  {db}\n");
    let sandbox = Sandbox::new(&format!("{text}volumes: {{data: {{external: true, name: wharf-test-not-there}}}}\n"));
    // The build would fail: there is no Dockerfile.
    let refused = sandbox.wharf(&["run", "web"]);
    let expected = "service db: the external volume wharf-test-not-there does not exist";
    assert!(refused.code == 1 && refused.stderr.contains(expected), "{}", refused.stderr);
    assert!(!refused.stderr.contains("Dockerfile"), "{}", refused.stderr);
}

/// An engine that says which API it speaks and that it has no containers, and answers no more. Says which request it leaves without an answer.
fn silent_engine(listener: UnixListener, unanswered: mpsc::Sender<String>) {
    for stream in listener.incoming() {
        let (stream, unanswered) = (stream.unwrap(), unanswered.clone());
        std::thread::spawn(move || answer_version(stream, &unanswered));
    }
}

fn answer_version(mut stream: UnixStream, unanswered: &mpsc::Sender<String>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    while let Some(Ok(request)) = lines.next() {
        while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
        let body = if request.contains("/version") {
            r#"{"ApiVersion":"1.44","MinAPIVersion":"1.24","Version":"25.0.0"}"#
        } else if request.contains("/containers/json") {
            "[]"
        } else if ["/_ping", "/networks/host", "/info"].iter().any(|path| request.contains(path)) {
            "{}"
        } else {
            let _test_is_over = unanswered.send(request);
            continue;
        };
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length:";
        stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).unwrap();
    }
}

#[test]
fn a_second_interrupt_ends_run_while_it_prepares() {
    let sandbox = Sandbox::new(WEB);
    let socket = sandbox.path().join("engine.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let (sender, unanswered) = mpsc::channel();
    std::thread::spawn(move || silent_engine(listener, sender));
    let host = format!("unix://{}", socket.display());
    let mut child = sandbox.command(&["-H", &host, "run", "web"]).stderr(Stdio::piped()).spawn().unwrap();
    let request = unanswered.recv_timeout(Duration::from_secs(20)).expect("the engine is asked for something");
    // They are asked for at the same time: any of them may come first.
    let lists = ["/networks", "/volumes", "/images/"];
    assert!(lists.iter().any(|list| request.contains(list)), "{request}");
    let deadline = Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("two interrupts have not ended it");
        }
        // Two that come at once count as one.
        let _asked = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        std::thread::sleep(Duration::from_millis(300));
    };
    assert_eq!(status.code(), Some(130));
}

#[test]
fn a_hook_that_comes_after_the_end_of_the_command_changes_nothing() {
    let hooks = "post_start: [{command: touch /hooked}]";
    let sandbox = Sandbox::new(&format!("services:\n  web: {{image: IMAGE, {hooks}}}\n"));
    assert_eq!(sandbox.ok(&["run", "--rm", "-T", "web", "echo", "quick"]), "quick\n");
}
