//! Death without a last word.

use std::process::Stdio;

use tokio::process::Command;

use crate::error::Error;

/// Sends SIGKILL to a process of the host, as the kernel's OOM killer would.
///
/// For a container's main process this is not what `docker kill` does: the engine takes that for a stop by hand
/// and leaves the container down, whatever its restart policy. A test that is not root goes through `sudo -n`.
///
/// # Errors
///
/// [`Error::Kill`] with what `kill` said: no such process, or no right to do it.
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
