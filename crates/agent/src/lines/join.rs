//! Lines out of pieces: the engine cuts a line at 16 KiB, and gives all its pieces one time.

use super::Stream;

/// A line, or a piece of one, as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The bytes, without the line break.
    pub text: &'a [u8],
    /// Whether the line ends here.
    pub ended: bool,
    /// Where it was written.
    pub stream: Stream,
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// Where it starts in the source, as a number that grows.
    pub first: u64,
    /// Where it ends.
    pub last: u64,
}

/// A whole line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes without the line break. One that was cut says so at its end.
    pub text: &'a [u8],
    /// Where it was written.
    pub stream: Stream,
    /// When, in nanoseconds since 1970.
    pub time: i64,
    /// Where its first piece starts in the source.
    pub first: u64,
    /// Where its last piece ends.
    pub last: u64,
    /// Bytes that were cut off.
    pub cut: u64,
}

/// Joins the pieces of both streams of one container, each by itself.
#[derive(Debug)]
pub struct Joiner {
    limit: usize,
    open: [Option<Open>; 2],
    /// The buffer of a line that was returned before, for reuse.
    spare: Vec<u8>,
}

#[derive(Debug)]
struct Open {
    text: Vec<u8>,
    length: u64,
    time: i64,
    first: u64,
    last: u64,
}

/// Room for what marks a cut line.
const MARK: usize = 40;

impl Joiner {
    /// Lines longer than `limit` bytes are cut to that.
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.max(2 * MARK), open: [None, None], spare: Vec::new() }
    }

    /// Where the first line that is not whole yet starts.
    pub fn pending(&self) -> Option<u64> {
        self.open.iter().flatten().map(|open| open.first).min()
    }

    /// The time of the line of a stream that is not whole yet.
    pub fn open_time(&self, stream: Stream) -> Option<i64> {
        self.open[stream as usize].as_ref().map(|open| open.time)
    }

    /// Forgets what is not whole: it will be read again.
    pub fn clear(&mut self) {
        self.open = [None, None];
    }

    /// Takes a piece; gives out the line that it ends, and before that one that was left without an end.
    pub fn push(&mut self, piece: Piece<'_>, mut out: impl FnMut(Line<'_>)) {
        let slot = piece.stream as usize;
        if self.open[slot].is_none() && piece.ended && piece.text.len() <= self.limit {
            let Piece { text, stream, time, first, last, .. } = piece;
            return out(Line { text: without_return(text), stream, time, first, last, cut: 0 });
        }
        if self.open[slot].as_ref().is_some_and(|open| open.time != piece.time) {
            self.give_out(piece.stream, &mut out);
        }
        let spare = &mut self.spare;
        let open = self.open[slot].get_or_insert_with(|| {
            let mut text = std::mem::take(spare);
            text.clear();
            Open { text, length: 0, time: piece.time, first: piece.first, last: piece.last }
        });
        let room = (self.limit + 1).saturating_sub(open.text.len());
        open.text.extend_from_slice(&piece.text[..room.min(piece.text.len())]);
        open.length += piece.text.len() as u64;
        open.last = piece.last;
        if piece.ended {
            self.give_out(piece.stream, &mut out);
        }
    }

    /// Gives out what has no end: the log has ended.
    pub fn finish(&mut self, mut out: impl FnMut(Line<'_>)) {
        for stream in [Stream::Stdout, Stream::Stderr] {
            self.give_out(stream, &mut out);
        }
    }

    fn give_out(&mut self, stream: Stream, out: &mut impl FnMut(Line<'_>)) {
        let Some(Open { mut text, length, time, first, last }) = self.open[stream as usize].take() else { return };
        let mut cut = 0;
        if length > self.limit as u64 {
            text.truncate(self.limit - MARK);
            let inside = text.iter().rev().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
            let starts = text.len().checked_sub(inside + 1).filter(|at| text[*at] >= 0xc0);
            text.truncate(starts.unwrap_or(text.len()));
            cut = length - text.len() as u64;
            text.extend_from_slice(format!(" [cut: {cut} bytes more]").as_bytes());
        }
        out(Line { text: without_return(&text), stream, time, first, last, cut });
        self.spare = text;
        self.spare.shrink_to(64 * 1024);
    }
}

fn without_return(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\r").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(text: &str, ended: bool, stream: Stream, time: i64, first: u64) -> Piece<'_> {
        Piece { text: text.as_bytes(), ended, stream, time, first, last: first + 10 }
    }

    fn joined(joiner: &mut Joiner, pieces: &[Piece<'_>]) -> Vec<(String, Stream, u64, u64)> {
        let mut lines = Vec::new();
        for piece in pieces {
            joiner.push(*piece, |line| {
                lines.push((String::from_utf8_lossy(line.text).into_owned(), line.stream, line.first, line.last));
            });
        }
        lines
    }

    #[test]
    fn streams_are_joined_apart_and_the_oldest_open_line_holds_the_position() {
        let mut joiner = Joiner::new(1000);
        let (out, err) = (Stream::Stdout, Stream::Stderr);
        let lines = joined(&mut joiner, &[piece("a", false, out, 1, 0), piece("oops\r", true, err, 2, 10)]);
        assert_eq!(lines, [("oops".to_owned(), err, 10, 20)]);
        assert_eq!(joiner.pending(), Some(0));
        let lines = joined(&mut joiner, &[piece("b", false, out, 1, 20), piece("c\r", true, out, 1, 30)]);
        assert_eq!(lines, [("abc".to_owned(), out, 0, 40)]);
        assert_eq!(joiner.pending(), None);
    }

    #[test]
    fn a_piece_of_another_time_starts_a_line_of_its_own() {
        let mut joiner = Joiner::new(1000);
        let out = Stream::Stdout;
        let lines = joined(&mut joiner, &[piece("cut off", false, out, 1, 0), piece("next", true, out, 2, 10)]);
        assert_eq!(lines, [("cut off".to_owned(), out, 0, 10), ("next".to_owned(), out, 10, 20)]);
    }

    #[test]
    fn a_line_over_the_limit_is_cut_between_characters_and_says_so() {
        for lead in ["", "x", "xx"] {
            let mut joiner = Joiner::new(100);
            let text = format!("{lead}{}", "é".repeat(200));
            let mut seen = None;
            joiner.push(piece(&text, true, Stream::Stdout, 1, 0), |line| {
                seen = Some((String::from_utf8(line.text.to_vec()).unwrap(), line.cut));
            });
            let (line, cut) = seen.unwrap();
            assert!(line.len() <= 100 && line.ends_with(&format!("é [cut: {cut} bytes more]")), "{line}");
            assert_eq!(line.split(" [").next().unwrap().len() as u64 + cut, text.len() as u64);
        }
    }

    proptest::proptest! {
        #[test]
        fn however_a_line_is_cut_it_comes_out_whole(text in "[a-zé]{0,300}", cuts: Vec<proptest::sample::Index>) {
            let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            at.sort_unstable();
            let mut joiner = Joiner::new(10_000);
            let (mut start, mut line) = (0, None);
            for end in at {
                let piece = Piece { text: &text.as_bytes()[start..end], ended: false, stream: Stream::Stdout, time: 1, first: 0, last: 0 };
                joiner.push(piece, |_| panic!("not ended"));
                start = end;
            }
            let last = Piece { text: &text.as_bytes()[start..], ended: true, stream: Stream::Stdout, time: 1, first: 0, last: 0 };
            joiner.push(last, |whole| line = Some(whole.text.to_vec()));
            proptest::prop_assert_eq!(line, Some(text.into_bytes()));
        }
    }
}
