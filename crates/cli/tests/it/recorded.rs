//! Verbs that only look, and all others under --dry-run, send nothing to the engine but GET and HEAD.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use wharf_testkit::SimulatedEngine;

use super::sandbox::Outcome;

const FILE: &str = r#"name: shop
services:
  web:
    image: app
    build: .
    scale: 2
    environment: {REDIS_HOST: redis, DB_PASSWORD: geheim}
    depends_on: [redis]
    ports: ["80"]
    configs: [site]
    post_start: [{command: "true"}]
    develop: {watch: [{path: compose.yaml, action: restart}]}
  redis: {image: redis}
configs: {site: {content: hello}}
"#;

/// Of every verb the ways that a person would use it.
const LOOKING: &[&[&str]] = &[
    &["plan"],
    &["plan", "--steps", "--show-values"],
    &["plan", "--format", "json", "--exit-code"],
    &["plan", "--build", "--pull", "always", "--force-recreate", "web"],
    &["ps", "-a"],
    &["logs"],
    &["logs", "-n", "1", "web"],
    &["config"],
    &["config", "--hash", "*"],
    &["ls", "-a"],
    &["images"],
    &["port", "web", "80"],
    &["top"],
    &["stats", "--no-stream"],
    &["events", "--since", "1m", "--until", "0s"],
    &["version"],
    &["volumes"],
    &["doctor"],
    &["completion", "bash"],
    &["__complete", "up", ""],
    &["__complete", "start", ""],
    &["__complete", "logs", "w"],
    &["__complete", "exec", "web", "--index", ""],
    &["__complete", "-p", ""],
    &["__complete", "agent", "--filter", "name="],
    &["__complete", "agent", "--filter", "network="],
];

const CHANGING: &[&[&str]] = &[
    &["attach", "web"],
    &["build"],
    &["commit", "web", "shop/web:fixed"],
    &["cp", "compose.yaml", "web:/tmp/compose.yaml"],
    &["cp", "web:/etc/hostname", "."],
    &["create", "--force-recreate"],
    &["down", "-v", "--rmi", "all", "--remove-orphans"],
    &["exec", "web", "true"],
    &["export", "-o", "web.tar", "web"],
    &["kill"],
    &["pause"],
    &["pull"],
    &["push"],
    &["restart"],
    &["rm", "-f", "-s", "-v"],
    &["run", "--rm", "web", "true"],
    &["scale", "web=5"],
    &["start"],
    &["stop"],
    &["unpause"],
    &["up"],
    &["up", "-d", "--build", "--wait", "--force-recreate", "--scale", "web=1"],
    &["up", "--watch"],
    &["wait", "web"],
    &["watch"],
];

/// They have no project or no engine to change.
const APART: [&str; 5] = ["agent", "dashboards", "exporter", "help", "setup"];

struct Shop {
    engine: SimulatedEngine,
    directory: tempfile::TempDir,
}

impl Shop {
    fn new(file: &str) -> Self {
        let engine = SimulatedEngine::start();
        engine.add_image("app", &["/data"]);
        engine.add_image("redis", &[]);
        let shop = Shop { engine, directory: tempfile::tempdir().unwrap() };
        shop.write(file);
        let up = shop.wharf(&["up", "-d"]);
        assert_eq!(up.code, 0, "{}", up.stderr);
        shop
    }

    fn write(&self, text: &str) {
        std::fs::write(self.directory.path().join("compose.yaml"), text).unwrap();
    }

    fn wharf(&self, args: &[&str]) -> Outcome {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.current_dir(self.directory.path()).args(args).stdin(Stdio::null());
        command.env("DOCKER_HOST", self.engine.host());
        command.env("HOME", self.directory.path()).env("XDG_RUNTIME_DIR", self.directory.path());
        Outcome::of(command.output().unwrap())
    }

    /// The requests of a command, after it has run, that may change something.
    fn changing(&self, args: &[&str]) -> Vec<String> {
        self.engine.new_client();
        self.wharf(args);
        let mut requests = self.engine.requests();
        assert!(!requests.is_empty() || ["config", "completion", "__complete"].contains(&args[0]), "{args:?}");
        requests.retain(|request| !request.starts_with("GET ") && !request.starts_with("HEAD "));
        requests
    }
}

/// The file without what is sealed, which takes long to derive in a program that is not optimised.
fn without_seals() -> String {
    let lines = FILE.lines().filter(|line| !line.contains("configs") && !line.contains("post_start"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_changes_nothing() {
    let plain = without_seals();
    let shop = Shop::new(&plain);
    // As it was made, and with something to do.
    for text in [plain.clone(), plain.replace("redis,", "redis2,").replace("scale: 2", "scale: 1")] {
        shop.write(&text);
        for args in LOOKING {
            assert_eq!(shop.changing(args), Vec::<String>::new(), "{args:?}");
        }
        for args in CHANGING {
            assert_eq!(shop.changing(&[&["--dry-run"], *args].concat()), Vec::<String>::new(), "--dry-run {args:?}");
        }
    }
}

#[test]
fn every_verb_is_tried() {
    let directory = tempfile::tempdir().unwrap();
    let mut help = Command::new(env!("CARGO_BIN_EXE_wharf"));
    let help = Outcome::of(help.arg("--help").current_dir(directory.path()).output().unwrap());
    // A verb is the first word of a line that is indented by two blanks, in whatever group.
    let verb = |line: &str| {
        let rest = line.strip_prefix("  ").filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))?;
        rest.split_once("  ").map(|(verb, _)| verb.to_owned())
    };
    let verbs: BTreeSet<String> = help.stdout.lines().filter_map(verb).collect();
    assert!(verbs.len() > 30, "{}", help.stdout);
    let tried: BTreeSet<&str> = LOOKING.iter().chain(CHANGING).map(|args| args[0]).chain(APART).collect();
    let left: Vec<&String> = verbs.iter().filter(|verb| !tried.contains(verb.as_str())).collect();
    assert!(left.is_empty(), "{left:?} may change something under --dry-run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_names_the_fields_and_no_secrets() {
    let shop = Shop::new(FILE);
    assert_eq!(shop.wharf(&["plan", "--exit-code"]).code, 0);
    insta::assert_snapshot!(shop.wharf(&["plan"]).stdout, @"nothing to do");
    let text = FILE.replace("redis,", "redis2,").replace("geheim", "geheimer").replace("hello", "hello!");
    shop.write(&text.replace("scale: 2", "scale: 1"));
    let plan = shop.wharf(&["plan", "--exit-code"]);
    assert_eq!(plan.code, 10);
    insta::assert_snapshot!(plan.stdout, @r"
    remove container shop-web-2   scaled down to 1
    replace container shop-web-1
        environment.DB_PASSWORD (changed)
        environment.REDIS_HOST: redis -> redis2
        configs.site (changed)
    ");
    insta::assert_snapshot!(plan.stderr, @r"
    warning: `DB_PASSWORD` is in the file in plain text
    --> compose.yaml:7:39
     = help: take it from the environment (`${DB_PASSWORD}`), or from a secret if the image reads `DB_PASSWORD_FILE`
    warning: web: 2 -> 1, the file says 1; --scale web=2 keeps them
     --> compose.yaml:6:12
      |
    6 |     scale: 1
      |            ^
    ");
    let dry = shop.wharf(&["--dry-run", "up", "-d"]);
    assert_eq!((dry.code, dry.stdout), (0, plan.stdout));
    let shown = shop.wharf(&["plan", "--show-values", "--format", "json"]).stdout;
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    insta::assert_json_snapshot!(shown["changes"][1], @r#"
    {
      "action": "replace",
      "kind": "container",
      "name": "shop-web-1",
      "cause": "environment.DB_PASSWORD, environment.REDIS_HOST and configs.site changed",
      "fields": [
        {
          "field": "environment.DB_PASSWORD",
          "was": "geheim",
          "will": "geheimer",
          "hidden": false
        },
        {
          "field": "environment.REDIS_HOST",
          "was": "redis",
          "will": "redis2",
          "hidden": false
        },
        {
          "field": "configs.site",
          "hidden": true
        }
      ]
    }
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn details_of_the_work_hold_no_secrets() {
    let text = without_seals();
    let shop = Shop::new(&text);
    shop.write(&text.replace("geheim", "geheimer").replace("redis,", "redis2,"));
    for flags in [&["--verbose"][..], &["-D"], &["-l", "debug"]] {
        let told = shop.wharf(&[flags, &["plan"]].concat()).stderr;
        assert!(told.contains("chosen_by=\"DOCKER_HOST\"") && told.contains("environment.REDIS_HOST"), "{told}");
        assert!(!told.contains("geheim"), "{told}");
    }
    let quiet = shop.wharf(&["-l", "info", "plan"]).stderr;
    assert!(!quiet.contains("chosen_by"), "{quiet}");
}
