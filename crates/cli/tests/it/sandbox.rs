//! A directory with a Compose file, a project name of its own, and an engine that is left as it was found.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

/// The image that the small services of these tests run: it has a shell. `cargo xtask images` makes it.
pub(crate) const IMAGE: &str = "wharf-local/debian:bookworm";

pub(crate) struct Sandbox {
    directory: tempfile::TempDir,
    pub(crate) project: String,
}

impl Sandbox {
    /// A project whose compose.yaml is `text`, with `IMAGE` put in.
    pub(crate) fn new(text: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let project = format!("wharf-test-{}-{}", std::process::id(), since.subsec_nanos());
        let sandbox = Sandbox { directory, project };
        sandbox.write("compose.yaml", text);
        sandbox
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.directory.path().join(name), text.replace("IMAGE", IMAGE)).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.current_dir(self.path()).args(["-p", &self.project]).args(args).stdin(Stdio::null());
        command
    }

    pub(crate) fn wharf(&self, args: &[&str]) -> Outcome {
        Outcome::of(self.command(args).output().unwrap())
    }

    /// Runs a command that has to succeed; gives its standard output.
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let outcome = self.wharf(args);
        assert_eq!(outcome.code, 0, "wharf {args:?}:\n{}{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }

    /// `ps -a --format json`, parsed.
    pub(crate) fn containers(&self) -> Vec<serde_json::Value> {
        let text = self.ok(&["ps", "-a", "--format", "json"]);
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.containers().iter().map(|container| container["Name"].as_str().unwrap().to_owned()).collect()
    }

    /// What the engine has of the project, whoever made it: containers, networks, volumes.
    pub(crate) fn left_behind(&self) -> String {
        let label = format!("label=com.docker.compose.project={}", self.project);
        let list = |words: &[&str]| {
            let output = Command::new("docker").args(words).args(["--filter", &label]).output().unwrap();
            String::from_utf8(output.stdout).unwrap()
        };
        [list(&["ps", "-aq"]), list(&["network", "ls", "-q"]), list(&["volume", "ls", "-q"])].concat()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let mut down = self.command(&["down", "-v", "-t", "0", "--remove-orphans"]);
        // The file may be one of the bad ones: then the labels tell what belongs to the project.
        let _done = down.output();
        let elsewhere = tempfile::tempdir().unwrap();
        let mut by_label = Command::new(env!("CARGO_BIN_EXE_wharf"));
        by_label.current_dir(elsewhere.path()).args(["-p", &self.project, "down", "-v", "-t", "0"]);
        let _done = by_label.output();
    }
}

/// What a command printed.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn of(output: Output) -> Self {
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}
