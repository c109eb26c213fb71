//! A line that stays at the bottom of the terminal while others are printed above it.

use std::io::Write;
use std::sync::{Mutex, PoisonError};

use crate::screen::width::fitted;

/// The line, on standard error, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Footer(Mutex<Option<String>>);

impl Footer {
    /// Changes it. Whoever prints next shows it.
    pub(crate) fn set(&self, text: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Wipes it out, and all below the cursor.
    pub(crate) fn erase(&self) {
        if self.text().is_some() {
            write("\r\x1b[J");
        }
    }

    /// Draws it below the line of the cursor, which stays: what somebody else prints does not end up in it.
    pub(crate) fn draw(&self, columns: u16) {
        if let Some(text) = self.text() {
            write(&drawn(&text, columns.into()));
        }
    }

    fn text(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Faint, and never wider than the terminal: a second line would not be erased as a whole.
fn drawn(text: &str, columns: usize) -> String {
    format!("\n\x1b[2m{}\x1b[0m\x1b[K\r\x1b[A", fitted(text, columns))
}

fn write(text: &str) {
    // Nowhere is left to report that.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_below_the_cursor_and_as_wide_as_the_terminal_at_most() {
        assert_eq!(drawn("w watch", 80), "\n\x1b[2mw watch\x1b[0m\x1b[K\r\x1b[A");
        assert_eq!(drawn("w watch", 4), "\n\x1b[2mw w…\x1b[0m\x1b[K\r\x1b[A");
    }
}
