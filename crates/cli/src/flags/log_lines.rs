//! How lines of logs are printed.

use crate::screen::log_lines::LinePrinter;

/// The flags of `logs`, and of what reads like it.
#[derive(Debug, clap::Args)]
pub(crate) struct LogLines {
    /// Show timestamps
    #[arg(short, long)]
    timestamps: bool,
    /// Print without colours
    #[arg(long)]
    no_color: bool,
    /// Print without the container's name before each line
    #[arg(long)]
    no_log_prefix: bool,
}

impl LogLines {
    /// A printer of such lines; `colours` says whether standard output takes them.
    pub(crate) fn printer(&self, colours: bool) -> LinePrinter {
        LinePrinter::new(colours && !self.no_color, !self.no_log_prefix, self.timestamps)
    }
}
