//! Splits the output of a program into lines. The last ones explain a failure.

use std::collections::VecDeque;

use wharf_plan::Detail;

/// Lines that explain a failure.
const LAST_LINES: usize = 20;
/// The longest line that is passed on, in bytes. The rest of a longer one is left out.
const LONGEST_LINE: usize = 16 * 1024;

/// The last lines of an output.
#[derive(Debug, Default)]
pub(crate) struct LastLines(VecDeque<String>);

impl LastLines {
    pub(crate) fn push(&mut self, line: impl Into<String>) {
        if self.0.len() == LAST_LINES {
            self.0.pop_front();
        }
        self.0.push_back(line.into());
    }

    /// The lines as a detail of a failure, if there are any.
    pub(crate) fn details(self, title: &str) -> Vec<Detail> {
        match self.0.is_empty() {
            true => Vec::new(),
            false => vec![Detail { title: title.to_owned(), text: Vec::from(self.0).join("\n") }],
        }
    }
}

/// Splits an output into lines and keeps the last ones. Blank lines are left out.
#[derive(Debug, Default)]
pub(crate) struct LineCutter {
    partial: Vec<u8>,
    last: LastLines,
}

impl LineCutter {
    /// Takes a piece of the output, and calls `give` with each line that ends in it.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut give: impl FnMut(&str)) {
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.append(&bytes[..end]);
            self.end_line(&mut give);
            bytes = &bytes[end + 1..];
        }
        self.append(bytes);
    }

    /// Ends the output, and with it an unterminated last line.
    pub(crate) fn finish(mut self, mut give: impl FnMut(&str)) -> LastLines {
        self.end_line(&mut give);
        self.last
    }

    fn append(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.partial.len());
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn end_line(&mut self, give: &mut impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.partial).trim_end_matches('\r').to_owned();
        self.partial.clear();
        if line.trim().is_empty() {
            return;
        }
        give(&line);
        self.last.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_is_cut_into_lines_and_only_the_last_are_kept() {
        let mut lines = LineCutter::default();
        let mut given = Vec::new();
        lines.take(b"one\r\ntw", |line| given.push(line.to_owned()));
        lines.take(b"o\n\n", |line| given.push(line.to_owned()));
        lines.take(&vec![b'x'; 3 * LONGEST_LINE], |line| given.push(line.to_owned()));
        lines.take(b"\n", |line| given.push(line.to_owned()));
        assert_eq!(given[..2], ["one", "two"]);
        assert_eq!(given[2].len(), LONGEST_LINE);
        for number in 0..100 {
            lines.take(format!("{number}\n").as_bytes(), |_| {});
        }
        lines.take(b"end", |_| {});
        let details = lines.finish(|line| given.push(line.to_owned())).details("last lines");
        assert_eq!(given.last().map(String::as_str), Some("end"));
        let text: Vec<&str> = details[0].text.lines().collect();
        assert_eq!((text.len(), text[0], text[LAST_LINES - 1]), (LAST_LINES, "81", "end"));
    }
}
