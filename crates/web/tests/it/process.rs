//! The binary as a process: what it says and how it ends.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use wharf_serve::SAME_SIGNAL;
use wharf_testkit::eventually;

use crate::fake_redis::{FakeRedis, Incr};
use crate::http::get;
use crate::replica::SOON;

fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wharf-web"));
    command.env_clear().kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// The binary as a server on a port that the system chose.
pub(crate) struct Running {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
    seen: String,
    pub(crate) address: SocketAddr,
}

impl Running {
    pub(crate) async fn start(settings: &[(&str, &str)]) -> Self {
        Self::start_as(binary(), settings).await
    }

    /// The same with at most this many open files.
    pub(crate) async fn start_with_files(at_most: u32, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -n {at_most}; exec {}", env!("CARGO_BIN_EXE_wharf-web"));
        command.args(["-c", &limited]).env_clear().kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self::start_as(command, settings).await
    }

    async fn start_as(mut command: Command, settings: &[(&str, &str)]) -> Self {
        command.env("LISTEN_ADDR", "127.0.0.1:0").envs(settings.iter().copied());
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seen = String::new();
        loop {
            let line = log.next_line().await.unwrap().unwrap();
            seen += &format!("{line}\n");
            let Ok(line) = serde_json::from_str::<serde_json::Value>(&line) else { panic!("not JSON: {line}") };
            if line["message"] == "listening" {
                let address = line["address"].as_str().unwrap().parse().unwrap();
                return Self { child, log, seen, address };
            }
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Threads of the runtime, by their name.
    fn workers(&self) -> usize {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id().unwrap())).unwrap();
        let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
        names.filter(|name| name.starts_with("tokio-")).count()
    }

    /// Waits for the end; gives the exit code and all that was written.
    pub(crate) async fn end(mut self) -> (Option<i32>, String) {
        while let Some(line) = self.log.next_line().await.unwrap() {
            self.seen += &format!("{line}\n");
        }
        self.child.stderr.take().unwrap().read_to_string(&mut self.seen).await.unwrap();
        (self.child.wait().await.unwrap().code(), self.seen)
    }
}

async fn exit(mut command: Command) -> (Option<i32>, String) {
    let output = command.output().await.unwrap();
    assert!(output.stdout.is_empty());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

/// How the binary ends with this setting, and what it says.
pub(crate) async fn refused(name: &str, value: &str) -> (Option<i32>, String) {
    let mut command = binary();
    command.env(name, value);
    exit(command).await
}

#[tokio::test]
async fn a_wrong_setting_stops_the_start_with_one_line_that_names_it() {
    let cases = [
        ("REDIS_PORT", "abc", "wharf-web: invalid value 'abc' for '--redis-port <REDIS_PORT>': "),
        ("REDIS_HOST", "redis://x", "wharf-web: REDIS_HOST: not a host name or address"),
        ("REDIS_PASSWORD_FILE", "/nowhere", "wharf-web: REDIS_PASSWORD_FILE: cannot read /nowhere: "),
        ("DATABASE_URL", "hunter2", "wharf-web: DATABASE_URL: not a Postgres URL"),
        ("DATABASE_URL", "postgres://a:hunter2@b/c?sslmode=require", "wharf-web: DATABASE_URL: `sslmode` asks for TLS"),
        ("DATABASE_URL", "postgres://a@b/c?sslmode=verify-full", "wharf-web: DATABASE_URL: `sslmode` asks for TLS"),
        ("WHARF_LOG", "=loud=", "wharf-web: WHARF_LOG: not a log filter"),
    ];
    for (name, value, expected) in cases {
        let (code, text) = refused(name, value).await;
        assert_eq!(code, Some(2), "{text}");
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn one_thread_answers_unless_more_are_asked_for() {
    // By their addresses: a name is looked up on a thread of its own.
    let redis = [("REDIS_HOST", "127.0.0.1"), ("REDIS_PORT", "1")];
    let five = [redis[0], redis[1], ("WORKER_THREADS", "5")];
    for (settings, expected) in [(&redis[..], 1), (&five, 5)] {
        let server = Running::start(settings).await;
        let threads = async || match server.workers() {
            found if found == expected => Ok(()),
            found => Err(format!("{found} threads")),
        };
        eventually(format!("{expected} threads"), SOON, threads).await.unwrap();
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = binary();
    command.env("LISTEN_ADDR", &address).env("WHARF_LOG", "warn");
    let (code, text) = exit(command).await;
    assert_eq!(code, Some(1));
    assert!(text.starts_with(&format!("wharf-web: LISTEN_ADDR: cannot listen on {address}: ")), "{text}");
}

#[tokio::test]
async fn an_idle_server_ends_within_a_second_of_sigterm_or_sigint() {
    for signal in ["-TERM", "-INT"] {
        let settings = [("REDIS_PORT", "1"), ("DATABASE_HOST", "127.0.0.1"), ("DATABASE_PORT", "1")];
        let server = Running::start(&settings).await;
        assert_eq!(get(server.address, "/healthz").await.unwrap().status, 200);
        let _idle_connection = TcpStream::connect(server.address).await.unwrap();
        let start = Instant::now();
        server.signal(signal);
        let (code, log) = server.end().await;
        assert_eq!(code, Some(0), "{log}");
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}: {log}", start.elapsed());
    }
}

#[tokio::test]
async fn a_request_in_flight_is_answered_after_sigterm_and_nobody_else_is_let_in() {
    let redis = FakeRedis::start(Incr::Held).await;
    let server =
        Running::start(&[("REDIS_HOST", "127.0.0.1"), ("REDIS_PORT", &redis.address.port().to_string())]).await;
    let address = server.address;
    let request = tokio::spawn(get(address, "/count"));
    redis.arrived.notified().await;

    server.signal("-TERM");
    let refused = async || match TcpStream::connect(address).await {
        Ok(_) => Err("a connection"),
        Err(_) => Ok(()),
    };
    eventually("nobody is let in", SOON, refused).await.unwrap();
    redis.release.notify_one();
    assert_eq!(request.await.unwrap().unwrap().count(), 1);
    let (code, log) = server.end().await;
    assert_eq!(code, Some(0), "{log}");
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let redis = FakeRedis::start(Incr::Held).await;
    let server =
        Running::start(&[("REDIS_HOST", "127.0.0.1"), ("REDIS_PORT", &redis.address.port().to_string())]).await;
    let _request = tokio::spawn(get(server.address, "/count"));
    redis.arrived.notified().await;
    server.signal("-TERM");
    let address = server.address;
    let refused = async || TcpStream::connect(address).await.map_or(Ok(()), |_| Err("a connection"));
    eventually("it has begun to stop", SOON, refused).await.unwrap();
    // Within a second it would count as the first one, sent twice.
    tokio::time::sleep(SAME_SIGNAL).await;
    let start = Instant::now();
    server.signal("-TERM");
    let (code, log) = server.end().await;
    assert_eq!(code, Some(1), "{log}");
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn secrets_are_in_no_log_line_however_much_is_logged() {
    // A Redis that refuses the password, and a Postgres that is not there: both have reason to complain.
    let redis = FakeRedis::start(Incr::Held).await;
    let port = redis.address.port().to_string();
    let server = Running::start(&[
        ("REDIS_HOST", "127.0.0.1"),
        ("REDIS_PORT", &port),
        ("REDIS_PASSWORD", "first-hunter2"),
        ("DATABASE_URL", "postgres://ann:second-hunter2@127.0.0.1:1/visits"),
        ("WHARF_LOG", "trace"),
    ])
    .await;
    assert_eq!(get(server.address, "/count?password=third-hunter2").await.unwrap().status, 503);
    server.signal("-TERM");
    let (_, log) = server.end().await;
    assert!(log.contains("Password authentication failed") && log.contains("the history waits"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn every_request_leaves_one_json_line_with_its_id() {
    let server = Running::start(&[("REDIS_PORT", "1")]).await;
    get(server.address, "/").await.unwrap();
    get(server.address, "/healthz").await.unwrap();
    server.signal("-TERM");
    let (_, log) = server.end().await;
    let lines = log.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let requests: Vec<_> = lines.filter(|line| line["message"] == "request").collect();
    let [request] = requests.as_slice() else { panic!("one, because probes are not told of: {requests:?}") };
    assert_eq!((&request["method"], &request["path"], &request["status"]), (&"GET".into(), &"/".into(), &200.into()));
    assert_eq!(request["request_id"].as_str().unwrap().len(), 32);
    assert!(request["duration_ms"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn the_health_check_tells_a_server_that_answers_from_one_that_is_gone() {
    let check = |address: SocketAddr| {
        let mut command = binary();
        command.arg("healthcheck").env("LISTEN_ADDR", address.to_string());
        exit(command)
    };
    let server = Running::start(&[("REDIS_PORT", "1")]).await;
    let address = server.address;
    assert_eq!(check(address).await, (Some(0), String::new()));
    server.signal("-TERM");
    server.end().await;
    let (code, text) = check(address).await;
    assert_eq!(code, Some(1));
    assert!(text.starts_with("wharf-web: not healthy: "), "{text}");
}
