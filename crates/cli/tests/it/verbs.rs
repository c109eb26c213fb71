//! The verbs on what is there: pause, rm, scale, wait, cp, export, commit, create, attach, events, stats, volumes.

use std::process::{Command, Stdio};

use super::sandbox::{Outcome, Sandbox};

const TWO: &str = "\
services:
  db: {image: IMAGE, command: sleep 600, stop_signal: SIGKILL, volumes: [data:/data]}
  web: {image: IMAGE, command: sleep 600, stop_signal: SIGKILL, depends_on: [db], scale: 2}
volumes: {data: {}}
";

fn states(sandbox: &Sandbox) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    sandbox.containers().iter().map(|found| (text(&found["Service"]), text(&found["State"]))).collect()
}

fn inspect(format: &str, name: &str) -> String {
    let output = Command::new("docker").args(["inspect", "-f", format, name]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn pause_freezes_and_unpause_lets_go_on() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["pause"]);
    sandbox.ok(&["up", "-d"]);
    sandbox.ok(&["pause", "web"]);
    let is = |db: &str, web: &str| [("db", db), ("web", web), ("web", web)].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(states(&sandbox), is("running", "paused"));
    let again = sandbox.wharf(&["pause", "web"]);
    assert_eq!(again.code, 1, "{}", again.stderr);
    sandbox.ok(&["unpause", "web"]);
    assert_eq!(states(&sandbox), is("running", "running"));
}

#[test]
fn a_service_that_is_none_is_named() {
    let sandbox = Sandbox::new(TWO);
    for verb in
        ["pause", "unpause", "stop", "rm", "kill", "logs", "events", "stats", "volumes", "pull", "build", "down"]
    {
        let outcome = sandbox.wharf(&[verb, "wbe"]);
        assert_eq!(outcome.code, 1, "{verb}");
        assert!(outcome.stderr.contains("no such service: wbe"), "{verb}: {}", outcome.stderr);
    }
}

#[test]
fn rm_removes_what_has_stopped_and_what_runs_only_when_asked() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["up", "-d"]);
    assert!(sandbox.wharf(&["rm", "-f"]).stderr.contains("No stopped containers"));
    sandbox.ok(&["stop", "web"]);
    let asked = sandbox.wharf(&["rm"]);
    assert!(asked.stderr.contains("--force"), "nobody can be asked here: {}", asked.stderr);
    let output = sandbox.ok(&["rm", "-f"]);
    assert_eq!(output, format!("Going to remove {0}-web-1, {0}-web-2\n", sandbox.project));
    assert_eq!(sandbox.names(), [format!("{}-db-1", sandbox.project)]);
    sandbox.ok(&["rm", "-fsv", "db"]);
    assert_eq!(sandbox.names(), Vec::<String>::new());
}

#[test]
fn scale_changes_only_what_it_names() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["up", "-d", "--scale", "db=2"]);
    sandbox.ok(&["scale", "--no-deps", "web=1"]);
    let name = |service: &str, number: u32| format!("{}-{service}-{number}", sandbox.project);
    assert_eq!(sandbox.names(), [name("db", 1), name("db", 2), name("web", 1)]);
    sandbox.ok(&["scale", "web=3"]);
    assert_eq!(sandbox.names(), [name("db", 1), name("web", 1), name("web", 2), name("web", 3)]);
    assert_eq!(sandbox.wharf(&["scale", "web"]).code, 2);
}

#[test]
fn create_makes_containers_and_start_starts_them_with_their_dependencies() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["create", "--scale", "web=1"]);
    let is = |state: &str| [("db", state), ("web", state)].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(states(&sandbox), is("created"));
    sandbox.ok(&["start", "web"]);
    assert_eq!(states(&sandbox), is("running"));
}

#[test]
fn wait_gives_the_exit_code_and_can_take_the_project_down() {
    let sandbox = Sandbox::new(
        "services:\n  job: {image: IMAGE, command: sh -c 'sleep 1; exit 4'}\n  web: {image: IMAGE, command: sleep 600, stop_signal: SIGKILL}\n",
    );
    sandbox.ok(&["up", "-d"]);
    let outcome = sandbox.wharf(&["wait", "--down-project", "job"]);
    assert_eq!(outcome.code, 4, "{}", outcome.stderr);
    assert!(outcome.stdout.ends_with("exited with status code 4\n"), "{}", outcome.stdout);
    assert_eq!(sandbox.left_behind(), "");
    assert_eq!(sandbox.wharf(&["wait", "job"]).code, 1);
}

#[test]
fn cp_copies_both_ways_and_into_every_replica() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["up", "-d"]);
    sandbox.write("note.txt", "remember\n");
    std::fs::create_dir(sandbox.path().join("tree")).unwrap();
    sandbox.write("tree/leaf", "green\n");
    let inside = |number: &str, path: &str| sandbox.wharf(&["exec", "--index", number, "web", "cat", path]).stdout;
    sandbox.ok(&["cp", "note.txt", "web:/tmp/copy.txt"]);
    assert_eq!([inside("1", "/tmp/copy.txt"), inside("2", "/tmp/copy.txt")], ["remember\n", "remember\n"]);
    sandbox.ok(&["cp", "--index", "2", "tree", "web:/tmp"]);
    assert_eq!([inside("1", "/tmp/tree/leaf"), inside("2", "/tmp/tree/leaf")], ["", "green\n"]);
    sandbox.ok(&["cp", "tree/.", "web:/srv"]);
    assert_eq!(inside("1", "/srv/leaf"), "green\n");

    sandbox.ok(&["cp", "web:/tmp/copy.txt", "back.txt"]);
    sandbox.ok(&["cp", "--index", "2", "web:/tmp/tree", "back"]);
    let read = |name: &str| std::fs::read_to_string(sandbox.path().join(name)).unwrap();
    assert_eq!([read("back.txt"), read("back/leaf")], ["remember\n", "green\n"]);

    // As archives, through a pipe.
    let mut out = sandbox.command(&["cp", "web:/tmp/copy.txt", "-"]).stdout(Stdio::piped()).spawn().unwrap();
    let archive = out.stdout.take().unwrap();
    let into = sandbox.command(&["cp", "-", "db:/srv"]).stdin(archive).output().unwrap();
    assert!(out.wait().unwrap().success() && into.status.success(), "{}", Outcome::of(into).stderr);
    assert_eq!(sandbox.ok(&["exec", "db", "cat", "/srv/copy.txt"]), "remember\n");

    for (wrong, says) in [
        (["cp", "gone", "web:/tmp"], "gone: No such file"),
        (["cp", "tree", "web:/tmp/copy.txt"], "cannot be copied onto the file"),
        (["cp", "web:/gone", "."], "/gone"),
        (["cp", "web:/a", "db:/a"], "between services"),
    ] {
        let outcome = sandbox.wharf(&wrong);
        assert!(outcome.code == 1 && outcome.stderr.contains(says), "{wrong:?}: {}", outcome.stderr);
    }
}

#[test]
fn export_and_commit_take_what_a_container_holds() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["up", "-d"]);
    sandbox.ok(&["exec", "--index", "2", "web", "sh", "-c", "echo mine >/srv/mark"]);
    sandbox.ok(&["export", "--index", "2", "-o", "web.tar", "web"]);
    let listed =
        Command::new("tar").args(["-xOf", "web.tar", "srv/mark"]).current_dir(sandbox.path()).output().unwrap();
    assert_eq!(String::from_utf8(listed.stdout).unwrap(), "mine\n");
    let image = format!("{}-committed:1", sandbox.project);
    sandbox.ok(&[
        "commit",
        "--index=2",
        "-a",
        "me",
        "-m",
        "marked",
        "-c",
        "ENV A=1",
        "-c",
        "CMD [\"true\"]",
        "web",
        &image,
    ]);
    let seen = inspect("{{.Author}} {{.Comment}} {{json .Config.Cmd}}", &image);
    assert_eq!(seen, "me marked [\"true\"]");
    assert!(Command::new("docker").args(["rmi", &image]).output().unwrap().status.success());
}

#[test]
fn events_tell_what_happened_between_two_times() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["up", "-d", "db"]);
    sandbox.ok(&["kill", "db"]);
    let events = sandbox.ok(&["events", "--json", "--since", "1m", "--until", "0s", "db"]);
    let actions: Vec<String> = events
        .lines()
        .map(|line| {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!((event["service"].as_str(), event["type"].as_str()), (Some("db"), Some("container")));
            event["action"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(actions, ["create", "start", "kill", "die"]);
    let text = sandbox.ok(&["events", "--since", "1m", "--until", "0s", "web"]);
    assert_eq!(text, "");
}

#[test]
fn stats_and_volumes_list_by_columns_json_and_templates() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["up", "-d", "--scale", "web=1"]);
    let table = sandbox.ok(&["stats", "--no-stream", "db"]);
    assert!(
        table.starts_with("CONTAINER ID   NAME") && table.contains(&format!("{}-db-1", sandbox.project)),
        "{table}"
    );
    let pids = sandbox.ok(&["stats", "--no-stream", "--format", "{{.Name}} {{.PIDs}}", "web"]);
    assert_eq!(pids, format!("{}-web-1 1\n", sandbox.project));
    let volume = format!("{}_data", sandbox.project);
    assert_eq!(sandbox.ok(&["volumes", "-q"]), format!("{volume}\n"));
    assert_eq!(sandbox.ok(&["volumes", "-q", "web"]), "");
    assert_eq!(sandbox.ok(&["volumes"]), format!("DRIVER   VOLUME NAME\nlocal    {volume}\n"));
    let json: serde_json::Value = serde_json::from_str(&sandbox.ok(&["volumes", "--format", "json", "db"])).unwrap();
    assert_eq!(json["Name"], volume.as_str());
    let ps = sandbox.ok(&["ps", "--format", "table {{.Service}}\\t{{upper .State}}"]);
    assert_eq!(ps, "SERVICE   STATE\ndb        RUNNING\nweb       RUNNING\n");
    assert_eq!(sandbox.ok(&["ps", "-q", "--filter", "status=paused"]), "");
    let wrong = sandbox.wharf(&["ps", "--format", "{{.Nmae}}"]);
    assert!(wrong.code == 1 && wrong.stderr.contains("unknown field Nmae"), "{}", wrong.stderr);
}

#[test]
fn attach_joins_a_container_until_it_ends() {
    let sandbox = Sandbox::new(
        "services:\n  web:\n    image: IMAGE\n    stdin_open: true\n    command: sh -c 'read line; echo got $$line; exit 6'\n",
    );
    sandbox.ok(&["up", "-d"]);
    sandbox.write("typed", "a word\n");
    let typed = std::fs::File::open(sandbox.path().join("typed")).unwrap();
    let outcome = Outcome::of(sandbox.command(&["attach", "web"]).stdin(typed).output().unwrap());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (6, "got a word\n"), "{}", outcome.stderr);
}

#[test]
fn signals_of_attach_and_run_reach_the_process() {
    let sandbox = Sandbox::new(
        "services:\n  web:\n    image: IMAGE\n    command: sh -c 'trap \"echo caught; exit 9\" USR1; echo ready; while :; do sleep 0.1; done'\n",
    );
    let child = sandbox.command(&["run", "--rm", "-T", "web"]).stdout(Stdio::piped()).spawn().unwrap();
    let id = child.id().to_string();
    let reader = std::thread::spawn(move || child.wait_with_output().unwrap());
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
    // The signal may come before the process is ready for it, or before the container is there.
    while !reader.is_finished() {
        let running = sandbox.ok(&["ps", "-aq", "--status", "running"]);
        if !running.is_empty()
            && Outcome::of(Command::new("docker").args(["logs", running.trim()]).output().unwrap())
                .stdout
                .contains("ready")
        {
            let _sent = Command::new("kill").args(["-USR1", &id]).status();
        }
        assert!(std::time::Instant::now() < deadline, "the process did not end");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let outcome = Outcome::of(reader.join().unwrap());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (9, "ready\ncaught\n"));
    assert_eq!(sandbox.names(), Vec::<String>::new());
}

#[test]
fn the_content_of_a_directory_is_copied_with_its_structure() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["up", "-d", "db"]);
    let make = "mkdir -p /tree/a/b /tree/c; echo 1 >/tree/top; echo 2 >/tree/a/two; echo 3 >/tree/a/b/three; echo 4 >/tree/c/two";
    sandbox.ok(&["exec", "db", "sh", "-c", make]);
    std::fs::create_dir(sandbox.path().join("there")).unwrap();
    for target in ["there", "new"] {
        sandbox.ok(&["cp", "db:/tree/.", target]);
        let read = |name: &str| std::fs::read_to_string(sandbox.path().join(target).join(name)).unwrap();
        assert_eq!([read("top"), read("a/two"), read("a/b/three"), read("c/two")], ["1\n", "2\n", "3\n", "4\n"]);
    }
}

#[test]
fn a_project_without_a_file_is_started_and_restarted_by_its_labels() {
    let sandbox = Sandbox::new(TWO);
    sandbox.ok(&["up", "-d", "--scale", "web=1"]);
    sandbox.ok(&["stop"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let by_name = |args: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.current_dir(elsewhere.path()).env("COMPOSE_PROJECT_NAME", &sandbox.project).args(args);
        Outcome::of(command.stdin(Stdio::null()).output().unwrap())
    };
    let is = |db: &str, web: &str| [("db", db), ("web", web)].map(|(a, b)| (a.to_owned(), b.to_owned()));
    for (args, db, web) in [
        (["start", "db"].as_slice(), "running", "exited"),
        (&["start"], "running", "running"),
        (&["stop"], "exited", "exited"),
        (&["restart"], "running", "running"),
    ] {
        let outcome = by_name(args);
        assert_eq!(outcome.code, 0, "{args:?}: {}", outcome.stderr);
        assert_eq!(states(&sandbox), is(db, web), "{args:?}");
    }
    let unknown = by_name(&["start", "other"]);
    assert!(unknown.code == 1 && unknown.stderr.contains("has: db, web"), "{}", unknown.stderr);
}
