//! Two directories whose projects have the same name.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::sandbox::{IMAGE, Outcome};

/// Two directories of the same name, in different places.
struct Twins {
    root: tempfile::TempDir,
    name: String,
}

impl Twins {
    fn new() -> Self {
        let name = format!("wharf-test-twins-{}", std::process::id());
        let twins = Twins { root: tempfile::tempdir().unwrap(), name };
        for place in ["a", "b"] {
            std::fs::create_dir_all(twins.directory(place)).unwrap();
            let file = format!("services: {{web: {{image: '{IMAGE}', command: sleep 600, stop_signal: SIGKILL}}}}\n");
            std::fs::write(twins.directory(place).join("compose.yaml"), file).unwrap();
        }
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_wharf"), twins.root.path().join("docker-compose")).unwrap();
        twins
    }

    fn directory(&self, place: &str) -> PathBuf {
        self.root.path().join(place).join(&self.name)
    }

    fn run(&self, program: &Path, place: &str, args: &[&str]) -> Outcome {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.directory(place)).env_remove("COMPOSE_PROJECT_NAME");
        Outcome::of(command.stdin(Stdio::null()).output().unwrap())
    }

    fn wharf(&self, place: &str, args: &[&str]) -> Outcome {
        self.run(Path::new(env!("CARGO_BIN_EXE_wharf")), place, args)
    }
}

impl Drop for Twins {
    fn drop(&mut self) {
        self.wharf("b", &["-p", &self.name, "down", "-t", "0"]);
    }
}

#[test]
fn a_name_that_is_the_same_by_chance_is_refused() {
    let twins = Twins::new();
    let up = twins.wharf("a", &["up", "-d"]);
    assert_eq!(up.code, 0, "{}", up.stderr);
    let ids = || twins.wharf("a", &["ps", "-q"]).stdout;
    let before = ids();
    for args in [&["up", "-d"][..], &["down"], &["stop"], &["run", "web", "true"], &["scale", "web=2"], &["create"]] {
        let refused = twins.wharf("b", args);
        assert_eq!(refused.code, 1, "{args:?}: {}", refused.stderr);
        let message =
            refused.stderr.replace(&twins.root.path().display().to_string(), "ROOT").replace(&twins.name, "app");
        insta::allow_duplicates! {
            insta::assert_snapshot!(message, @r"
            error: the project app of ROOT/a/app has the same name, and containers (app-web-1)
             |
             = help: give one of them another name: `name:` in its file, or -p NAME; `-p app` lets them share their containers
            ");
        }
    }
    assert_eq!(ids(), before);
    // Whoever names the project means it; scripts for docker compose do as ever.
    let named = twins.wharf("b", &["-p", &twins.name, "stop", "-t", "0"]);
    assert!(named.code == 0 && named.stderr.contains("warning: the project"), "{}", named.stderr);
    let compose = twins.run(&twins.root.path().join("docker-compose"), "b", &["start"]);
    assert!(compose.code == 0 && compose.stderr.contains("warning: the project"), "{}", compose.stderr);
    // A directory whose file is gone has no project.
    std::fs::remove_file(twins.directory("a").join("compose.yaml")).unwrap();
    let down = twins.wharf("b", &["down", "-t", "0"]);
    assert_eq!((down.code, down.stderr.contains("warning")), (0, false), "{}", down.stderr);
}
