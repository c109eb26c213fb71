//! Whether a process in a container gets a terminal.

use std::io::IsTerminal;

use crate::screen::terminal::is_interactive;

/// Whether a process in a container gets a terminal, as `docker compose` is asked for it: `-it`, `-T`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TtyChoice {
    /// Without a terminal (it has one when standard input and output are terminals)
    #[arg(short = 'T', long, visible_alias = "no-TTY", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_name = "BOOL")]
    no_tty: Option<bool>,
    /// With a terminal
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    #[arg(conflicts_with = "no_tty")]
    tty: Option<bool>,
}

impl TtyChoice {
    /// Decides, and refuses a terminal without a keyboard.
    pub(crate) fn wants_terminal(&self, detached: bool, input: bool) -> anyhow::Result<bool> {
        let asked = self.tty.or(self.no_tty.map(|no| !no));
        if asked == Some(true) && input && !detached && !std::io::stdin().is_terminal() {
            anyhow::bail!(
                "cannot attach stdin to a TTY-enabled container because stdin is not a terminal; -T goes without"
            );
        }
        Ok(asked.unwrap_or_else(|| !detached && is_interactive()))
    }
}
