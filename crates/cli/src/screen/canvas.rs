//! The lines at the end of a terminal that are drawn again and again, and what keeps them whole: keys that are pressed
//! meanwhile are not shown, and lines that a narrower terminal has broken are found again.

use std::io::{IsTerminal, Write};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::screen::terminal::is_foreground;
use crate::screen::width::width;

/// Lines on standard error. Keys are shown again when this is dropped.
pub(crate) struct Canvas {
    /// The widths of the lines that are drawn now.
    drawn: Vec<usize>,
    _keys: Option<HiddenKeys>,
}

impl Canvas {
    /// `None`: standard error is not a terminal.
    pub(crate) fn open() -> Option<Self> {
        std::io::stderr().is_terminal().then(|| Canvas { drawn: Vec::new(), _keys: HiddenKeys::hide() })
    }

    /// Puts lines in the place of those that are there. None of them is wider than `columns`.
    pub(crate) fn draw(&mut self, lines: &[String], columns: usize) {
        let _ = std::io::stderr().write_all(self.frame(lines, columns).as_bytes());
    }

    /// Wipes the lines out.
    pub(crate) fn clear(&mut self, columns: usize) {
        if !self.drawn.is_empty() {
            self.draw(&[], columns);
        }
    }

    /// What is written for the next picture. Each line replaces what was there, so that nothing flickers.
    fn frame(&mut self, lines: &[String], columns: usize) -> String {
        let up: usize = self.drawn.iter().map(|width| width.div_ceil(columns.max(1)).max(1)).sum();
        let mut frame = String::from("\r");
        if up > 0 {
            frame.push_str(&format!("\x1b[{up}A"));
        }
        for line in lines {
            frame.push_str(line);
            // The rest of the line is cleared.
            frame.push_str("\x1b[K\n");
        }
        // Everything below is cleared.
        frame.push_str("\x1b[J");
        self.drawn = lines.iter().map(|line| width(line)).collect();
        frame
    }
}

/// The terminal without an echo of the keys that are pressed. Dropping it puts the terminal back as it was.
struct HiddenKeys {
    before: Termios,
}

impl HiddenKeys {
    fn hide() -> Option<Self> {
        let terminal = std::io::stderr();
        let before = tcgetattr(&terminal).ok().filter(|_| is_foreground(&terminal))?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&terminal, OptionalActions::Now, &hidden).ok()?;
        Some(HiddenKeys { before })
    }
}

impl Drop for HiddenKeys {
    fn drop(&mut self) {
        // Nothing better can be done for a terminal that is gone.
        let _ = tcsetattr(std::io::stderr(), OptionalActions::Now, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(canvas: &mut Canvas, lines: &[&str], columns: usize) -> String {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        canvas.frame(&lines, columns)
    }

    #[test]
    fn a_picture_begins_where_the_last_one_began() {
        let mut canvas = Canvas { drawn: Vec::new(), _keys: None };
        assert_eq!(frame(&mut canvas, &["one", "two"], 10), "\rone\x1b[K\ntwo\x1b[K\n\x1b[J");
        assert_eq!(frame(&mut canvas, &["\x1b[32mone\x1b[0m"], 10), "\r\x1b[2A\x1b[32mone\x1b[0m\x1b[K\n\x1b[J");
        assert_eq!(frame(&mut canvas, &[], 10), "\r\x1b[1A\x1b[J");
    }

    #[test]
    fn lines_that_a_narrower_terminal_broke_are_counted_as_it_shows_them() {
        let mut canvas = Canvas { drawn: Vec::new(), _keys: None };
        frame(&mut canvas, &["0123456789", "", "0123"], 10);
        assert_eq!(frame(&mut canvas, &["x"], 4), "\r\x1b[5Ax\x1b[K\n\x1b[J");
    }
}
