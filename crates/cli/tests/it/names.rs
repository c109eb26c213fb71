//! What the command answers under the names of docker compose, and what scripts make of it.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use super::sandbox::{Outcome, Sandbox};

/// A directory with the command under docker compose's name.
struct Renamed(tempfile::TempDir);

impl Renamed {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        symlink(env!("CARGO_BIN_EXE_wharf"), directory.path().join("docker-compose")).unwrap();
        Renamed(directory)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.0.path().join("docker-compose"));
        command.args(args).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(self.command(args).output().unwrap())
    }

    /// The output of a shell's line in which `docker-compose` is wharf.
    fn shell(&self, line: &str) -> String {
        let path = format!("{}:{}", self.0.path().display(), std::env::var("PATH").unwrap());
        let output = Command::new("sh").args(["-c", line]).env("PATH", path).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

#[test]
fn the_version_passes_the_gates_of_scripts() {
    let renamed = Renamed::new();
    let version = "Docker Compose version v2.40.3\n";
    for args in [&["version"][..], &["--version"], &["-v"], &["compose", "version"], &["compose", "-v"]] {
        let outcome = renamed.run(args);
        assert_eq!((outcome.code, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, version, ""), "{args:?}");
    }
    for args in [&["version", "--short"][..], &["compose", "version", "--short"]] {
        assert_eq!(renamed.run(args).stdout, "2.40.3\n");
    }
    // How scripts take the version apart.
    for (line, expected) in [
        ("docker-compose version | grep -oE 'v?[0-9]+\\.[0-9]+'", "v2.40\n"),
        ("docker-compose version --short | grep '^[2-9]\\.'", "2.40.3\n"),
        ("docker-compose version --short | grep -E '^v?[2-9]\\.'", "2.40.3\n"),
        ("docker-compose --version | awk '{print $NF}'", "v2.40.3\n"),
        ("docker-compose -v | sed 's/.*version v//'", "2.40.3\n"),
        ("printf '%s\\n' 2.32.2 \"$(docker-compose version --short)\" | sort -V | head -n 1", "2.32.2\n"),
        ("docker-compose version --short | cut -d . -f 1", "2\n"),
        ("docker-compose > /dev/null 2>&1 && echo found", "found\n"),
        ("docker-compose version --format json | grep -o '\"version\":\"v2.40.3\"'", "\"version\":\"v2.40.3\"\n"),
    ] {
        assert_eq!(renamed.shell(line), expected, "{line}");
    }
}

#[test]
fn the_completion_script_is_the_same_as_a_plugin() {
    let renamed = Renamed::new();
    for shell in ["bash", "zsh", "fish", "elvish"] {
        let script = renamed.run(&["completion", shell]);
        assert!(script.code == 0 && script.stdout.contains("docker-compose"), "{}", script.stderr);
        assert_eq!(renamed.run(&["compose", "completion", shell]).stdout, script.stdout);
    }
}

#[test]
fn without_a_verb_there_is_help() {
    let renamed = Renamed::new();
    let docker_compose = renamed.run(&[]);
    assert_eq!((docker_compose.code, docker_compose.stderr.as_str()), (0, ""));
    assert!(docker_compose.stdout.starts_with("Runs multi-container applications"), "{}", docker_compose.stdout);
    assert!(docker_compose.stdout.contains("Usage: docker-compose [OPTIONS] [COMMAND]"), "{}", docker_compose.stdout);
    for args in [&["compose"][..], &["compose", "--help"], &["help", "compose"], &["--help", "compose"]] {
        let plugin = renamed.run(args);
        assert_eq!(plugin.code, 0, "{args:?}");
        assert!(plugin.stdout.contains("Usage: docker compose [OPTIONS] [COMMAND]"), "{args:?}: {}", plugin.stdout);
    }
    assert!(renamed.run(&["compose", "up", "--help"]).stdout.contains("Usage: docker compose up"));
    let own = Outcome::of(Command::new(env!("CARGO_BIN_EXE_wharf")).output().unwrap());
    assert_eq!((own.code, own.stdout.as_str()), (2, ""));
    assert!(own.stderr.starts_with("Runs multi-container applications"), "{}", own.stderr);
}

#[test]
fn under_its_own_name_it_has_its_own_version() {
    let wharf = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_wharf")).args(args).env("DOCKER_HOST", "unix:///none").output();
        Outcome::of(output.unwrap()).stdout
    };
    assert_eq!(wharf(&["version", "--short"]), format!("{}\n", env!("CARGO_PKG_VERSION")));
    let version = wharf(&["version"]);
    assert!(version.starts_with(&format!("wharf version {}", env!("CARGO_PKG_VERSION"))), "{version}");
    assert!(version.ends_with("\nDocker Compose version v2.40.3\n"), "the engine is away: {version}");
    assert_eq!(wharf(&["--version"]), version);
    assert_eq!(wharf(&["-V"]), version);
}

/// A directory of docker's configuration in which the command is the plugin `compose`.
fn plugin() -> tempfile::TempDir {
    let docker_config = tempfile::tempdir().unwrap();
    let plugins = docker_config.path().join("cli-plugins");
    std::fs::create_dir(&plugins).unwrap();
    symlink(env!("CARGO_BIN_EXE_wharf"), plugins.join("docker-compose")).unwrap();
    docker_config
}

#[test]
fn a_signal_that_only_docker_gets_stops_what_the_plugin_started() {
    let sandbox =
        Sandbox::new("services:\n  web: {image: IMAGE, command: sh -c 'echo ready; exec sleep 600', init: true}\n");
    let docker_config = plugin();
    // `up` stops its containers; `logs` has nothing to stop, and ends with the code of an interrupt, too.
    for verb in [&["up"][..], &["up", "-d"], &["logs", "-f"]] {
        let mut command = Command::new("docker");
        command.args(["compose", "-p", &sandbox.project]).args(verb).current_dir(sandbox.path());
        command.env("DOCKER_CONFIG", docker_config.path()).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut docker = command.spawn().unwrap();
        if verb == ["up", "-d"] {
            assert!(docker.wait().unwrap().success());
            continue;
        }
        let mut lines = BufReader::new(docker.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("ready")), "{verb:?}");
        let signalled = Command::new("kill").args(["-TERM", &docker.id().to_string()]).status().unwrap();
        assert!(signalled.success());
        let rest: Vec<String> = lines.map(Result::unwrap).collect();
        assert_eq!(docker.wait().unwrap().code(), Some(130), "{verb:?}");
        let running = sandbox.ok(&["ps", "-q"]);
        assert_eq!(running.is_empty(), verb == ["up"], "{verb:?}: {rest:?}");
    }
}

#[test]
fn docker_finds_the_plugin_and_passes_its_own_flags_on() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE}\n");
    let docker_config = plugin();
    let docker = |args: &[&str]| {
        let mut command = Command::new("docker");
        command.args(args).current_dir(sandbox.path()).env("DOCKER_CONFIG", docker_config.path());
        Outcome::of(command.stdin(Stdio::null()).output().unwrap())
    };
    assert_eq!(docker(&["compose", "version", "--short"]).stdout, "2.40.3\n");
    assert_eq!(docker(&["compose", "-p", &sandbox.project, "config", "--services"]).stdout, "web\n");
    assert!(docker(&["compose", "--help"]).stdout.contains("Usage: docker compose"));
    assert!(docker(&["help", "compose"]).stdout.contains("Usage: docker compose"));
    assert!(docker(&["compose", "up", "--help"]).stdout.contains("Usage: docker compose up"));
    let completed =
        docker(&["__complete", "compose", "-f", &sandbox.path().join("compose.yaml").display().to_string(), "up", ""]);
    assert_eq!(completed.stdout, "web\twharf-local/debian:bookworm\n:4\n", "{}", completed.stderr);
    let config = docker_config.path().display().to_string();
    for flags in
        [&["--host", "tcp://127.0.0.1:1"][..], &["-H", "tcp://127.0.0.1:1"], &["-l", "debug", "-H=tcp://127.0.0.1:1"]]
    {
        let away = docker(&[&["--config", &config], flags, &["compose", "ls"]].concat());
        assert_eq!(away.code, 1, "{flags:?}: {}", away.stderr);
        assert!(away.stderr.contains("127.0.0.1:1"), "{flags:?}: {}", away.stderr);
    }
    let away = docker(&["--context", "nowhere", "compose", "ls"]);
    assert!(away.code != 0 && away.stderr.contains("nowhere"), "{}", away.stderr);
}

#[test]
fn the_flags_that_docker_compose_no_longer_shows_are_taken() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE}\n");
    let elsewhere = Renamed::new();
    let directory = sandbox.path().display().to_string();
    let services = |flags: &[&str]| elsewhere.run(&[flags, &["config", "--services"]].concat()).stdout;
    assert_eq!(services(&["--workdir", &directory, "--verbose", "--no-ansi"]), "web\n");
    assert_eq!(services(&["-D", "--log-level", "debug", "--project-directory", &directory]), "web\n");
    assert_eq!(elsewhere.run(&["--workdir", ".", "--project-directory", ".", "ps"]).code, 2);
    for verb in [
        &["build", "--parallel", "--compress", "--force-rm", "web"][..],
        &["pull", "--no-parallel", "--ignore-buildable"],
    ] {
        let planned =
            elsewhere.run(&[&["--project-directory", &directory, "-p", &sandbox.project, "--dry-run"], verb].concat());
        assert_eq!(planned.code, 0, "{verb:?}: {}", planned.stderr);
    }
}

#[test]
fn a_directory_entered_through_a_link_gives_the_links_name() {
    let root = tempfile::tempdir().unwrap();
    let release = root.path().join("20260102");
    std::fs::create_dir(&release).unwrap();
    std::fs::write(release.join("compose.yaml"), "services: {web: {image: x, volumes: ['./data:/data']}}\n").unwrap();
    symlink("20260102", root.path().join("current")).unwrap();
    let config = |pwd: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.args(["config", "--format", "json"]).current_dir(&release).env("PWD", pwd);
        serde_json::from_slice::<serde_json::Value>(&command.output().unwrap().stdout).unwrap()
    };
    let linked = config(&root.path().join("current"));
    assert_eq!(linked["name"], "current");
    let source = root.path().join("current/data").display().to_string();
    assert_eq!(linked["services"]["web"]["volumes"][0]["source"], source.as_str());
    assert_eq!(config(Path::new("/"))["name"], "20260102");
}
