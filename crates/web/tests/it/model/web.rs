//! The server as a process of its own, which can be killed, with a clock that the test sets: this program, started again, runs the one
//! test below and nothing else.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use clap::Parser;
use jiff::Timestamp;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use wharf_serve::Interrupts;
use wharf_web::clock::Clock;
use wharf_web::server::Server;
use wharf_web::settings::{Cli, Settings};

/// Names the file that has the time.
const CLOCK: &str = "WHARF_TEST_CLOCK";

/// What the process says before its address.
const LISTENING: &str = "listening on ";

/// A clock in a file. Its time stands still until it is set.
pub(crate) struct ClockFile(PathBuf);

impl ClockFile {
    pub(crate) fn new(folder: &Path, second: i64) -> Self {
        let clock = Self(folder.join("clock"));
        clock.set(second);
        clock
    }

    pub(crate) fn set(&self, second: i64) {
        let next = self.0.with_extension("next");
        std::fs::write(&next, second.to_string()).unwrap();
        std::fs::rename(next, &self.0).unwrap();
    }
}

fn clock(path: PathBuf) -> Clock {
    Arc::new(move || {
        let second = std::fs::read_to_string(&path).unwrap().parse().unwrap();
        Timestamp::from_second(second).unwrap()
    })
}

/// A process that serves.
pub(crate) struct Web {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Web {
    pub(crate) async fn start(clock: &ClockFile, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "--nocapture", concat!(module_path!(), "::serve").split_once("::").unwrap().1]);
        command.env_clear().env(CLOCK, &clock.0).env("LISTEN_ADDR", "127.0.0.1:0").envs(settings.iter().copied());
        command.kill_on_drop(true).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let address = loop {
            let line = lines.next_line().await.unwrap().expect("the process says where it listens");
            if let Some((_, address)) = line.split_once(LISTENING) {
                break address.parse().unwrap();
            }
        };
        // What the test's frame says later is for nobody.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self { child, address }
    }

    /// Ends it as a power cut would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn stop(mut self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        assert!(self.child.wait().await.unwrap().success());
    }
}

/// Not a test: the process that the others start.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn serve() {
    let Some(path) = std::env::var_os(CLOCK) else { return };
    let interrupts = Interrupts::take().unwrap();
    let settings = Settings::new(Cli::parse_from(["wharf-web"]).options, |name| std::env::var(name)).unwrap();
    let server = Server::bind(settings, clock(path.into())).await.unwrap();
    println!("{LISTENING}{}", server.address());
    server.run(interrupts.first).await.unwrap();
}
