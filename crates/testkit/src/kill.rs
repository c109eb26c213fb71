//! Kills processes of the host.

use std::process::Stdio;

use tokio::process::Command;

use crate::error::Error;

/// Sends SIGKILL to a process of the host, as the kernel's OOM killer would.
///
/// For a container's main process this differs from `docker kill`, which the engine takes for a manual stop: it leaves
/// the container down, whatever its restart policy. A test that is not root uses `sudo -n`.
///
/// # Errors
///
/// [`Error::Kill`] with the message of `kill`: no such process, or no permission.
pub async fn kill_process(pid: i64) -> Result<(), Error> {
    let mut reason = String::new();
    for program in [&["kill"][..], &["sudo", "-n", "kill"]] {
        let output = Command::new(program[0])
            .args(&program[1..])
            .args(["-KILL", &pid.to_string()])
            .stdin(Stdio::null())
            .output()
            .await;
        match output {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) if reason.is_empty() => {
                reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            }
            Err(error) if reason.is_empty() => reason = error.to_string(),
            Ok(_) | Err(_) => {}
        }
    }
    Err(Error::Kill { pid, reason })
}
