//! Processes that are measured: their CPU time and their memory, from `/proc`.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// Ticks a second in `/proc/<pid>/stat`: the same on every Linux that we know (`USER_HZ`).
const TICKS: f64 = 100.0;

/// A server that is stopped when it is dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts it on a free port of the loopback interface, told by an environment variable, and waits until it accepts
    /// connections.
    pub(crate) fn start(command: &mut Command, variable: &str) -> Result<Self> {
        let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr())?;
        let child = command.env(variable, address.to_string()).spawn().context("cannot start the server")?;
        let server = Self { child, address };
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(address).is_err() {
            if Instant::now() > deadline {
                bail!("the server does not listen on {address} after ten seconds");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    /// CPU time so far, user and system, in seconds.
    pub(crate) fn cpu_seconds(&self) -> Result<f64> {
        Process(self.child.id()).cpu_seconds()
    }

    /// The most memory it had, in MiB.
    pub(crate) fn peak_memory(&self) -> Result<f64> {
        Process(self.child.id()).peak_memory()
    }

    /// The memory it has now, in MiB.
    pub(crate) fn resident_memory(&self) -> Result<f64> {
        Process(self.child.id()).memory("VmRSS:")
    }
}

/// A process by its id; one that has ended and was not waited for is still there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Whether it has ended.
    pub(crate) fn has_ended(self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        stat.rsplit(')').next().is_none_or(|rest| rest.trim_start().starts_with('Z'))
    }

    /// CPU time so far, user and system, in seconds.
    pub(crate) fn cpu_seconds(self) -> Result<f64> {
        // utime and stime are the 14th and 15th field.
        ticks(&format!("/proc/{}/stat", self.0), 14)
    }

    /// The most memory it had, in MiB.
    pub(crate) fn peak_memory(self) -> Result<f64> {
        self.memory("VmHWM:")
    }

    fn memory(self, name: &'static str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let line = line.with_context(|| format!("no {name} it has ended"))?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kibibytes / 1024.0)
    }
}

/// CPU time of the children of this process that have ended, user and system, in seconds.
pub(crate) fn children_cpu_seconds() -> Result<f64> {
    // cutime and cstime are the 16th and 17th field.
    ticks("/proc/self/stat", 16)
}

/// The sum of two fields of a `stat` file that count ticks, in seconds; `first` is counted from 1, as in proc(5).
fn ticks(file: &str, first: usize) -> Result<f64> {
    let stat = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    // The name in parentheses, the second field, may hold blanks.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let two: Vec<f64> = fields.skip(first - 3).take(2).filter_map(|field| field.parse().ok()).collect();
    match two[..] {
        [user, system] => Ok((user + system) / TICKS),
        _ => bail!("{file} has another form"),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended by itself is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
