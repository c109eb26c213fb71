//! up, up again, change, scale, down.

use super::sandbox::Sandbox;

const TWO_SERVICES: &str = "\
services:
  db:
    image: IMAGE
    command: sh -c 'touch /ready; exec sleep 600'
    stop_signal: SIGKILL
    volumes: [data:/data]
    healthcheck:
      test: [CMD, test, -e, /ready]
      interval: 500ms
      timeout: 5s
      retries: 20
  web:
    image: IMAGE
    command: sleep 600
    stop_signal: SIGKILL
    environment:
      GREETING: ${GREETING:-hello}
    depends_on:
      db:
        condition: service_healthy
volumes:
  data:
";

#[test]
fn up_starts_in_order_and_a_second_up_recreates_nothing() {
    let sandbox = Sandbox::new(TWO_SERVICES);
    let outcome = sandbox.wharf(&["up", "--wait"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let healthy = outcome.stderr.find("db-1  Healthy").expect("db was waited for");
    let started = outcome.stderr.find("web-1  Started").expect("web was started");
    assert!(healthy < started, "{}", outcome.stderr);
    let ids = sandbox.ok(&["ps", "-q"]);
    assert_eq!(ids.lines().count(), 2);
    assert_eq!(
        sandbox.wharf(&["up", "-d"]).stderr,
        format!("{}: 2 containers run, nothing changed\n", sandbox.project)
    );
    let again = sandbox.wharf(&["up", "--wait"]);
    assert!(again.code == 0 && !again.stderr.contains("Start"), "{}", again.stderr);
    assert_eq!(sandbox.ok(&["ps", "-q"]), ids);
    sandbox.ok(&["down", "-v"]);
    assert_eq!(sandbox.left_behind(), "");
}

#[test]
fn a_change_recreates_only_what_changed() {
    let sandbox = Sandbox::new(TWO_SERVICES);
    sandbox.ok(&["up", "-d"]);
    let before = sandbox.containers();
    let mut changed = sandbox.command(&["up", "-d"]);
    assert!(changed.env("GREETING", "good morning").status().unwrap().success());
    let after = sandbox.containers();
    assert_eq!(before[0]["ID"], after[0]["ID"], "db is the same");
    assert_ne!(before[1]["ID"], after[1]["ID"], "web is another");
    assert_eq!(before[1]["Name"], after[1]["Name"]);
}

#[test]
fn volumes_survive_down_and_go_with_down_v() {
    let sandbox = Sandbox::new(TWO_SERVICES);
    sandbox.ok(&["up", "-d"]);
    sandbox.ok(&["down"]);
    assert_ne!(sandbox.left_behind(), "", "the volume stays");
    sandbox.ok(&["up", "-d"]);
    sandbox.ok(&["down", "-v"]);
    assert_eq!(sandbox.left_behind(), "");
}

#[test]
fn what_the_file_calls_external_survives_down_v_though_this_project_made_it() {
    let sandbox = Sandbox::new(TWO_SERVICES);
    sandbox.ok(&["up", "-d"]);
    let volume = format!("{}_data", sandbox.project);
    let protected = format!("volumes:\n  data:\n    external: true\n    name: {volume}\n");
    sandbox.write("compose.yaml", &TWO_SERVICES.replace("volumes:\n  data:\n", &protected));
    sandbox.ok(&["down", "-v"]);
    assert_eq!(sandbox.left_behind().trim(), volume);
}

#[test]
fn a_recreated_container_keeps_its_anonymous_volume() {
    let service = |greeting: &str| {
        let command = format!("sh -c 'echo {greeting} >> /notes/all; cat /notes/all'");
        format!("services:\n  web:\n    image: IMAGE\n    command: {command}\n    volumes: [/notes]\n")
    };
    let sandbox = Sandbox::new(&service("hello"));
    sandbox.ok(&["up"]);
    sandbox.write("compose.yaml", &service("again"));
    let output = sandbox.ok(&["up"]);
    assert!(output.contains("hello") && output.contains("again"), "{output}");
}

#[test]
fn scaling_adds_and_removes_replicas() {
    let sandbox =
        Sandbox::new("services:\n  web:\n    image: IMAGE\n    command: sleep 600\n    stop_signal: SIGKILL\n");
    sandbox.ok(&["up", "-d", "--scale", "web=3"]);
    let name = |number: u32| format!("{}-web-{number}", sandbox.project);
    assert_eq!(sandbox.names(), [name(1), name(2), name(3)]);
    sandbox.ok(&["up", "-d", "--scale", "web=1"]);
    assert_eq!(sandbox.names(), [name(1)]);
}

#[test]
fn an_unhealthy_dependency_stops_the_start_and_names_its_last_probe() {
    let sandbox = Sandbox::new(
        "services:
  db:
    image: IMAGE
    command: sh -c 'echo no disk left >&2; exec sleep 600'
    stop_signal: SIGKILL
    healthcheck: {test: 'echo database is starting up; exit 1', interval: 100ms, retries: 2}
  web:
    image: IMAGE
    command: sleep 600
    depends_on: {db: {condition: service_healthy}}
",
    );
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, 1);
    for wanted in ["db-1 is unhealthy", "database is starting up", "no disk left"] {
        assert!(outcome.stderr.contains(wanted), "{wanted} is missing in:\n{}", outcome.stderr);
    }
    let name = |service: &str| format!("{}-{service}-1", sandbox.project);
    assert_eq!(sandbox.names(), [name("db"), name("web")], "web waits for the next run");
    let output =
        std::process::Command::new("docker").args(["inspect", "-f", "{{.State.Status}}", &name("web")]).output();
    assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap().trim(), "created");
}

#[test]
fn a_job_that_fails_stops_those_who_wait_for_it() {
    let sandbox = Sandbox::new(
        "services:
  job:
    image: IMAGE
    command: sh -c 'echo cannot migrate; exit 3'
  web:
    image: IMAGE
    command: sleep 600
    depends_on: {job: {condition: service_completed_successfully}}
",
    );
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, 1);
    assert!(outcome.stderr.contains("job-1 exited with code 3"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("cannot migrate"), "{}", outcome.stderr);
}

#[test]
fn an_image_is_built_from_its_context_and_rebuilt_when_asked() {
    let sandbox = Sandbox::new("services:\n  web:\n    build: .\n    command: cat /greeting\n");
    sandbox.write("Dockerfile", "FROM IMAGE\nCOPY greeting /greeting\n");
    sandbox.write("greeting", "hello\n");
    sandbox.ok(&["up"]);
    sandbox.write("greeting", "good morning\n");
    let output = sandbox.ok(&["up", "--build"]);
    assert!(output.contains("good morning"), "{output}");
    sandbox.ok(&["down", "--rmi", "local"]);
}

#[test]
fn secrets_reach_the_container_as_files_and_not_its_configuration() {
    let sandbox = Sandbox::new(
        "services:
  web:
    image: IMAGE
    command: sh -c 'cat /run/secrets/from-file /run/secrets/from-variable'
    secrets: [from-file, from-variable]
secrets:
  from-file: {file: ./secret.txt}
  from-variable: {environment: WHARF_TEST_SECRET}
",
    );
    sandbox.write("secret.txt", "out of a file\n");
    let mut up = sandbox.command(&["up"]);
    let output = up.env("WHARF_TEST_SECRET", "out of a variable").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("out of a file") && text.contains("out of a variable"), "{text}");
    let name = format!("{}-web-1", sandbox.project);
    let inspected = std::process::Command::new("docker").args(["inspect", &name]).output().unwrap();
    assert!(!String::from_utf8(inspected.stdout).unwrap().contains("out of a variable"));
}

#[test]
fn services_that_share_a_container_name_run_one_at_a_time() {
    let name = format!("wharf-test-shared-{}", std::process::id());
    let sandbox = Sandbox::new(&format!(
        "services:\n  one: {{image: IMAGE, container_name: {name}, command: 'true'}}\n  two: {{image: IMAGE, container_name: {name}, command: 'true'}}\n"
    ));
    let both = sandbox.wharf(&["up", "-d"]);
    assert_eq!(both.code, 15, "{}", both.stderr);
    sandbox.ok(&["down"]);
    sandbox.ok(&["up", "one"]);
    sandbox.ok(&["down"]);
    sandbox.ok(&["up", "two"]);
    assert_eq!(sandbox.names(), [name]);
}

#[test]
fn a_container_that_runs_out_of_memory_is_said_to() {
    let sandbox = Sandbox::new(
        "services:
  job:
    image: IMAGE
    command: sh -c 'for i in $$(seq 30); do echo line $$i; done; exec tail /dev/zero'
    mem_limit: 16m
    memswap_limit: 16m
  web: {image: IMAGE, command: sleep 600, depends_on: {job: {condition: service_completed_successfully}}}
",
    );
    let outcome = sandbox.wharf(&["up", "-d"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains("job-1 was killed because it ran out of memory (exit code 137)"),
        "{}",
        outcome.stderr
    );
    let lines: Vec<&str> = outcome.stderr.lines().map(str::trim).filter(|line| line.starts_with("line ")).collect();
    assert_eq!((lines.len(), lines.first(), lines.last()), (20, Some(&"line 11"), Some(&"line 30")));
}

#[test]
fn progress_as_json_is_an_object_an_event() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE, command: 'true'}\n");
    let outcome = sandbox.wharf(&["--progress", "json", "up", "-d"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let events: Vec<serde_json::Value> =
        outcome.stderr.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let subject = format!("Container {}-web-1", sandbox.project);
    let of_container: Vec<&str> = events
        .iter()
        .filter(|event| event["id"] == subject.as_str())
        .map(|event| event["status"].as_str().unwrap())
        .collect();
    assert_eq!(of_container, ["Creating", "Created", "Starting", "Started"]);
    assert_eq!(sandbox.wharf(&["--progress", "quiet", "down"]).stderr, "");
}

#[test]
fn what_nobody_requires_may_fail_and_what_nobody_needs_may_be_missing() {
    let sandbox = Sandbox::new(
        "services:
  web: {image: IMAGE, command: sleep 600, stop_signal: SIGKILL, depends_on: {job: {required: false, condition: service_completed_successfully}}}
  job: {image: IMAGE, command: 'false'}
  other: {image: IMAGE, env_file: not-there.env}
",
    );
    let outcome = sandbox.wharf(&["up", "-d", "web"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("Not required: "), "{}", outcome.stderr);
    assert_eq!(sandbox.wharf(&["up", "-d"]).code, 15, "all are asked for");
}

#[test]
fn compatibility_gives_the_names_of_compose_1() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE, command: sleep 600, stop_signal: SIGKILL}\n");
    sandbox.ok(&["--compatibility", "up", "-d"]);
    assert_eq!(sandbox.names(), [format!("{}_web_1", sandbox.project)]);
    let again = sandbox.command(&["up", "-d"]).env("COMPOSE_COMPATIBILITY", "1").output().unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert_eq!(said, format!("{}: 1 container runs, nothing changed\n", sandbox.project));
}

#[test]
fn an_anonymous_volume_that_was_handed_on_goes_with_down_v_and_rm_v_and_named_ones_stay_with_rm_v() {
    let service = |value: u32| {
        format!(
            "services:\n  web:\n    image: IMAGE\n    command: sleep 600\n    stop_signal: SIGKILL\n    environment: [V={value}]\n    volumes: [/notes, data:/data]\nvolumes: {{data: {{}}}}\n"
        )
    };
    let volumes = |sandbox: &Sandbox| {
        let format = "{{range .Mounts}}{{.Name}} {{end}}";
        let name = format!("{}-web-1", sandbox.project);
        let output = std::process::Command::new("docker").args(["inspect", "-f", format, &name]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (named, anonymous): (Vec<_>, Vec<_>) =
            text.split_whitespace().map(str::to_owned).partition(|name| name.ends_with("_data"));
        (named.concat(), anonymous.concat())
    };
    let there = |volume: &str| {
        std::process::Command::new("docker").args(["volume", "inspect", volume]).output().unwrap().status.success()
    };
    for (args, named_stays) in [(["rm", "-fsv"].as_slice(), true), (&["down", "-v"], false)] {
        let sandbox = Sandbox::new(&service(1));
        sandbox.ok(&["up", "-d"]);
        let (named, anonymous) = volumes(&sandbox);
        sandbox.write("compose.yaml", &service(2));
        sandbox.ok(&["up", "-d"]);
        assert_eq!(volumes(&sandbox), (named.clone(), anonymous.clone()), "both are handed on");
        sandbox.ok(args);
        assert!(!there(&anonymous), "{args:?}");
        assert_eq!(there(&named), named_stays, "{args:?}");
    }
}

/// As if `down -v` had been killed between the container and its volume.
#[test]
fn down_v_removes_the_anonymous_volumes_that_no_container_has_any_more() {
    let service = |value: u32| {
        format!(
            "services:\n  web:\n    image: IMAGE\n    command: sleep 600\n    stop_signal: SIGKILL\n    environment: [V={value}]\n    volumes: [/notes]\n"
        )
    };
    let docker = |args: &[&str]| std::process::Command::new("docker").args(args).output().unwrap();
    let sandbox = Sandbox::new(&service(1));
    sandbox.ok(&["up", "-d"]);
    sandbox.write("compose.yaml", &service(2));
    sandbox.ok(&["up", "-d"]);
    let name = format!("{}-web-1", sandbox.project);
    let found = docker(&["inspect", "-f", "{{range .Mounts}}{{.Name}}{{end}}", &name]);
    let volume = String::from_utf8(found.stdout).unwrap().trim().to_owned();
    assert_eq!(volume.len(), 64);
    assert!(docker(&["rm", "-fv", &name]).status.success());
    assert!(docker(&["volume", "inspect", &volume]).status.success(), "the engine keeps what was taken over");
    sandbox.ok(&["down"]);
    assert!(docker(&["volume", "inspect", &volume]).status.success());
    sandbox.ok(&["down", "-v"]);
    assert!(!docker(&["volume", "inspect", &volume]).status.success());
}

#[test]
fn a_wait_is_not_content_with_a_service_that_ends_at_once() {
    let crashes = |command: &str, more: &str| {
        let text = format!(
            "services:\n  ok: {{image: IMAGE, command: sleep 600, stop_signal: SIGKILL}}\n  bad: {{image: IMAGE, command: \"sh -c '{command}'\", stop_signal: SIGKILL{more}}}\n"
        );
        let sandbox = Sandbox::new(&text);
        let outcome = sandbox.wharf(&["up", "-d", "--wait"]);
        (outcome.code, outcome.stderr)
    };
    for (command, more) in [("exit 1", ""), ("sleep 0.3; exit 1", ""), ("sleep 0.2; exit 9", ", restart: always")] {
        let (code, stderr) = crashes(command, more);
        assert_eq!(code, 1, "{command}: {stderr}");
    }
    let (code, stderr) = crashes("sleep 600", "");
    assert_eq!(code, 0, "{stderr}");
}

#[test]
fn a_container_of_run_in_the_background_keeps_its_input_open() {
    let sandbox = Sandbox::new("services:\n  web: {image: IMAGE, command: cat}\n");
    let name = sandbox.ok(&["run", "-d", "web"]);
    let output =
        std::process::Command::new("docker").args(["inspect", "-f", "{{.State.Status}}", name.trim()]).output();
    assert_eq!(String::from_utf8(output.unwrap().stdout).unwrap().trim(), "running");
    sandbox.ok(&["down", "--remove-orphans", "-t", "0"]);
}
