//! The part of Redis' wire protocol (version 2) that a scrape needs: commands out, replies in, with limits.
//!
//! <https://redis.io/docs/latest/develop/reference/protocol-spec/>

/// Longest reply that is read, in bytes.
pub(crate) const MAX_REPLY: usize = 8 << 20;
/// Deepest nesting of arrays in a reply.
const MAX_DEPTH: usize = 8;

/// A reply.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// A status or a string. Bytes that are not UTF-8 are replaced.
    Text(String),
    /// An error: its first word is its kind.
    Error(String),
    /// A number.
    Integer(i64),
    /// A null.
    Nil,
    /// An array of replies.
    Array(Vec<Reply>),
}

/// The bytes are not a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not in Redis' protocol")]
pub struct NotRedis;

/// A command as an array of bulk strings.
pub(crate) fn command(into: &mut Vec<u8>, words: &[&str]) {
    into.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        into.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
}

/// The reply at the start of `bytes` and its length, or `None` if it is incomplete.
///
/// # Errors
///
/// [`NotRedis`], also for a reply that is too long or too deep.
pub fn parse_reply(bytes: &[u8]) -> Result<Option<(Reply, usize)>, NotRedis> {
    let mut cursor = Cursor { bytes, at: 0 };
    let reply = cursor.reply(0)?;
    Ok(reply.map(|reply| (reply, cursor.at)))
}

struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn reply(&mut self, depth: usize) -> Result<Option<Reply>, NotRedis> {
        let Some(line) = self.line()? else { return Ok(None) };
        let (kind, rest) = line.split_first().ok_or(NotRedis)?;
        match kind {
            b'+' => Ok(Some(Reply::Text(text(rest)))),
            b'-' => Ok(Some(Reply::Error(text(rest)))),
            b':' => Ok(Some(Reply::Integer(integer(rest)?))),
            b'$' => self.bulk(integer(rest)?),
            b'*' if depth < MAX_DEPTH => self.array(integer(rest)?, depth),
            _ => Err(NotRedis),
        }
    }

    /// Up to the line break, without it.
    fn line(&mut self) -> Result<Option<&'a [u8]>, NotRedis> {
        const LONGEST: usize = 64 << 10;
        let rest = &self.bytes[self.at..];
        match rest.windows(2).take(LONGEST).position(|pair| pair == b"\r\n") {
            Some(end) => {
                self.at += end + 2;
                Ok(Some(&rest[..end]))
            }
            None if rest.len() > LONGEST => Err(NotRedis),
            None => Ok(None),
        }
    }

    fn bulk(&mut self, length: i64) -> Result<Option<Reply>, NotRedis> {
        let Some(length) = size(length)? else { return Ok(Some(Reply::Nil)) };
        let Some(bytes) = self.bytes[self.at..].get(..length + 2) else { return Ok(None) };
        let Some(bytes) = bytes.strip_suffix(b"\r\n") else { return Err(NotRedis) };
        self.at += length + 2;
        Ok(Some(Reply::Text(text(bytes))))
    }

    fn array(&mut self, length: i64, depth: usize) -> Result<Option<Reply>, NotRedis> {
        let Some(length) = size(length)? else { return Ok(Some(Reply::Nil)) };
        // No memory is reserved for a length that a stranger claims.
        let mut items = Vec::new();
        for _ in 0..length {
            let Some(item) = self.reply(depth + 1)? else { return Ok(None) };
            items.push(item);
        }
        Ok(Some(Reply::Array(items)))
    }
}

/// `None` for -1, which means null.
fn size(length: i64) -> Result<Option<usize>, NotRedis> {
    match usize::try_from(length) {
        Ok(length) if length <= MAX_REPLY => Ok(Some(length)),
        Err(_) if length == -1 => Ok(None),
        _ => Err(NotRedis),
    }
}

fn integer(bytes: &[u8]) -> Result<i64, NotRedis> {
    std::str::from_utf8(bytes).ok().and_then(|digits| digits.parse().ok()).ok_or(NotRedis)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_reply_is_taken_when_it_is_whole() {
        let bytes = b"*4\r\n$2\r\nab\r\n:-7\r\n$-1\r\n*1\r\n-ERR no\r\n+OK\r\n";
        let (reply, length) = parse_reply(bytes).unwrap().unwrap();
        assert_eq!(
            reply,
            Reply::Array(vec![
                Reply::Text("ab".to_owned()),
                Reply::Integer(-7),
                Reply::Nil,
                Reply::Array(vec![Reply::Error("ERR no".to_owned())]),
            ])
        );
        assert_eq!(&bytes[length..], b"+OK\r\n");
        for cut in 0..length {
            assert_eq!(parse_reply(&bytes[..cut]), Ok(None), "{cut}");
        }
    }

    #[test]
    fn a_command_is_an_array_of_bulk_strings() {
        let mut bytes = Vec::new();
        command(&mut bytes, &["AUTH", "pässword"]);
        assert_eq!(bytes, "*2\r\n$4\r\nAUTH\r\n$9\r\npässword\r\n".as_bytes());
    }

    #[test]
    fn what_is_not_redis_is_refused_at_once() {
        for bytes in [
            &b"HTTP/1.1 400 Bad Request\r\n"[..],
            b"\r\n",
            b"$99999999999\r\n",
            b"$-2\r\n",
            b"$2\r\nabcd\r\n",
            b":x\r\n",
            b"*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n",
            &[b'x'; 70_000],
        ] {
            assert_eq!(parse_reply(bytes), Err(NotRedis));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_reply(&bytes);
        }

        #[test]
        fn no_broken_reply_makes_it_panic(text in "([*$:+-][-0-9]{1,5}\r\n|[a-z]{0,4}\r\n){0,20}") {
            let _ = parse_reply(text.as_bytes());
        }
    }
}
