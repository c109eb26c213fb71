//! `wharf watch`: files that change are in the containers at once, and what else a rule asks for is done.

use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use super::sandbox::Sandbox;

/// How long anything may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A watch that runs, and what it says.
struct Watch {
    child: Child,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Watch {
    fn begin(sandbox: &Sandbox, args: &[&str]) -> Self {
        let mut child =
            sandbox.command(args).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0).spawn().unwrap();
        let (send, lines) = channel();
        let output = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        let mut watch = Watch { child, lines, seen: Vec::new() };
        watch.expect("Watching the files of");
        watch
    }

    /// Waits for a line with `text`.
    fn expect(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!("{text:?} was not said, but:\n{}", self.seen.join("\n")),
            }
        }
    }

    fn interrupt(&self) {
        signal(&self.child, "INT");
    }

    fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "it did not end; it said:\n{}", self.seen.join("\n"));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _ended = self.child.wait();
    }
}

fn signal(child: &Child, name: &str) {
    let done = std::process::Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status();
    assert!(done.unwrap().success());
}

/// What a file in a container holds; `None`: there is no such file.
fn inside(sandbox: &Sandbox, container: &str, path: &str) -> Option<String> {
    let name = format!("{}-{container}", sandbox.project);
    let output = std::process::Command::new("docker").args(["exec", &name, "cat", path]).output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// Waits until a file in a container is as it should be.
fn eventually(sandbox: &Sandbox, container: &str, path: &str, wanted: Option<&str>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = inside(sandbox, container, path);
        if found.as_deref() == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{container}:{path} is {found:?}, not {wanted:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn folder(sandbox: &Sandbox, name: &str) {
    std::fs::create_dir_all(sandbox.path().join(name)).unwrap();
}

const PAGES: &str = "\
services:
  web:
    image: IMAGE
    init: true
    command: sleep 600
    scale: 2
    develop:
      watch:
        - { path: pages, action: sync, target: /srv/pages, ignore: [drafts/] }
  other: { image: IMAGE, init: true, command: sleep 600 }
";

#[test]
fn saved_files_are_in_all_replicas_and_removed_ones_are_not() {
    let sandbox = Sandbox::new(PAGES);
    folder(&sandbox, "pages/drafts");
    let mut watch = Watch::begin(&sandbox, &["watch"]);
    assert_eq!(sandbox.ok(&["ps", "-q"]).lines().count(), 3, "it starts the project");
    sandbox.write("pages/index.html", "one");
    for replica in ["web-1", "web-2"] {
        eventually(&sandbox, replica, "/srv/pages/index.html", Some("one"));
    }
    sandbox.write("pages/drafts/a", "not yet");
    folder(&sandbox, "pages/new/deep");
    sandbox.write("pages/new/deep/a b", "two");
    std::os::unix::fs::symlink("new/deep", sandbox.path().join("pages/link")).unwrap();
    eventually(&sandbox, "web-2", "/srv/pages/link/a b", Some("two"));
    assert_eq!(inside(&sandbox, "web-1", "/srv/pages/drafts/a"), None);
    std::fs::remove_dir_all(sandbox.path().join("pages/new")).unwrap();
    std::fs::remove_file(sandbox.path().join("pages/index.html")).unwrap();
    eventually(&sandbox, "web-1", "/srv/pages/new/deep/a b", None);
    eventually(&sandbox, "web-2", "/srv/pages/index.html", None);
    // Another command changes the project meanwhile: the new container is followed.
    sandbox.ok(&["up", "-d", "--force-recreate", "-t", "0", "web"]);
    sandbox.write("pages/index.html", "three");
    eventually(&sandbox, "web-1", "/srv/pages/index.html", Some("three"));
    watch.interrupt();
    assert_eq!(watch.exit_code(), Some(130));
    assert_eq!(sandbox.ok(&["ps", "-q"]).lines().count(), 3, "the containers stay");
}

#[test]
fn a_service_is_restarted_and_what_is_wrong_is_said_without_an_end() {
    let sandbox = Sandbox::new(
        "\
services:
  web:
    image: IMAGE
    # It ends when its file is bad, and is synced and started again all the same.
    command: sh -c 'echo begun >> /log; test \"$(cat /srv/conf/mode)\" = bad && exit 3; exec sleep 600'
    stop_signal: SIGKILL
    develop:
      watch:
        - { path: conf, action: sync+restart, target: /srv/conf }
        - { path: touched, action: restart }
  fixed: { image: IMAGE, read_only: true, init: true, command: sleep 600, develop: { watch: [{ path: conf, action: sync, target: /x }] } }
",
    );
    folder(&sandbox, "conf");
    sandbox.ok(&["up", "-d"]);
    let mut watch = Watch::begin(&sandbox, &["watch", "--no-up"]);
    sandbox.write("conf/mode", "bad");
    watch.expect("read-only");
    let deadline = Instant::now() + PATIENCE;
    while !sandbox.containers().iter().any(|found| found["State"] == "exited" && found["ExitCode"] == 3) {
        assert!(Instant::now() < deadline, "{:?}", sandbox.containers());
    }
    sandbox.write("conf/mode", "good");
    let started = |count: &str| {
        let deadline = Instant::now() + PATIENCE;
        let count = |log: Option<String>| log.is_some_and(|log| log.lines().count().to_string() == count);
        while !count(inside(&sandbox, "web-1", "/log")) {
            assert!(Instant::now() < deadline, "{}", sandbox.ok(&["logs", "web"]));
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    started("3");
    sandbox.write("touched", "");
    started("4");
}

#[test]
fn images_are_rebuilt_commands_run_and_files_are_there_from_the_start() {
    let sandbox = Sandbox::new(
        "\
services:
  built:
    build: { context: ., dockerfile_inline: \"FROM IMAGE\\nCOPY version /version\\n\" }
    init: true
    command: sleep 600
    stop_signal: SIGKILL
    develop: { watch: [{ path: version, action: rebuild }] }
  runs:
    image: IMAGE
    init: true
    command: sleep 600
    stop_signal: SIGKILL
    develop:
      watch:
        - path: conf
          action: sync+exec
          target: /conf
          initial_sync: true
          exec: { command: sh -c 'echo $$MODE >> /ran', environment: { MODE: reload } }
",
    );
    sandbox.write("version", "1");
    folder(&sandbox, "conf");
    sandbox.write("conf/a", "from the start");
    let mut watch = Watch::begin(&sandbox, &["watch"]);
    assert_eq!(inside(&sandbox, "runs-1", "/conf/a").as_deref(), Some("from the start"));
    sandbox.write("version", "2");
    eventually(&sandbox, "built-1", "/version", Some("2"));
    sandbox.write("conf/a", "changed");
    eventually(&sandbox, "runs-1", "/ran", Some("reload\n"));
    assert_eq!(inside(&sandbox, "runs-1", "/conf/a").as_deref(), Some("changed"));
    watch.interrupt();
    assert_eq!(watch.exit_code(), Some(130));
    sandbox.ok(&["down", "-t", "0", "--rmi", "local"]);
}

#[test]
fn it_ends_when_the_project_is_taken_down() {
    let sandbox = Sandbox::new(PAGES);
    folder(&sandbox, "pages");
    let mut watch = Watch::begin(&sandbox, &["watch", "web"]);
    assert_eq!(sandbox.ok(&["ps", "-q"]).lines().count(), 2, "only what is named is started");
    sandbox.ok(&["down", "-t", "0"]);
    watch.expect("have been removed, so nothing is watched any more");
    assert_eq!(watch.exit_code(), Some(0));
}

#[test]
fn what_cannot_be_watched_is_refused_before_anything_is_started() {
    for (service, says) in [
        ("image: IMAGE", "says what to watch"),
        ("{ image: IMAGE, develop: { watch: [{ path: a, action: rebuild }] } }", "compose.yaml:2:"),
    ] {
        let sandbox = Sandbox::new(&format!("services:\n  web: {service}\n").replace("web: image", "web:\n    image"));
        let outcome = sandbox.wharf(&["watch"]);
        assert_eq!(outcome.code, 1, "{}", outcome.stderr);
        assert!(outcome.stderr.contains(says), "{}", outcome.stderr);
        assert_eq!(sandbox.left_behind(), "");
    }
}

#[test]
fn programs_get_events_as_json() {
    let sandbox = Sandbox::new(PAGES);
    folder(&sandbox, "pages");
    sandbox.ok(&["up", "-d"]);
    let mut child = sandbox
        .command(&["--progress", "json", "watch", "--no-up"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let mut events = lines.map(|line| serde_json::from_str::<serde_json::Value>(&line).unwrap());
    let begun = events.next().unwrap();
    assert_eq!((begun["id"].as_str(), begun["status"].as_str()), (Some("Watch"), Some("Watching")));
    sandbox.write("pages/a", "1");
    let synced = events.find(|event| event["state"] == "working").unwrap();
    assert_eq!((synced["status"].as_str(), synced["text"].as_str()), (Some("Syncing"), Some("pages/a changed")));
    signal(&child, "TERM");
    assert_eq!(child.wait().unwrap().code(), Some(130));
}
