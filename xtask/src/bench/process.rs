//! CPU time and memory of measured processes, from `/proc`.

use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// Ticks per second in `/proc/<pid>/stat` (`USER_HZ`), the same on every Linux that we know.
const TICKS: f64 = 100.0;

/// A server. Dropping it stops it.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts the server on a free loopback port, which it gets in an environment variable, and waits until it accepts
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

    /// Resident memory now, in MiB.
    pub(crate) fn resident_memory(&self) -> Result<f64> {
        Process(self.child.id()).memory("VmRSS:")
    }
}

/// A process by its id. A process that has ended exists until it is waited for.
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

/// The sum of two consecutive tick counts in a `stat` file, in seconds. Fields are numbered from 1, as in proc(5).
fn ticks(file: &str, first: usize) -> Result<f64> {
    let stat = fs::read_to_string(file).with_context(|| format!("cannot read {file}"))?;
    // The second field, the name in parentheses, may contain blanks.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    let two: Vec<f64> = fields.skip(first - 3).take(2).filter_map(|field| field.parse().ok()).collect();
    match two[..] {
        [user, system] => Ok((user + system) / TICKS),
        _ => bail!("{file} has another form"),
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
