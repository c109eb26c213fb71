//! Health checks that are run while somebody waits. The engine's own first probe would come after an hour.

use crate::sandbox::Sandbox;

/// `db` with these keys, and `web`, which waits for it.
fn sandbox(db: &str) -> Sandbox {
    Sandbox::new(&format!(
        "services:\n  db:\n    image: IMAGE\n    stop_signal: SIGKILL\n{db}\n  web: {{image: IMAGE, command: sleep 600, stop_signal: SIGKILL, depends_on: {{db: {{condition: service_healthy}}}}}}\n"
    ))
}

/// What docker says of `db`.
fn by_docker(sandbox: &Sandbox) -> String {
    let name = format!("{}-db-1", sandbox.project);
    let output =
        std::process::Command::new("docker").args(["inspect", "-f", "{{.State.Health.Status}}", &name]).output();
    String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
}

fn by_ps(sandbox: &Sandbox) -> String {
    let containers = sandbox.containers();
    let db = containers.iter().find(|container| container["Service"] == "db").unwrap();
    assert!(db["Status"].as_str().unwrap().ends_with(&format!("{})", db["Health"].as_str().unwrap())), "{db}");
    db["Health"].as_str().unwrap().to_owned()
}

#[test]
fn up_ps_and_another_up_agree_before_the_engine_has_probed() {
    let keys = "    command: sh -c 'touch /tmp/answers; exec sleep 600'\n    healthcheck: {test: test -e /tmp/answers, interval: 1h}";
    let sandbox = sandbox(keys);
    sandbox.ok(&["up", "-d", "--wait"]);
    assert_eq!((by_docker(&sandbox).as_str(), by_ps(&sandbox).as_str()), ("starting", "healthy"));
    let again = sandbox.wharf(&["up", "-d", "--wait"]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    assert!(!again.stderr.contains("Start"), "{}", again.stderr);
}

#[test]
fn a_probe_has_the_user_the_directory_and_the_variables_of_the_container() {
    let test = r#"[ "$$(id -u)" = 65534 ] && [ "$$PWD" = /tmp ] && [ "$$WHO" = me ]"#;
    let keys = format!(
        "    command: sleep 600\n    user: nobody\n    working_dir: /tmp\n    environment: {{WHO: me}}\n    healthcheck:\n      interval: 1h\n      test: '{test}'"
    );
    sandbox(&keys).ok(&["up", "-d"]);
}

#[test]
fn a_check_is_left_to_the_engine_where_the_file_says_so() {
    let keys = "    command: sleep 600\n    x-wharf: {probe: engine}\n    healthcheck: {test: touch /tmp/probed, interval: 1h}";
    let sandbox = sandbox(keys);
    let outcome = sandbox.wharf(&["up", "-d", "--wait", "--wait-timeout", "2"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert_eq!(sandbox.wharf(&["exec", "-T", "db", "test", "-e", "/tmp/probed"]).code, 1);
    assert_eq!(by_ps(&sandbox), "starting");
}

#[test]
fn a_mistake_in_x_wharf_is_refused_with_its_place() {
    let sandbox = sandbox("    x-wharf:\n      probe: never");
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    for part in ["`services.db.x-wharf.probe` is \"never\", and must be `own` or `engine`", "compose.yaml:6:"] {
        assert!(outcome.stderr.contains(part), "{}", outcome.stderr);
    }
    assert_eq!(sandbox.left_behind(), "");
}
