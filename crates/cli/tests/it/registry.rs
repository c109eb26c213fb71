//! A registry with a password, as Debian packages it (`docker-registry`). It listens on 127.0.0.1, where the engine
//! accepts HTTP.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use super::sandbox::{IMAGE, Outcome, Sandbox};

/// Its characters give Base64 for which the standard and the URL alphabet differ.
const PASSWORD: &str = "s3cret?>~ü";
/// `htpasswd -nbB me PASSWORD`
const HTPASSWD: &str = "me:$2b$05$Qw0OZL6vCc6PuntSZF1RKeDNl3wGTCNcyqmXPVDnBAGuhVf8TV0q2\n";

struct Registry {
    process: Child,
    host: String,
    _folder: tempfile::TempDir,
}

impl Registry {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let passwords = file("htpasswd", HTPASSWD);
        let config = format!(
            "version: 0.1
log: {{ level: info }}
storage: {{ filesystem: {{ rootdirectory: {} }} }}
http: {{ addr: '127.0.0.1:0', secret: x }}
auth: {{ htpasswd: {{ realm: test, path: {passwords} }} }}
",
            folder.path().join("data").display()
        );
        let config = file("config.yml", &config);
        let program = std::env::var("WHARF_TEST_REGISTRY").unwrap_or_else(|_| "docker-registry".to_owned());
        let mut process = Command::new(&program)
            .args(["serve", &config])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{program}: {error}; `cargo xtask test` gets it, or: apt-get install docker-registry")
            });
        let mut log = BufReader::new(process.stderr.take().unwrap());
        let mut host = None;
        let mut line = String::new();
        while host.is_none() && log.read_line(&mut line).unwrap() > 0 {
            host = line.split("listening on ").nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned);
            line.clear();
        }
        // It writes a line for each request.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Registry { process, host: host.expect("the registry says where it listens"), _folder: folder }
    }

    /// A reference to an image that it may have.
    fn image(&self, name: &str) -> String {
        format!("{}/{name}", self.host)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _gone = self.process.wait();
        // What the tests made of its images is in the engine.
        let images = Command::new("docker")
            .args(["images", "--format", "{{.Repository}}:{{.Tag}}", "--filter", &format!("reference={}/*", self.host)])
            .output()
            .unwrap();
        let images = String::from_utf8(images.stdout).unwrap();
        if !images.is_empty() {
            let _done = Command::new("docker").args(["rmi", "-f"]).args(images.lines()).output();
        }
    }
}

/// wharf with a configuration of docker that has `config` as its `config.json`.
fn with_config(sandbox: &Sandbox, config: &str, args: &[&str]) -> Outcome {
    sandbox.write("docker/config.json", config);
    Outcome::of(sandbox.command(args).env("DOCKER_CONFIG", sandbox.path().join("docker")).output().unwrap())
}

fn ok(outcome: Outcome) -> Outcome {
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    outcome
}

/// A configuration with the user `me` and a password.
fn login(host: &str, password: &str) -> String {
    serde_json::json!({ "auths": { host: { "username": "me", "password": password } } }).to_string()
}

fn remove(image: &str) {
    let removed = Command::new("docker").args(["rmi", "-f", image]).output().unwrap();
    assert!(removed.status.success(), "{}", String::from_utf8_lossy(&removed.stderr));
}

fn sandbox(text: &str) -> Sandbox {
    let sandbox = Sandbox::new(text);
    std::fs::create_dir(sandbox.path().join("docker")).unwrap();
    sandbox
}

#[test]
fn a_private_image_is_built_pushed_pulled_run_and_built_upon() {
    let registry = Registry::start();
    let (image, next) = (registry.image("app:1"), registry.image("app:2"));
    let mine = login(&registry.host, PASSWORD);
    let text = format!(
        "services:
  app:
    image: {image}
    build: {{ context: ., dockerfile_inline: \"FROM {IMAGE}\\nRUN touch /made\\n\", tags: [{next}] }}
    command: sleep 600
    stop_signal: SIGKILL
"
    );
    let shop = sandbox(&text);
    let told = ok(with_config(&shop, &mine, &["build", "--push"])).stderr;
    for expected in [format!("Image {image}  Pushed"), format!("Image {next}  Pushed"), ": Pushed\n".to_owned()] {
        assert!(told.contains(&expected), "{expected}: {told}");
    }
    remove(&image);
    remove(&next);

    // `pull`, and `up` by itself.
    ok(with_config(&shop, &mine, &["pull"]));
    remove(&image);
    let user =
        sandbox(&format!("services: {{ app: {{ image: '{image}', command: sleep 600, stop_signal: SIGKILL }} }}"));
    let told = ok(with_config(&user, &mine, &["up", "-d"])).stderr;
    assert!(told.contains(&format!("Image {image}  Pulled")), "{told}");
    ok(with_config(&user, &mine, &["down"]));
    remove(&image);
    ok(with_config(&user, &mine, &["create"]));
    ok(with_config(&user, &mine, &["down"]));
    remove(&image);
    ok(with_config(&user, &mine, &["run", "--rm", "app", "ls", "/made"]));
    let pinned = ok(with_config(&user, &mine, &["config", "--resolve-image-digests"])).stdout;
    assert!(pinned.contains("app:1@sha256:"), "{pinned}");

    // A Dockerfile begins with it.
    remove(&image);
    let child = sandbox(&format!(
        "services:\n  app: {{ image: '{next}', build: {{ context: ., dockerfile_inline: 'FROM {image}' }} }}\n"
    ));
    ok(with_config(&child, &mine, &["build"]));
    ok(with_config(&child, &mine, &["push", "-q"]));
}

#[test]
fn a_helper_gives_the_login() {
    let registry = Registry::start();
    let image = registry.image("app:1");
    let shop = sandbox(&format!("services: {{ app: {{ image: '{image}', build: . }} }}"));
    shop.write("Dockerfile", "FROM IMAGE\n");
    let helper = shop.path().join("docker-credential-test");
    let script = format!("#!/bin/sh\necho '{{\"Username\": \"me\", \"Secret\": \"{PASSWORD}\"}}'\n");
    std::fs::write(&helper, script).unwrap();
    std::fs::set_permissions(&helper, std::fs::Permissions::from_mode(0o755)).unwrap();
    shop.write("docker/config.json", &serde_json::json!({ "credHelpers": { &registry.host: "test" } }).to_string());
    let path = format!("{}:{}", shop.path().display(), std::env::var("PATH").unwrap());
    let config = shop.path().join("docker");
    let mut push = shop.command(&["build", "--push"]);
    ok(Outcome::of(push.env("DOCKER_CONFIG", config).env("PATH", path).output().unwrap()));
    // Not in PATH: it is said, and that is why the registry refuses.
    let config = serde_json::json!({ "credsStore": "nowhere" }).to_string();
    let told = with_config(&shop, &config, &["push"]);
    assert_eq!(told.code, 1);
    let reason = "asks for a login, and it cannot be read: docker-credential-nowhere: it is not in PATH";
    assert!(told.stderr.contains(reason), "{}", told.stderr);
}

/// What is said about an image that cannot be pulled or pushed, without what differs between runs.
fn refused(sandbox: &Sandbox, config: &str, args: &[&str], host: &str) -> String {
    let outcome = with_config(sandbox, config, args);
    assert_eq!(outcome.code, 1, "{}{}", outcome.stdout, outcome.stderr);
    assert!(!outcome.stderr.contains(PASSWORD), "{}", outcome.stderr);
    let told = outcome.stderr.replace(host, "REGISTRY").replace(&sandbox.path().display().to_string(), "DIR");
    let error = told.find("error: ").unwrap_or_else(|| panic!("{told}"));
    let lines = told[error..].lines().filter(|line| *line != " |").take(2);
    lines.map(str::trim).collect::<Vec<_>>().join("\n")
}

#[test]
fn each_refusal_of_a_registry_has_its_sentence() {
    let registry = Registry::start();
    let host = registry.host.as_str();
    let pulled = sandbox(&format!("services: {{ app: {{ image: '{host}/app:1' }} }}"));
    let pushed = sandbox(&format!("services: {{ app: {{ image: '{host}/app:1', build: . }} }}"));
    let mine = login(host, PASSWORD);
    let mut told = Vec::new();
    for (config, args) in [(login(host, "wrong"), "pull"), ("{}".to_owned(), "pull"), (mine.clone(), "pull")] {
        told.push(refused(&pulled, &config, &[args], host));
    }
    told.push(refused(&pushed, &mine, &["push"], host));
    let tagged = Command::new("docker").args(["tag", IMAGE, &registry.image("app:1")]).status().unwrap();
    assert!(tagged.success());
    told.push(refused(&pushed, "{}", &["push"], host));

    // Nobody listens; a registry that has had enough.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let away = sandbox(&format!("services: {{ app: {{ image: '{free}/app:1' }} }}"));
    told.push(refused(&away, "{}", &["pull"], &free));
    let busy = busy_registry();
    let limited = sandbox(&format!("services: {{ app: {{ image: '{busy}/app:1' }} }}"));
    told.push(refused(&limited, "{}", &["pull"], &busy));
    insta::assert_snapshot!(told.join("\n"), @r"
    error: cannot pull image REGISTRY/app:1: REGISTRY does not accept the login of user me
    = help: the login comes from DIR/docker/config.json: log in again by `docker login REGISTRY`
    error: cannot pull image REGISTRY/app:1: REGISTRY asks for a login, and DIR/docker/config.json has none for it
    = help: log in by `docker login REGISTRY`
    error: cannot pull image REGISTRY/app:1: REGISTRY has no such image
    = help: check the name and the tag of REGISTRY/app:1; `build:` in the service makes an image here
    error: cannot push image REGISTRY/app:1: the engine does not have it
    = help: build it first (`wharf build`, or `wharf build --push` for both)
    error: cannot push image REGISTRY/app:1: REGISTRY asks for a login, and DIR/docker/config.json has none for it
    = help: log in by `docker login REGISTRY`
    error: cannot pull image REGISTRY/app:1: the engine cannot reach REGISTRY (connection refused)
    = help: check the name REGISTRY and the network of the engine's machine; mirrors and proxies are set in the engine's daemon.json
    error: cannot pull image REGISTRY/app:1: REGISTRY refuses further requests from here, because its rate limit is reached
    = help: wait, and run the command again; a login often raises the limit: `docker login REGISTRY`
    ");
    // A failure may be accepted.
    let outcome = with_config(&pushed, "{}", &["push", "--ignore-push-failures"]);
    assert!(outcome.code == 0 && outcome.stderr.contains("Left out: "), "{}", outcome.stderr);
}

/// A registry that answers every request as Docker Hub does when there were too many.
fn busy_registry() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
                    head.push(byte[0]);
                }
                let looks = head.starts_with(b"GET /v2/ ");
                let body =
                    r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
                let (status, body) = if looks { ("200 OK", "{}") } else { ("429 Too Many Requests", body) };
                let answer = format!(
                    "HTTP/1.1 {status}\r\nDocker-Distribution-Api-Version: registry/2.0\r\nContent-Type: \
                     application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                let _gone = stream.write_all(answer.as_bytes());
            });
        }
    });
    host
}
