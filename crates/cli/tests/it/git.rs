//! Projects that include files of Git repositories, from a server on this machine.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::sandbox::{Outcome, Sandbox};

/// A repository `shop` on a server, and a home for the one who fetches it.
struct Server {
    directory: tempfile::TempDir,
    port: u16,
    daemon: Child,
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("shop/deploy")).unwrap();
        git(&directory.path().join("shop"), &["init", "-q", "-b", "main"]);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let base = format!("--base-path={}", directory.path().display());
        let port_flag = format!("--port={port}");
        // `git daemon` would be a process below `git`, which does not end with it.
        let programs = git(directory.path(), &["--exec-path"]);
        let daemon = Command::new(Path::new(programs.trim()).join("git-daemon"))
            .args(["--export-all", "--reuseaddr", "--listen=127.0.0.1", &base, &port_flag])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "git-daemon does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        Server { directory, port, daemon }
    }

    /// Commits these files; gives the commit.
    fn commit(&self, files: &[(&str, &str)]) -> String {
        let shop = self.directory.path().join("shop");
        for (name, text) in files {
            std::fs::write(shop.join(name), text).unwrap();
        }
        git(&shop, &["add", "-A"]);
        let me = ["-c", "user.name=me", "-c", "user.email=me@example.com"];
        git(&shop, &[&me[..], &["commit", "-q", "-m", "x"]].concat());
        git(&shop, &["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn address(&self) -> String {
        format!("git://127.0.0.1:{}/shop", self.port)
    }

    /// `wharf config --images` of a project of this text.
    fn images(&self, text: &str) -> Outcome {
        let sandbox = Sandbox::new(text);
        self.at_home(sandbox.command(&["config", "--images"]))
    }

    /// What is offered as a service of a project of this text.
    fn offered(&self, text: &str) -> Outcome {
        let project = tempfile::tempdir().unwrap();
        std::fs::write(project.path().join("compose.yaml"), text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.current_dir(project.path()).args(["__completeNoDesc", "up", ""]);
        self.at_home(command)
    }

    fn at_home(&self, mut command: Command) -> Outcome {
        command.env("HOME", self.directory.path().join("home")).env_remove("XDG_CACHE_HOME");
        Outcome::of(command.output().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ended = (self.daemon.kill(), self.daemon.wait());
    }
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git").arg("-C").arg(directory).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_branch_is_read_as_it_is_now_and_a_commit_needs_no_network() {
    let mut server = Server::start();
    let one = server.commit(&[
        ("compose.yaml", "services: {a: {image: 'a:1'}}"),
        ("deploy/compose.yaml", "services: {b: {image: 'b:${TAG:-1}'}}"),
        ("deploy/.env", "TAG=env"),
    ]);
    let address = server.address();
    let include = |reference: &str| format!("include: ['{address}{reference}']");
    let outcome = server.offered(&include(&format!("#{one}")));
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), (":4\n", ""), "a completion fetches nothing");
    let outcome = server.images(&include("#main"));
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "a:1\n"), "{}", outcome.stderr);
    assert_eq!(outcome.stderr, format!("note: fetched {address}#main: commit {one}; `#COMMIT` in its place pins it\n"));
    assert_eq!(server.offered(&include(&format!("#{one}"))).stdout, "a\n:4\n", "it is here");
    let again = server.images(&include("#main:deploy"));
    assert_eq!((again.stdout.as_str(), again.stderr.as_str()), ("b:env\n", ""), "the commit is here");
    server.commit(&[("compose.yaml", "services: {a: {image: 'a:2'}}")]);
    assert_eq!(server.images(&include("")).stdout, "a:2\n");
    let extends = format!("services: {{x: {{extends: {{file: '{address}#{one}:deploy/compose.yaml', service: b}}}}}}");
    assert_eq!(server.images(&extends).stdout, "b:1\n");
    let cache = server.directory.path().join("home/.cache/wharf/git");
    assert_eq!(cache.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let left = std::fs::read_dir(&cache).unwrap().filter(|entry| entry.as_ref().unwrap().file_name() != ".git");
    assert_eq!(left.count(), 1, "nothing is left of the fetches");
    server.daemon.kill().unwrap();
    server.daemon.wait().unwrap();
    assert_eq!(server.images(&include(&format!("#{one}"))).stdout, "a:1\n");
    let outcome = server.images(&include("#main"));
    assert_eq!(outcome.code, 15);
    assert!(
        outcome.stderr.contains("cannot be fetched: ") && outcome.stderr.contains("compose.yaml:1:11"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn what_a_repository_does_not_have_is_said_with_its_place() {
    let server = Server::start();
    let secret = server.directory.path().join("secret.yaml");
    std::fs::write(&secret, "services: {s: {image: secret}}").unwrap();
    symlink(&secret, server.directory.path().join("shop/link.yaml")).unwrap();
    server.commit(&[("compose.yaml", "services: {a: {image: a}}")]);
    for (reference, said) in [
        ("#nosuch", "it has no branch or tag `nosuch`"),
        ("#main:nosuch", "has no file nosuch"),
        ("#main:deploy", "has no file deploy"),
        ("#main:link.yaml", "has no file link.yaml"),
        ("#0123456789abcdef0123456789abcdef01234567", "cannot be fetched"),
        ("#--upload-pack=x", "is not the name of a branch"),
    ] {
        let Outcome { code, stdout, stderr } = server.images(&format!("include: ['{}{reference}']", server.address()));
        assert_eq!((code, stdout.as_str()), (15, ""), "{reference}: {stderr}");
        assert!(stderr.contains(said) && stderr.contains("compose.yaml:1:11"), "{reference}: {stderr}");
    }
}
