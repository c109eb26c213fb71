//! `wharf setup`: the whole home directory is compared before and after.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::sandbox::Outcome;

struct Home(tempfile::TempDir);

impl Home {
    /// A home directory in which somebody lives.
    fn new() -> Self {
        let home = Home(tempfile::tempdir().unwrap());
        home.write(".docker/config.json", "{}");
        home.write(".local/bin/tool", "#!/bin/sh\n");
        home.write(".bashrc", "# mine\n");
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    fn setup(&self, args: &[&str]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.arg("setup").args(args).env_clear().current_dir(self.0.path());
        command.env("HOME", self.0.path()).env("PATH", self.path(".local/bin")).env("SHELL", "/bin/bash");
        let outcome = Outcome::of(command.stdin(Stdio::null()).output().unwrap());
        let named = |text: String| text.replace(&self.0.path().display().to_string(), "HOME");
        let program = |text: String| text.replace(env!("CARGO_BIN_EXE_wharf"), "WHARF");
        Outcome { stdout: program(named(outcome.stdout)), stderr: named(outcome.stderr), ..outcome }
    }

    /// All that is in it: each path with what it holds.
    fn tree(&self) -> BTreeMap<PathBuf, String> {
        let mut tree = BTreeMap::new();
        add(self.0.path(), &mut tree);
        tree
    }
}

fn add(directory: &Path, tree: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let about = path.symlink_metadata().unwrap();
        let holds = match (about.is_symlink(), about.is_dir()) {
            (true, _) => format!("-> {}", path.read_link().unwrap().display()),
            (_, true) => "directory".to_owned(),
            _ => std::fs::read_to_string(&path).unwrap(),
        };
        tree.insert(path.clone(), holds);
        if about.is_dir() {
            add(&path, tree);
        }
    }
}

#[test]
fn what_it_installs_it_takes_back_exactly() {
    let home = Home::new();
    let before = home.tree();
    let done = home.setup(&["--yes"]);
    insta::assert_snapshot!(done.stdout, @r"
    create directory HOME/.local/state
    create directory HOME/.local/state/wharf
    create           HOME/.local/state/wharf/setup.json
    create directory HOME/.docker/cli-plugins
    create           HOME/.docker/cli-plugins/docker-compose -> WHARF
    `docker compose` is wharf: try `docker compose version`
    ");
    assert_eq!((done.code, done.stderr.as_str()), (0, ""));
    let asked =
        Command::new(home.path(".docker/cli-plugins/docker-compose")).arg("docker-cli-plugin-metadata").output();
    assert!(String::from_utf8(asked.unwrap().stdout).unwrap().contains("SchemaVersion"));
    assert_eq!(home.setup(&["-y"]).stdout, "all of it is in place\n");
    let undone = home.setup(&["--undo", "--yes"]);
    insta::assert_snapshot!(undone.stdout, @r"
    remove           HOME/.docker/cli-plugins/docker-compose
    remove           HOME/.local/state/wharf/setup.json
    remove directory HOME/.docker/cli-plugins (if it is empty)
    remove directory HOME/.local/state/wharf (if it is empty)
    remove directory HOME/.local/state (if it is empty)
    ");
    assert_eq!(home.tree(), before);
    assert_eq!(home.setup(&["--undo", "--yes"]).stdout, "nothing was installed by `wharf setup`\n");
    for shell in ["bash", "zsh", "fish"] {
        let all = home.setup(&["plugin", "docker-compose", "completion", "--shell", shell, "--yes"]);
        assert_eq!(all.code, 0, "{}", all.stderr);
        for name in ["wharf", "docker-compose"] {
            let completes = home.tree().iter().any(|(path, text)| {
                let file = path.file_name().unwrap_or_default().to_string_lossy();
                file.trim_start_matches('_').trim_end_matches(".fish") == name && text.contains("__complete")
            });
            assert!(completes, "{name} in {shell}: {}", all.stdout);
        }
        assert_ne!(home.tree(), before);
        // One after the other.
        assert_eq!(home.setup(&["--undo", "plugin", "--yes"]).code, 0);
        assert!(home.path(".local/bin/docker-compose").exists() && !home.path(".docker/cli-plugins").exists());
        assert_eq!(home.setup(&["--undo", "--yes"]).code, 0);
        assert_eq!(home.tree(), before, "{shell}");
    }
}

#[test]
fn nothing_is_changed_without_an_answer() {
    let home = Home::new();
    let before = home.tree();
    let unasked = home.setup(&[]);
    assert_eq!(unasked.code, 1);
    assert!(unasked.stdout.contains("create           HOME/.docker/cli-plugins/docker-compose -> WHARF"));
    insta::assert_snapshot!(unasked.stderr, @"error: nothing was changed: without a terminal to ask on, pass --yes");
    let dry = home.setup(&["--dry-run", "--yes"]);
    assert_eq!((dry.code, dry.stdout), (0, unasked.stdout));
    assert_eq!(home.tree(), before);
}

#[test]
fn a_file_of_others_is_never_touched() {
    let home = Home::new();
    home.write(".docker/cli-plugins/docker-compose", "docker's own");
    let before = home.tree();
    // The completion could be installed; all or nothing is.
    let refused = home.setup(&["completion", "plugin", "--yes"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (1, ""));
    insta::assert_snapshot!(refused.stderr, @"error: HOME/.docker/cli-plugins/docker-compose is a file that `wharf setup` did not make; nothing was changed");
    assert_eq!(home.tree(), before);
    std::fs::remove_file(home.path(".docker/cli-plugins/docker-compose")).unwrap();
    symlink("/usr/libexec/docker/cli-plugins/docker-compose", home.path(".docker/cli-plugins/docker-compose")).unwrap();
    let before = home.tree();
    assert!(home.setup(&["--yes"]).stderr.contains("is a link to /usr/libexec/docker/cli-plugins/docker-compose"));
    assert_eq!(home.tree(), before);
}

#[test]
fn what_was_changed_since_is_not_taken_back() {
    let home = Home::new();
    assert_eq!(home.setup(&["plugin", "completion", "--yes"]).code, 0);
    let completion = ".local/share/bash-completion/completions/wharf";
    home.write(completion, "# better\n");
    let before = home.tree();
    let refused = home.setup(&["--undo", "--yes"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains("completions/wharf is a file that `wharf setup` did not make"),
        "{}",
        refused.stderr
    );
    assert_eq!(home.tree(), before);
    // What is gone already needs no taking back; what others have put into a directory stays.
    std::fs::remove_file(home.path(completion)).unwrap();
    home.write(".docker/cli-plugins/docker-other", "another plugin");
    assert_eq!(home.setup(&["--undo", "--yes"]).code, 0);
    assert!(home.path(".docker/cli-plugins/docker-other").exists());
    assert!(!home.path(".docker/cli-plugins/docker-compose").is_symlink());
}

#[test]
fn its_own_files_are_replaced_by_newer_ones() {
    let home = Home::new();
    let before = home.tree();
    assert_eq!(home.setup(&["completion", "--yes"]).code, 0);
    let record = home.path(".local/state/wharf/setup.json");
    let completion = home.path(".local/share/bash-completion/completions/wharf");
    let script = std::fs::read_to_string(&completion).unwrap();
    // As an older version would have left it.
    std::fs::write(&completion, "old\n").unwrap();
    let text = std::fs::read_to_string(&record).unwrap();
    let made = text.lines().find(|line| line.contains("\"file\"")).unwrap().to_owned();
    let old = "\"file\": \"01d09d19c2139a46aebfb577780d123d7396e97201bc7ead210a2ebff8239dee\"";
    std::fs::write(&record, text.replace(&made, old)).unwrap();
    let newer = home.setup(&["completion", "--yes"]);
    assert!(newer.code == 0 && newer.stdout.contains("replace          HOME/.local/share/"), "{}", newer.stdout);
    assert_eq!(std::fs::read_to_string(&completion).unwrap(), script);
    assert_eq!(std::fs::read_to_string(&record).unwrap(), text);
    assert_eq!(home.setup(&["--undo", "--yes"]).code, 0);
    assert_eq!(home.tree(), before);
}

#[test]
fn a_place_that_cannot_be_used_is_found_before_anything_is_changed() {
    let home = Home::new();
    home.write(".local/state", "a file where a directory belongs");
    let before = home.tree();
    let refused = home.setup(&["plugin", "--yes"]);
    assert_eq!(refused.code, 1);
    insta::assert_snapshot!(refused.stderr, @"error: HOME/.local/state is not a directory; nothing was changed");
    let refused = home.setup(&["docker-compose", "--directory", "bin", "--yes"]);
    insta::assert_snapshot!(refused.stderr, @"error: HOME/bin is not in PATH; add it, or name a directory of PATH with --directory");
    assert_eq!(home.tree(), before);
}
