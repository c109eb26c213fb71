//! Whether a process in a container gets a terminal.

use std::io::IsTerminal;

use crate::screen::terminal::is_interactive;

/// Whether a process in a container gets a terminal, with docker compose's flags: `-it`, `-T`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct TtyChoice {
    /// Do not allocate a terminal (default: allocate one if standard input and output are terminals)
    #[arg(short = 'T', long, visible_alias = "no-TTY", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", value_name = "BOOL")]
    no_tty: Option<bool>,
    /// Allocate a terminal
    #[arg(short, long, num_args = 0..=1, require_equals = true, default_missing_value = "true", hide = true)]
    #[arg(conflicts_with = "no_tty")]
    tty: Option<bool>,
}

impl TtyChoice {
    /// Decides; refuses a terminal if standard input is not one.
    pub(crate) fn wants_terminal(&self, detached: bool, input: bool) -> anyhow::Result<bool> {
        let asked = self.tty.or(self.no_tty.map(|no| !no));
        if asked == Some(true) && input && !detached && !std::io::stdin().is_terminal() {
            anyhow::bail!(
                "cannot attach stdin to a TTY-enabled container because stdin is not a terminal; use -T to go without one"
            );
        }
        Ok(asked.unwrap_or_else(|| !detached && is_interactive()))
    }
}
