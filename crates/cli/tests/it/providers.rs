//! Services that a program provides, by a shell script.

use std::os::unix::fs::PermissionsExt;

use super::sandbox::{Outcome, Sandbox};

const SHOP: &str = "\
services:
  db:
    provider:
      type: ./cloud
      options: {size: 10, key: hunter2}
  web:
    image: IMAGE
    command: sleep 600
    stop_signal: SIGKILL
    depends_on: [db]
  other: {image: IMAGE, command: sleep 600, stop_signal: SIGKILL}
";

/// It writes down how it is called.
const CLOUD: &str = r#"#!/bin/sh
[ "$2" = metadata ] && exit 1
echo "$*" >> calls
echo '{"type": "info", "message": "making it"}'
[ -e broken ] && echo '{"type": "error", "message": "no quota left"}'
echo "{\"type\": \"setenv\", \"message\": \"URL=http://$(cat address)\"}"
"#;

/// The shop with its provider, which sets this address.
fn shop(address: &str) -> Sandbox {
    let sandbox = Sandbox::new(SHOP);
    sandbox.write("cloud", CLOUD);
    sandbox.write("address", address);
    let executable = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(sandbox.path().join("cloud"), executable).unwrap();
    sandbox
}

fn calls(sandbox: &Sandbox) -> Vec<String> {
    let text = std::fs::read_to_string(sandbox.path().join("calls")).unwrap_or_default();
    text.lines().map(|line| line.replace(&sandbox.project, "PROJECT")).collect()
}

fn address(sandbox: &Sandbox) -> String {
    sandbox.ok(&["exec", "-T", "web", "printenv", "DB_URL"]).trim().to_owned()
}

fn ids(sandbox: &Sandbox) -> Vec<String> {
    sandbox.containers().iter().map(|container| container["ID"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn dependents_get_what_a_provider_sets_and_are_replaced_when_it_changes() {
    let sandbox = shop("one");
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("Service db  making it"), "{}", outcome.stderr);
    assert!(!format!("{}{}", outcome.stdout, outcome.stderr).contains("hunter2"));
    assert_eq!(calls(&sandbox), ["compose --project-name=PROJECT up --key=hunter2 --size=10 db"]);
    assert_eq!(address(&sandbox), "http://one");
    let other = sandbox.wharf(&["exec", "-T", "other", "printenv", "DB_URL"]);
    assert_eq!(other.stdout, "", "it does not depend on the provider");
    let before = ids(&sandbox);
    sandbox.ok(&["up", "-d"]);
    assert_eq!(ids(&sandbox), before, "nothing has changed");
    // No provider runs, and what it set stays.
    let called = calls(&sandbox).len();
    sandbox.ok(&["up", "-d", "--no-deps", "web"]);
    let planned = sandbox.ok(&["plan"]);
    assert!(planned.contains("create service db") && !planned.contains("web"), "{planned}");
    assert_eq!((ids(&sandbox), calls(&sandbox).len()), (before.clone(), called));
    sandbox.write("address", "two");
    sandbox.ok(&["up", "-d"]);
    assert_eq!(address(&sandbox), "http://two");
    assert_eq!(ids(&sandbox).iter().filter(|id| before.contains(id)).count(), 1, "only web is replaced");
    assert_eq!(sandbox.ok(&["run", "--rm", "-T", "web", "printenv", "DB_URL"]), "http://two\n");
    sandbox.ok(&["down", "-t", "0"]);
    assert_eq!(calls(&sandbox).last().unwrap(), "compose --project-name=PROJECT down --key=hunter2 --size=10 db");
}

#[test]
fn a_provider_that_fails_says_why_and_nothing_depends_on_it_then() {
    let sandbox = shop("one");
    sandbox.write("broken", "");
    let Outcome { code, stderr, .. } = sandbox.wharf(&["up", "-d"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("service db: its provider ./cloud says: no quota left"), "{stderr}");
    assert!(stderr.contains("compose.yaml:3:5"), "{stderr}");
    assert!(!stderr.contains("hunter2"), "{stderr}");
    assert!(sandbox.names().is_empty());
}

#[test]
fn a_provider_that_is_not_there_is_refused_before_anything_changes() {
    let sandbox = Sandbox::new(&SHOP.replace("./cloud", "nosuchcloud"));
    for verb in [&["up", "-d"][..], &["plan"], &["down"]] {
        let Outcome { code, stderr, .. } = sandbox.wharf(verb);
        assert_eq!(code, 1, "{verb:?}: {stderr}");
        assert!(stderr.contains("there is no provider \"nosuchcloud\" on this machine"), "{stderr}");
        assert!(stderr.contains("`docker-nosuchcloud` in ") && stderr.contains("compose.yaml:4:13"), "{stderr}");
    }
    assert_eq!(sandbox.left_behind(), "");
}
