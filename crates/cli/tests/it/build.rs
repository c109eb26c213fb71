//! Builds by the engine's BuildKit, and by the classic builder.

use std::process::Command;

use super::sandbox::{IMAGE, Outcome, Sandbox};

/// Removes what a test has built when it ends.
struct Image(String);

impl Drop for Image {
    fn drop(&mut self) {
        let _done = Command::new("docker").args(["image", "rm", "-f", &self.0]).output();
    }
}

/// A project whose service `web` is built from this Dockerfile.
fn project(dockerfile: &str, build: &str, rest: &str) -> Sandbox {
    let sandbox = Sandbox::new(&format!(
        "services:\n  web:\n    build: {{context: ., {build}}}\n    command: cat /result\n{rest}"
    ));
    sandbox.write("Dockerfile", &format!("FROM IMAGE\n{dockerfile}"));
    sandbox
}

/// The engine's version.
fn version() -> String {
    let version = Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]).output().unwrap();
    String::from_utf8(version.stdout).unwrap().trim().to_owned()
}

fn failure(sandbox: &Sandbox, args: &[&str]) -> String {
    let outcome = sandbox.wharf(args);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    outcome.stderr.replace(&sandbox.project, "PROJECT").replace(&version(), "VERSION")
}

#[test]
fn a_build_has_cache_mounts_secrets_and_its_own_ignore_file() {
    let dockerfile = "RUN --mount=type=cache,target=/cache --mount=type=tmpfs,target=/scratch \
                      --mount=type=secret,id=api --mount=type=secret,id=token \
                      --mount=type=bind,target=/context,rw \
                      cat /run/secrets/api /run/secrets/token > /result && ls /context >> /result\n";
    let rest = "secrets: {token: {file: ./token}, key: {environment: WHARF_TEST_KEY}}\n";
    let sandbox = project(dockerfile, "secrets: [token, {source: key, target: api}]", rest);
    sandbox.write("token", "from a file\n");
    sandbox.write("left-out", "");
    sandbox.write("Dockerfile.dockerignore", "left-out\nDockerfile*\ncompose.yaml\n");
    let built = Outcome::of(sandbox.command(&["up", "--build"]).env("WHARF_TEST_KEY", "geheim\n").output().unwrap());
    assert_eq!(built.code, 0, "{}", built.stderr);
    assert_eq!(built.stdout, "web-1  | geheim\nweb-1  | from a file\nweb-1  | token\nweb-1 exited with code 0\n");
    assert!(!built.stderr.contains("geheim"), "{}", built.stderr);
    sandbox.ok(&["down", "--rmi", "local"]);
}

#[test]
fn a_failed_step_shows_its_last_lines_and_its_place() {
    let sandbox = project("RUN true\nRUN echo one && \\\n    echo two && false\n", "", "");
    let said = failure(&sandbox, &["--progress", "quiet", "build"]);
    assert!(said.starts_with("error: cannot build image PROJECT-web (service web): "), "{said}");
    // The words before differ from engine to engine.
    let (_, said) = said.split_once("exit code: 1").expect(&said);
    insta::assert_snapshot!(said, @r"

     --> Dockerfile:3:1
      |
    3 | RUN echo one && \
      | ^^^^^^^^^^^^^^^^^
      last lines of [3/3] RUN echo one && echo two && false:
        one
        two
    ");
}

#[test]
fn what_the_engines_frontend_does_not_know_is_named() {
    let sandbox = project("RUN <<EOF\necho hello\nEOF\n", "", "");
    let _image = Image(format!("{}-web", sandbox.project));
    if version().starts_with("20.10") {
        insta::assert_snapshot!("heredoc", failure(&sandbox, &["--progress", "quiet", "build"]));
        sandbox.write("Dockerfile", "FROM IMAGE\nCOPY --link . /\n");
        insta::assert_snapshot!("link", failure(&sandbox, &["--progress", "quiet", "build"]));
        insta::assert_snapshot!("check", failure(&sandbox, &["build", "--check"]));
    } else {
        sandbox.ok(&["build"]);
    }
    sandbox.write("Dockerfile", "# syntax=registry.invalid/frontend:1\nFROM IMAGE\n");
    let said = failure(&sandbox, &["--progress", "quiet", "build"]);
    assert!(said.contains("`# syntax=registry.invalid/frontend:1` loads another frontend from a registry"), "{said}");
    assert!(said.contains("--> Dockerfile:1:1"), "{said}");
}

#[test]
fn what_the_builder_cannot_do_is_refused_before_anything_is_built() {
    let sandbox = project("", "network: other", "");
    insta::assert_snapshot!("buildkit", failure(&sandbox, &["build"]));
    if version().starts_with("20.10") {
        let sandbox = project("", "shm_size: 1m, additional_contexts: {lib: .}", "");
        insta::assert_snapshot!("old_buildkit", failure(&sandbox, &["build"]));
    }
    let secret = project("", "secrets: [token]", "secrets: {token: {file: ./token}}\n");
    let outcome = Outcome::of(secret.command(&["build"]).env("DOCKER_BUILDKIT", "0").output().unwrap());
    insta::assert_snapshot!("classic", outcome.stderr);
}

#[test]
fn the_classic_builder_builds_where_it_is_asked_for() {
    let sandbox = project("RUN echo classic > /result\n", "", "");
    let built = Outcome::of(sandbox.command(&["up", "--build"]).env("DOCKER_BUILDKIT", "0").output().unwrap());
    assert!(built.stderr.contains("Step 2/"), "{}", built.stderr);
    assert_eq!(built.stdout, "web-1  | classic\nweb-1 exited with code 0\n");
    sandbox.ok(&["down", "--rmi", "local"]);
}

#[test]
fn a_changed_file_makes_another_image_and_an_unchanged_one_does_not() {
    let sandbox = project("COPY text /result\n", "", "");
    sandbox.write("text", "one");
    let id = |sandbox: &Sandbox| sandbox.containers()[0]["ID"].as_str().unwrap().to_owned();
    sandbox.ok(&["create", "--build"]);
    let first = id(&sandbox);
    sandbox.ok(&["create", "--build"]);
    assert_eq!(id(&sandbox), first);
    sandbox.write("text", "two");
    sandbox.ok(&["create", "--build"]);
    assert_ne!(id(&sandbox), first);
    sandbox.ok(&["down", "--rmi", "local"]);
}

#[test]
fn every_name_of_an_image_is_given_and_labels_tell_the_project() {
    let sandbox = project("", "tags: [wharf-test/further:1]", "");
    let _image = Image("wharf-test/further:1".to_owned());
    sandbox.ok(&["build"]);
    let format = "{{index .Config.Labels \"com.docker.compose.project\"}}";
    let label = Command::new("docker").args(["image", "inspect", "wharf-test/further:1", "--format", format]).output();
    assert_eq!(String::from_utf8(label.unwrap().stdout).unwrap().trim(), sandbox.project);
    sandbox.ok(&["create"]);
    sandbox.ok(&["down", "--rmi", "local"]);
}

#[test]
fn raw_reports_are_lines_of_json() {
    let sandbox = project("RUN echo hello > /result\n", "", "");
    let reports = sandbox.wharf(&["--progress", "rawjson", "build"]);
    assert_eq!(reports.code, 0, "{}", reports.stderr);
    let names = reports.stderr.lines().flat_map(|line| {
        let report: serde_json::Value = serde_json::from_str(line).unwrap();
        report["vertexes"].as_array().cloned().unwrap_or_default()
    });
    let names: Vec<String> = names.map(|vertex| vertex["name"].as_str().unwrap().to_owned()).collect();
    assert!(names.iter().any(|name| name == "[2/2] RUN echo hello > /result"), "{names:?}");
    let _image = Image(format!("{}-web", sandbox.project));
}

/// Serves a folder by HTTP until it is dropped.
struct HttpServer(std::process::Child);

impl Drop for HttpServer {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

impl HttpServer {
    fn start(folder: &std::path::Path) -> (Self, u16) {
        use std::io::{BufRead, BufReader};
        let mut server = Command::new("python3")
            .args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory"])
            .arg(folder)
            .arg("0")
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.split("port ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect(&line);
        (HttpServer(server), port)
    }
}

/// A repository with a Dockerfile in the folder `app` of the branch `side`, that any web server can serve.
fn repository(folder: &std::path::Path) {
    let script = format!(
        "git init -q -b main work && cd work && git config user.email a@b && git config user.name a && echo main > README \
         && git add . && git commit -qm one && git checkout -qb side && mkdir app && echo side > app/text \
         && printf 'FROM {IMAGE}\\nCOPY text /result\\n' > app/Dockerfile && git add . && git commit -qm two \
         && cd .. && git clone -q --bare work x.git && cd x.git && git update-server-info \
         && tar -C ../work/app -czf ../app.tar.gz ."
    );
    let made = Command::new("sh").args(["-ec", &script]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[test]
fn the_engine_fetches_contexts_from_git_and_from_the_web() {
    let folder = tempfile::tempdir().unwrap();
    repository(folder.path());
    let (_server, port) = HttpServer::start(folder.path());
    for (context, buildkit) in
        [("x.git#side:app", "1"), ("app.tar.gz", "1"), ("x.git#side:app", "0"), ("app.tar.gz", "0")]
    {
        let sandbox = Sandbox::new(&format!(
            "services:\n  web:\n    build: http://127.0.0.1:{port}/{context}\n    command: cat /result\n"
        ));
        let built = Outcome::of(sandbox.command(&["up", "--build"]).env("DOCKER_BUILDKIT", buildkit).output().unwrap());
        assert_eq!(built.stdout, "web-1  | side\nweb-1 exited with code 0\n", "{context} {buildkit}: {}", built.stderr);
        sandbox.ok(&["down", "--rmi", "local"]);
    }
}
