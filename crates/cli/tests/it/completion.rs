//! What TAB offers: asked as the shells ask, and in the shells themselves.

use std::fs::write;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;
use wharf_testkit::SimulatedEngine;

use super::sandbox::Outcome;
use super::terminal::{Terminal, silent_server};

const FILE: &str = r#"name: shop
services:
  api: {image: app, ports: ["8080:80"], profiles: [debug]}
  db: {image: redis, volumes: ["data:/data"]}
  web: {image: app, scale: 2}
volumes: {data: {}}
"#;

/// A time for the engine that also a busy machine keeps to.
const PATIENCE: &str = "1m";

/// A directory with a project and an engine in which it runs, but for `web`, which is stopped.
struct Shop {
    directory: tempfile::TempDir,
    engine: SimulatedEngine,
}

impl Shop {
    fn new() -> Self {
        let engine = SimulatedEngine::start();
        engine.add_image("app", &[]);
        engine.add_image("redis", &[]);
        let shop = Shop { directory: tempfile::tempdir().unwrap(), engine };
        write(shop.path().join("compose.yaml"), FILE).unwrap();
        write(shop.path().join("broken.yaml"), "services: [").unwrap();
        write(shop.path().join("odd.yaml"), "services: {a: {image: app, profiles: ['odd $(touch pwned)']}}").unwrap();
        std::fs::create_dir(shop.path().join("bin")).unwrap();
        for name in ["wharf", "docker-compose"] {
            symlink(env!("CARGO_BIN_EXE_wharf"), shop.path().join("bin").join(name)).unwrap();
        }
        for args in [&["up", "-d"][..], &["stop", "web"]] {
            let outcome = shop.wharf(args);
            assert_eq!(outcome.code, 0, "{}", outcome.stderr);
        }
        shop
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// What is the same however busy the machine is: the engine has as long as it needs.
    fn wharf(&self, args: &[&str]) -> Outcome {
        self.wharf_with(args, PATIENCE)
    }

    /// With the time that a completion gives the engine.
    fn wharf_with(&self, args: &[&str], timeout: &str) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.current_dir(self.path()).args(args).stdin(Stdio::null());
        command.env("DOCKER_HOST", self.engine.host());
        command.env("HOME", self.path()).env("XDG_RUNTIME_DIR", self.path());
        command.env("WHARF_COMPLETION_TIMEOUT", timeout);
        Outcome::of(command.output().unwrap())
    }

    /// The candidates for the last word of a line, and the directive.
    fn offered(&self, line: &str) -> String {
        self.offered_within(line, PATIENCE)
    }

    fn offered_within(&self, line: &str, timeout: &str) -> String {
        let words: Vec<&str> = line.split(' ').collect();
        let outcome = self.wharf_with(&[&["__completeNoDesc"], words.as_slice()].concat(), timeout);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{line}");
        outcome.stdout.lines().collect::<Vec<_>>().join(" ")
    }

    /// A shell in which both names of the command are known.
    fn shell(&self, words: &[&str]) -> Terminal {
        let mut shell = CommandBuilder::new(words[0]);
        shell.args(&words[1..]);
        shell.env_clear();
        let path = format!("{}:{}", self.path().join("bin").display(), std::env::var("PATH").unwrap());
        shell.env("PATH", path);
        shell.env("DOCKER_HOST", self.engine.host());
        shell.env("LANG", "C.UTF-8");
        shell.env("WHARF_COMPLETION_TIMEOUT", PATIENCE);
        shell.env("HOME", self.path());
        shell.env("XDG_RUNTIME_DIR", self.path());
        Terminal::begin(self.path(), shell)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_are_offered_by_their_state() {
    let shop = Shop::new();
    assert_eq!(shop.offered("start "), "web :4");
    assert_eq!(shop.offered("stop "), "db :4");
    assert_eq!(shop.offered("exec "), "db :4");
    assert_eq!(shop.offered("logs "), "db web :4");
    assert_eq!(shop.offered("logs db "), "web :4");
    assert_eq!(shop.offered("up "), "api db web :4");
    assert_eq!(shop.offered("build "), ":4");
    assert_eq!(shop.offered("unpause "), ":4");
    assert_eq!(shop.offered("scale db=2 "), "api= web= :6");
    assert_eq!(shop.offered("cp w"), "web: :2");
    let described = shop.wharf(&["__complete", "start", ""]).stdout;
    assert!(described.starts_with("web\tExited"), "{described}");
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_that_has_a_name_is_offered() {
    let shop = Shop::new();
    assert_eq!(shop.offered("--profile "), "debug :4");
    assert_eq!(shop.offered("up --profile=d"), "debug :4");
    assert_eq!(shop.offered("-p "), "shop :4");
    assert_eq!(shop.offered("ls --filter "), "name=shop :6");
    assert_eq!(shop.offered("--context "), "default :4");
    assert_eq!(shop.offered("up --recreate-volume "), "shop_data :4");
    assert_eq!(shop.offered("export web --index "), "1 2 :4");
    assert_eq!(shop.offered("--profile debug port api "), "80 :4");
    assert_eq!(shop.offered("agent --filter n"), "name= network= :6");
    assert_eq!(shop.offered("agent --filter name=shop-d"), "name=shop-db-1 :6");
    assert!(shop.offered("agent --filter network=").contains("network=shop_default"));
    assert_eq!(shop.offered("-f "), ":0");
    assert_eq!(shop.offered("--project-directory "), ":16");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_known_offers_nothing_and_says_nothing() {
    let shop = Shop::new();
    assert_eq!(shop.offered("-f broken.yaml start "), ":4");
    assert_eq!(shop.offered("-f nowhere.yaml start "), ":4");
    assert_eq!(shop.offered("-f - start "), ":4");
    assert_eq!(shop.offered("-H unix:///nowhere -p "), ":4");
    assert_eq!(shop.offered("--context nowhere start "), "api db web :4", "the file is still known");
    assert_eq!(shop.offered("nonsense "), ":4");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_answer_is_not_waited_for() {
    let shop = Shop::new();
    let begun = Instant::now();
    let line = format!("-H tcp://{} start ", silent_server());
    // What is not a duration leaves the 200 ms as they are.
    for timeout in ["100ms", "nonsense"] {
        assert_eq!(shop.offered_within(&line, timeout), "api db web :4");
    }
    // Other commands wait for ten seconds.
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
}

/// What is typed, with a TAB, and the line that it becomes.
const TYPED: [(&str, &str); 14] = [
    ("wharf start \t", "wharf start web"),
    ("wharf stop \t", "wharf stop db"),
    ("wharf logs w\t", "wharf logs web"),
    ("wharf unp\t", "wharf unpause"),
    ("wharf up --detac\t", "wharf up --detach"),
    ("wharf --ansi=al\t", "wharf --ansi=always"),
    ("wharf up --profile \t", "wharf up --profile debug"),
    ("wharf scale d\t", "wharf scale db="),
    ("wharf scale db=\t", "wharf scale db="),
    ("wharf -f comp\t", "wharf -f compose.yaml"),
    ("wharf agent --filter name=shop-d\t", "wharf agent --filter name=shop-db-1"),
    ("wharf -f broken.yaml start \t", "wharf -f broken.yaml start"),
    ("wharf -f odd.yaml --profile o\t", "wharf -f odd.yaml --profile odd $(touch pwned)"),
    ("docker-compose exec \t", "docker-compose exec db"),
];

/// Presses TAB in a shell, which may not be installed.
fn tried_in(words: &[&str], prepare: &str) {
    let there = Command::new(words[0]).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if there.is_err() {
        let text = format!("NOT TESTED: {0} is not installed (apt-get install {0})\n", words[0]);
        std::io::stderr().write_all(text.as_bytes()).unwrap();
        return;
    }
    let shop = Shop::new();
    let mut shell = shop.shell(words);
    shell.press(&format!("{prepare}; echo re''ady\r"));
    shell.expect("ready\r\n");
    for (typed, line) in TYPED {
        // The line is printed by a command that is put before it.
        shell.press(&format!("{typed}\x01echo go''t: \x05\r"));
        let shown = shell.expect("got: ") + &shell.expect("\r\n");
        assert!(shown.ends_with(&format!("got: {line}\r\n")), "{typed:?} in {}: {shown:?}", words[0]);
    }
    assert!(!shop.path().join("pwned").exists(), "{} ran what a name says", words[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bash_completes() {
    let prepare = "source <(wharf completion bash); source <(docker-compose completion bash)";
    tried_in(&["bash", "--noprofile", "--norc", "-i"], prepare);
}

#[tokio::test(flavor = "multi_thread")]
async fn zsh_completes() {
    let prepare = "autoload -U compinit; compinit -u -D; \
                   source <(wharf completion zsh); source <(docker-compose completion zsh)";
    tried_in(&["zsh", "-f", "-i"], prepare);
}

#[tokio::test(flavor = "multi_thread")]
async fn fish_completes() {
    let prepare = "wharf completion fish | source; docker-compose completion fish | source";
    tried_in(&["fish", "--no-config", "-i"], prepare);
}
