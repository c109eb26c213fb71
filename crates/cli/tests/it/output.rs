//! Standard output: it is whole or the command fails, and what containers are called changes no terminal.

use std::fs::File;
use std::process::Command;

use super::sandbox::{Outcome, Sandbox};

const HOSTILE: &str = r#"services:
  web:
    image: IMAGE
    command: ["sh", "-c", "sleep 600 # \e]0;title\a\nforged row"]
    stop_signal: SIGKILL
    labels: {x: "a\e[2Jb\nc"}
"#;

#[test]
fn a_full_disk_is_an_error() {
    let sandbox = Sandbox::new("services: {web: {image: IMAGE}}\n");
    for args in [
        ["config"].as_slice(),
        &["config", "--services"],
        &["ps"],
        &["ls", "-a"],
        &["images"],
        &["version"],
        &["doctor"],
        &["volumes"],
        &["stats", "--no-stream"],
        &["completion", "bash"],
        &["--dry-run", "up", "-d"],
        &["--help"],
    ] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let outcome = Outcome::of(sandbox.command(args).stdout(full).output().unwrap());
        assert!(
            outcome.code == 1 && outcome.stderr.contains("No space left on device"),
            "{args:?}: {}",
            outcome.stderr
        );
    }
}

#[test]
fn a_reader_that_has_had_enough_is_no_error() {
    let sandbox = Sandbox::new("services: {web: {image: IMAGE}}\n");
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let outcome = Outcome::of(sandbox.command(&["config"]).stdout(writer).output().unwrap());
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
}

#[test]
fn names_and_labels_reach_no_terminal_as_escapes_or_lines() {
    let sandbox = Sandbox::new(HOSTILE);
    sandbox.ok(&["up", "-d"]);
    let quoted = r#""sh -c 'sleep 600 # \x1b]0;title\a\nforged row'""#;
    let ps = sandbox.ok(&["ps", "--no-trunc"]);
    assert!(ps.contains(quoted) && ps.lines().count() == 2, "{ps:?}");
    let events = sandbox.ok(&["events", "--since", "1m", "--until", "0s"]);
    assert!(events.contains(r"x=a\x1b[2Jb\nc") && !events.contains('\x1b'), "{events:?}");
    let raw = sandbox.ok(&["ps", "--format", "{{.Label \"x\"}}"]);
    assert_eq!(raw, "a\x1b[2Jb\nc\n", "a program gets what is there");
}

#[test]
fn an_output_file_is_replaced_as_a_whole() {
    let sandbox = Sandbox::new("services: {web: {image: IMAGE}}\n");
    sandbox.write("out.yaml", "old");
    sandbox.write("compose.yaml", "services: []\n");
    assert_eq!(sandbox.wharf(&["config", "-o", "out.yaml"]).code, 15);
    let read = || std::fs::read_to_string(sandbox.path().join("out.yaml")).unwrap();
    assert_eq!(read(), "old");
    sandbox.write("compose.yaml", "services: {web: {image: IMAGE}}\n");
    // More than the limit for the size of a file, in blocks of 512 bytes.
    let script = "ulimit -f 0; trap '' XFSZ; exec \"$0\" -p \"$1\" config -o out.yaml";
    let mut limited = Command::new("sh");
    limited.args(["-c", script, env!("CARGO_BIN_EXE_wharf"), &sandbox.project]).current_dir(sandbox.path());
    let outcome = Outcome::of(limited.output().unwrap());
    assert!(
        outcome.code == 1 && outcome.stderr.contains("cannot write out.yaml: File too large"),
        "{}",
        outcome.stderr
    );
    assert_eq!(read(), "old");
    sandbox.ok(&["config", "-o", "out.yaml"]);
    assert!(read().starts_with("name: "));
}
