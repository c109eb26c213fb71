//! The Engine API's log stream: frames of eight bytes of header and a payload, or bare lines where there is a terminal.
//!
//! Each payload, and each bare line, starts with the engine's time (`timestamps=1`).

use memchr::memchr;

use super::{Stream, time};

/// The engine cuts lines at this many bytes.
const PIECE: usize = 16 * 1024;
/// No payload of an engine is longer: a longer one means that the stream is out of step.
const LONGEST: usize = 1 << 20;

/// A line, or a piece of one, as the engine sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Where it was written.
    pub stream: Stream,
    /// When the engine took it, in nanoseconds since 1970.
    pub time: i64,
    /// The text, without the line break.
    pub text: &'a [u8],
    /// Whether the line ends here.
    pub ended: bool,
}

/// The stream is not one of the engine's log streams, or is out of step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the engine's log stream is out of step")]
pub struct OutOfStep;

/// Reads the frames at the start of `bytes` and gives how many bytes they took; the rest needs more bytes after it.
///
/// # Errors
///
/// [`OutOfStep`]: open the stream again.
pub fn read(bytes: &[u8], mut out: impl FnMut(Frame<'_>)) -> Result<usize, OutOfStep> {
    let mut taken = 0;
    while let Some((header, rest)) = bytes[taken..].split_first_chunk::<8>() {
        let stream = match header {
            [0 | 1, 0, 0, 0, ..] => Stream::Stdout,
            [2, 0, 0, 0, ..] => Stream::Stderr,
            // The engine reports an error in place of lines, and ends the stream.
            _ => return Err(OutOfStep),
        };
        let length = u32::from_be_bytes([header[4], header[5], header[6], header[7]]) as usize;
        if length > LONGEST {
            return Err(OutOfStep);
        }
        let Some(payload) = rest.get(..length) else { break };
        let (time, text) = split_time(payload).ok_or(OutOfStep)?;
        let (text, ended) = without_break(text);
        out(Frame { stream, time, text, ended });
        taken += 8 + length;
    }
    Ok(taken)
}

/// As [`read`], for a container with a terminal: lines without frames.
///
/// # Errors
///
/// [`OutOfStep`]: open the stream again.
pub fn read_terminal(bytes: &[u8], mut out: impl FnMut(Frame<'_>)) -> Result<usize, OutOfStep> {
    let mut taken = 0;
    while let Some(length) = memchr(b'\n', &bytes[taken..]) {
        let line = &bytes[taken..taken + length];
        let (time, mut text) = split_time(line).ok_or(OutOfStep)?;
        let stamp = &line[..line.len() - text.len()];
        // The pieces of a long line follow one another without a break; each repeats the time.
        while let Some(next) = text.get(PIECE..).and_then(|rest| rest.strip_prefix(stamp)) {
            out(Frame { stream: Stream::Stdout, time, text: &text[..PIECE], ended: false });
            text = next;
        }
        out(Frame { stream: Stream::Stdout, time, text, ended: true });
        taken += length + 1;
    }
    if bytes.len() - taken > LONGEST { Err(OutOfStep) } else { Ok(taken) }
}

fn split_time(payload: &[u8]) -> Option<(i64, &[u8])> {
    let space = memchr(b' ', payload.get(..payload.len().min(40))?)?;
    Some((time::parse(&payload[..space])?, &payload[space + 1..]))
}

fn without_break(text: &[u8]) -> (&[u8], bool) {
    text.strip_suffix(b"\n").map_or((text, false), |text| (text, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, text: &str) -> Vec<u8> {
        let payload = format!("2023-11-14T22:13:20.000000042Z {text}");
        let mut bytes = vec![kind, 0, 0, 0];
        bytes.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(payload.as_bytes());
        bytes
    }

    type Seen = Vec<(Stream, i64, String, bool)>;

    fn seen(list: &mut Seen) -> impl FnMut(Frame<'_>) {
        |frame| list.push((frame.stream, frame.time, String::from_utf8(frame.text.to_vec()).unwrap(), frame.ended))
    }

    const TIME: i64 = 1_700_000_000_000_000_042;

    #[test]
    fn frames_are_read_wherever_the_bytes_are_cut() {
        let bytes = [frame(1, "a\n"), frame(2, "b"), frame(1, "\n")].concat();
        for cut in 0..=bytes.len() {
            let mut list = Vec::new();
            let taken = read(&bytes[..cut], seen(&mut list)).unwrap();
            read(&bytes[taken..], seen(&mut list)).unwrap();
            let expected = [
                (Stream::Stdout, TIME, "a".to_owned(), true),
                (Stream::Stderr, TIME, "b".to_owned(), false),
                (Stream::Stdout, TIME, String::new(), true),
            ];
            assert_eq!(list, expected);
        }
    }

    #[test]
    fn a_long_line_of_a_terminal_comes_in_pieces() {
        let text = "x".repeat(PIECE);
        let stamp = "2023-11-14T22:13:20.000000042Z ";
        let bytes = format!("{stamp}{text}{stamp}{text}{stamp}end\r\n{stamp}next\r\n{stamp}half");
        let mut list = Vec::new();
        let taken = read_terminal(bytes.as_bytes(), seen(&mut list)).unwrap();
        assert!(bytes[taken..].ends_with("half"));
        let pieces: Vec<_> = list.iter().map(|(_, _, text, ended)| (text.len(), *ended)).collect();
        assert_eq!(pieces, [(PIECE, false), (PIECE, false), (4, true), (5, true)]);
    }

    #[test]
    fn a_stream_out_of_step_is_noticed() {
        assert_eq!(read(b"HTTP/1.1 500 Internal", |_| ()), Err(OutOfStep));
        assert_eq!(read(&[1, 0, 0, 0, 255, 255, 255, 255], |_| ()), Err(OutOfStep));
    }

    proptest::proptest! {
        #[test]
        fn nothing_upsets_it(bytes: Vec<u8>, kind in 0_u8..3, length in 0_u8..64) {
            let framed = [&[kind, 0, 0, 0, 0, 0, 0, length][..], b"2023-11-14T22:13:20Z ", &bytes].concat();
            for bytes in [&bytes, &framed] {
                if let Ok(taken) = read(bytes, |_| ()) {
                    proptest::prop_assert!(taken <= bytes.len());
                }
                let _ = read_terminal(bytes, |_| ());
            }
        }
    }
}
