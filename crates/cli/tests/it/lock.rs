//! Two commands at once: who waits for whom, who takes over, and who is let through.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::sandbox::{Outcome, Sandbox};

const ONE: &str = "services:\n  web: {image: IMAGE, init: true, command: sleep 600}\n";

/// A process that is not there.
const STRANGER: &str = "4194305-7";

/// A project whose locks are in a folder of its own.
struct Locks {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
}

impl Locks {
    fn of(text: &str) -> Self {
        Locks { sandbox: Sandbox::new(text), folder: tempfile::tempdir().unwrap() }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args);
        command.env("XDG_RUNTIME_DIR", self.folder.path()).env("TZ", "UTC");
        command
    }

    fn wharf(&self, args: &[&str]) -> Outcome {
        Outcome::of(self.command(args).output().unwrap())
    }

    fn begin(&self, args: &[&str]) -> Child {
        self.command(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// The project's lock. A command has to have made it.
    fn file(&self) -> PathBuf {
        let files = std::fs::read_dir(self.folder.path().join("wharf")).unwrap();
        let mut paths = files.map(|file| file.unwrap().path());
        paths.find(|path| path.extension().is_some_and(|extension| extension != "takeover")).unwrap()
    }

    /// Holds the lock as `wharf up` of a process would.
    fn hold(&self, process: &str) -> File {
        assert_eq!(self.wharf(&["stop"]).code, 0);
        let mut file = File::options().write(true).open(self.file()).unwrap();
        file.try_lock().unwrap();
        file.write_all(format!("{process} 1700000000 up\n").as_bytes()).unwrap();
        file
    }
}

/// The next line that a command prints, and the rest of what it prints.
fn lines(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap)
}

#[test]
fn a_second_command_waits_and_says_for_whom() {
    let locks = Locks::of(ONE);
    let held = locks.hold(STRANGER);
    let mut restart = locks.begin(&["restart"]);
    let mut printed = lines(&mut restart);
    assert_eq!(printed.next().as_deref(), Some("waiting for `wharf up` (pid 4194305, since 22:13:20)"));
    assert_eq!(restart.try_wait().unwrap(), None, "the lock is held");
    drop(held);
    assert!(restart.wait().unwrap().success());
}

#[test]
fn commands_that_only_look_do_not_wait() {
    let locks = Locks::of(ONE);
    let _held = locks.hold(STRANGER);
    for look in
        [&["ps"][..], &["config"], &["logs"], &["images"], &["top"], &["--dry-run", "up"], &["--dry-run", "down"]]
    {
        let outcome = locks.wharf(look);
        assert_eq!((outcome.code, outcome.stderr.contains("waiting")), (0, false), "{look:?}: {}", outcome.stderr);
    }
}

#[test]
fn a_command_that_the_holder_waits_for_is_let_through() {
    let locks = Locks::of(ONE);
    let pid = std::process::id();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let start = stat.rsplit_once(')').unwrap().1.split_whitespace().nth(19).unwrap().to_owned();
    let held = locks.hold(&format!("{pid}-{start}"));
    assert_eq!(locks.wharf(&["up", "-d"]).code, 0, "this process has started it");
    drop(held);
    let _held = locks.hold(STRANGER);
    let hook = locks.command(&["restart", "-t", "0"]).env("WHARF_LOCK", STRANGER).output().unwrap();
    assert!(hook.status.success(), "a hook of the holder has started it");
}

#[test]
fn hooks_are_told_who_holds_the_lock() {
    let locks = Locks::of(
        "services:
  web:
    image: IMAGE
    init: true
    command: sleep 600
    pre_start: [{command: sh -c 'echo before $$WHARF_LOCK'}]
    post_start: [{command: sh -c 'echo after $$WHARF_LOCK'}]
",
    );
    let up = locks.begin(&["--progress", "plain", "up", "-d"]);
    let pid = up.id();
    let printed = Outcome::of(up.wait_with_output().unwrap()).stderr;
    for hook in ["before", "after"] {
        assert!(printed.contains(&format!("{hook} {pid}-")), "{printed}");
    }
}

#[test]
fn down_takes_over_from_an_up_that_only_waits() {
    let locks = Locks::of(
        "services:
  db:
    image: IMAGE
    init: true
    command: sleep 600
    stop_grace_period: 0s
    healthcheck: {test: 'false', interval: 1s, retries: 10000}
  web: {image: IMAGE, command: sleep 600, depends_on: {db: {condition: service_healthy}}}
",
    );
    let mut up = locks.begin(&["--progress", "plain", "up", "-d"]);
    let mut printed = lines(&mut up);
    assert!(printed.any(|line| line.contains("Waiting")), "it waits for db");
    let down = locks.begin(&["down"]);
    let pid = down.id();
    let down = Outcome::of(down.wait_with_output().unwrap());
    assert_eq!(down.code, 0, "{}", down.stderr);
    let expected = format!("error: `wharf down` (pid {pid}) took over while this command waited for containers");
    let rest: Vec<String> = printed.collect();
    assert!(rest.contains(&expected), "{rest:#?}");
    assert_eq!(up.wait().unwrap().code(), Some(1));
    assert_eq!(locks.sandbox.left_behind(), "");
}

#[test]
fn up_does_not_wait_while_another_one_follows_logs() {
    let locks = Locks::of("services:\n  web: {image: IMAGE, init: true, command: sh -c 'echo here; sleep 600'}\n");
    let mut first = locks.command(&["up"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut log = BufReader::new(first.stdout.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("here")));
    let second = locks.wharf(&["up", "-d"]);
    assert_eq!(second.code, 0, "{}", second.stderr);
    send("TERM", first.id());
    assert_eq!(first.wait().unwrap().code(), Some(130));
}

fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([&format!("-{signal}"), &pid.to_string()]).status().unwrap().success());
}

#[test]
fn a_hangup_stops_a_foreground_up_unless_it_is_ignored() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE, init: true, command: sh -c 'echo here; sleep 600'}\n");
    let wharf = sandbox.command(&["up"]);
    // These tests themselves may run with the signal ignored, which a child inherits.
    let mut plain = Command::new("env");
    plain.arg("--default-signal=HUP").arg(wharf.get_program()).args(wharf.get_args()).stdin(Stdio::null());
    let mut up = plain.current_dir(sandbox.path()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(up.stdout.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("here")));
    send("HUP", up.id());
    let mut printed = String::new();
    up.stderr.take().unwrap().read_to_string(&mut printed).unwrap();
    assert_eq!(up.wait().unwrap().code(), Some(130), "{printed}");
    assert!(printed.contains("Gracefully stopping"), "{printed}");
    assert_eq!(sandbox.ok(&["ps", "-q"]), "");

    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$@\"", "sh"]).arg(wharf.get_program()).args(wharf.get_args());
    let mut up = nohup.current_dir(sandbox.path()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut log = BufReader::new(up.stdout.take().unwrap()).lines();
    assert!(log.any(|line| line.unwrap().contains("here")));
    send("HUP", up.id());
    assert_ne!(sandbox.ok(&["ps", "-q"]), "");
    assert_eq!(up.try_wait().unwrap(), None);
    send("TERM", up.id());
    assert_eq!(up.wait().unwrap().code(), Some(130));
}
