//! What a test is made of: a Loki, an agent, and containers that write.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use wharf_testkit::{Loki, LokiLine, eventually};

/// It has a shell and perl. `cargo xtask images` makes it.
const IMAGE: &str = "wharf-local/debian:bookworm";
/// By which the containers of a scene are known.
const LABEL: &str = "org.wharf.test.agent";
/// A machine that is busy with other tests is slow.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// How logs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Files,
    Engine,
}

pub(crate) struct Scene {
    pub(crate) loki: Loki,
    pub(crate) directory: tempfile::TempDir,
    name: String,
    mode: Mode,
    host: Option<String>,
}

/// A running agent; it is killed when this is dropped.
pub(crate) struct Agent(Child);

impl Scene {
    pub(crate) async fn new(mode: Mode) -> Self {
        Self::at(mode, std::env::var("WHARF_TEST_DOCKER_HOST").ok()).await
    }

    /// With another engine than the usual one.
    pub(crate) async fn at(mode: Mode, host: Option<String>) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
        let name = format!("wharf-agent-{}-{since}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        Scene { loki: Loki::start().await, directory: tempfile::tempdir().unwrap(), name, mode, host }
    }

    pub(crate) fn docker(&self, args: &[&str]) -> String {
        let mut command = Command::new("docker");
        if let Some(host) = &self.host {
            command.env("DOCKER_HOST", host);
        }
        let output = command.args(args).output().unwrap();
        assert!(output.status.success(), "docker {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// A container's full name.
    pub(crate) fn container(&self, name: &str) -> String {
        format!("{}-{name}", self.name)
    }

    /// Runs a shell script in a container; `options` are those of `docker run`.
    pub(crate) fn run(&self, name: &str, options: &[&str], script: &str) {
        let (name, label) = (self.container(name), format!("{LABEL}={}", self.name));
        let mut args = vec!["run", "--detach", "--name", &name, "--label", &label, "--network", "none"];
        args.extend(options);
        args.extend([IMAGE, "sh", "-c", script]);
        self.docker(&args);
    }

    /// The command of an agent.
    pub(crate) fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wharf"));
        command.env("LOG_FORMAT", "human");
        if let Some(host) = &self.host {
            command.env("DOCKER_HOST", host);
        }
        // Another engine's files may be out of reach.
        let mode = match (self.mode, &self.host) {
            (Mode::Files, None) => "files",
            (Mode::Files, Some(_)) => "auto",
            (Mode::Engine, _) => "engine",
        };
        command
            .args([
                "agent",
                "--filter",
                &format!("label={LABEL}={}", self.name),
                "--listen",
                "127.0.0.1:0",
                "--read",
                mode,
            ])
            .args(["--loki", &self.loki.url(), "--positions"])
            .arg(self.path("positions.json"))
            .args(options);
        command
    }

    pub(crate) fn agent(&self, options: &[&str]) -> Agent {
        self.start(&mut self.command(options))
    }

    /// An agent that may have so many open files.
    pub(crate) fn agent_with_files(&self, most: u32) -> Agent {
        let command = self.command(&[]);
        let mut limited = Command::new("sh");
        limited.args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\"")]);
        limited.arg(command.get_program()).args(command.get_args());
        limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        self.start(&mut limited)
    }

    fn start(&self, command: &mut Command) -> Agent {
        let log = std::fs::File::options().append(true).create(true).open(self.path("agent.log")).unwrap();
        Agent(command.stdout(log.try_clone().unwrap()).stderr(log).stdin(Stdio::null()).spawn().unwrap())
    }

    /// The address of the pages of the agent that was started last.
    pub(crate) fn pages(&self) -> String {
        let log = self.log();
        log.rsplit("address=").next().and_then(|rest| rest.split_whitespace().next()).unwrap_or_default().to_owned()
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    /// What the agent said.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("agent.log")).unwrap_or_default()
    }

    /// Waits until Loki has so many lines, each counted once.
    pub(crate) async fn delivered(&self, lines: usize) {
        let what = format!("{lines} lines are delivered");
        eventually(what, DEADLINE, async || match self.loki.count() {
            // Counting all again and again would keep the machine busy.
            count if count >= lines && self.loki.stored().len() >= lines => Ok(()),
            count => Err(format!("{count} lines; the agent says:\n{}", self.log())),
        })
        .await
        .unwrap();
    }

    /// One of the pages of the agent that was started last.
    pub(crate) async fn page(&self, path: &str) -> String {
        reqwest::get(format!("http://{}{path}", self.pages())).await.unwrap().text().await.unwrap()
    }

    /// Waits until the agent has read so many lines of a container.
    pub(crate) async fn read(&self, name: &str, lines: usize) {
        let line = format!("wharf_agent_read_lines_total{{target=\"{}\"}} {lines}\n", self.container(name));
        eventually("all lines are read", DEADLINE, async || {
            let metrics = self.page("/metrics").await;
            if metrics.contains(&line) { Ok(()) } else { Err(metrics) }
        })
        .await
        .unwrap();
    }

    /// The texts of a container's stream, in the order they came.
    pub(crate) fn texts(&self, lines: &[LokiLine], name: &str, stream: &str) -> Vec<String> {
        let container = self.container(name);
        let wanted = |line: &&LokiLine| line.labels["container"] == container && line.labels["stream"] == stream;
        lines.iter().filter(wanted).map(|line| line.line.clone()).collect()
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let label = format!("label={LABEL}={}", self.name);
        let mut command = Command::new("sh");
        command.args(["-c", "docker ps -aq --filter \"$0\" | xargs -r docker rm -fv", &label]);
        if let Some(host) = &self.host {
            command.env("DOCKER_HOST", host);
        }
        // Another engine may be gone, with all it had.
        let _ = command.output();
    }
}

impl Agent {
    /// SIGKILL.
    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// SIGTERM, and its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
        Command::new("kill").arg(self.0.id().to_string()).status().unwrap();
        self.0.wait().unwrap().code()
    }

    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// The most memory it had, in KiB.
    pub(crate) fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(Path::new("/proc").join(self.0.id().to_string()).join("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // One that has ended is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A script that writes `count` numbered lines, about `rate` a second.
pub(crate) fn numbered(count: usize, rate: usize) -> String {
    let block = (rate / 50).max(1);
    let text = "x".repeat(80);
    format!(
        "exec perl -e 'for ($i = 1; $i <= {count}; $i++) {{ print \"line $i {text}\\n\"; \
         if ($i % {block} == 0) {{ $| = 1; print \"\"; $| = 0; select(undef, undef, undef, 0.02) }} }}'"
    )
}

/// Checks that lines are those of [`numbered`], each once and in order.
pub(crate) fn assert_numbered(texts: &[String], count: usize) {
    let numbers: Vec<usize> = texts.iter().map(|text| text.split(' ').nth(1).unwrap().parse().unwrap()).collect();
    let at = numbers.iter().zip(1..).position(|(number, expected)| *number != expected);
    if let Some(at) = at {
        let around = &numbers[at.saturating_sub(3)..(at + 5).min(numbers.len())];
        panic!("line {} is not where it should be: {around:?}, of {} lines", at + 1, numbers.len());
    }
    assert_eq!(numbers.len(), count);
}
