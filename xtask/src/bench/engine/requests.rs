//! Finds the requests in what a client sends on one connection: bytes in, requests out.

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// What has come and was not read yet.
    rest: Vec<u8>,
    place: Place,
}

/// What the next bytes are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Head,
    /// So many bytes of a body.
    Body(usize),
    /// The size of a chunk.
    Chunk,
    /// A connection that was upgraded.
    Raw,
}

impl Requests {
    /// The kinds of the requests whose heads are complete now, such as `POST /containers/*/start`.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Vec<String> {
        self.rest.extend_from_slice(bytes);
        let mut found = Vec::new();
        loop {
            match self.place {
                Place::Raw => self.rest.clear(),
                Place::Body(left) if self.rest.len() < left => {
                    self.place = Place::Body(left - self.rest.len());
                    self.rest.clear();
                }
                Place::Body(left) => {
                    self.rest.drain(..left);
                    self.place = Place::Head;
                    continue;
                }
                Place::Chunk => {
                    if self.chunk() {
                        continue;
                    }
                }
                Place::Head => {
                    if let Some(head) = self.until(b"\r\n\r\n") {
                        let head = String::from_utf8_lossy(&head).into_owned();
                        self.place = body_of(&head);
                        found.push(kind(&head));
                        continue;
                    }
                }
            }
            return found;
        }
    }

    /// Reads a whole chunk. Whether there was one.
    fn chunk(&mut self) -> bool {
        let Some(line) = self.rest.windows(2).position(|two| two == b"\r\n") else { return false };
        let text = String::from_utf8_lossy(&self.rest[..line]).into_owned();
        let size = usize::from_str_radix(text.split(';').next().unwrap_or_default().trim(), 16).unwrap_or(0);
        let end = line + 2 + size + 2;
        if self.rest.len() < end {
            return false;
        }
        self.rest.drain(..end);
        if size == 0 {
            self.place = Place::Head;
        }
        true
    }

    fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        let at = self.rest.windows(end.len()).position(|part| part == end)?;
        Some(self.rest.drain(..at + end.len()).collect())
    }
}

fn body_of(head: &str) -> Place {
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    if header("upgrade").is_some() {
        return Place::Raw;
    }
    if header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
        return Place::Chunk;
    }
    Place::Body(header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0))
}

/// The method and the path, without the API's version, the query, names and identifiers.
fn kind(head: &str) -> String {
    let mut words = head.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let path = target.split('?').next().unwrap_or_default();
    let mut parts: Vec<&str> = path.split('/').skip(1).filter(|part| !part.is_empty()).collect();
    if parts.first().is_some_and(|part| part.starts_with("v1.")) {
        parts.remove(0);
    }
    match parts.as_slice() {
        [noun, word @ ("json" | "create" | "prune")] => format!("{method} /{noun}/{word}"),
        [noun, _] => format!("{method} /{noun}/*"),
        // The names of images have slashes.
        [noun, .., last] if parts.len() > 2 => format!("{method} /{noun}/*/{last}"),
        _ => format!("{method} /{}", parts.join("/")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_in_any_pieces() {
        let text = "GET /v1.41/containers/json?all=1 HTTP/1.1\r\nHost: a\r\n\r\n\
            POST /v1.41/containers/create?name=a HTTP/1.1\r\ncontent-length: 5\r\n\r\nGET /\
            PUT /containers/4f0c/archive HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nGET\r\n0\r\n\r\n\
            GET /images/wharf-local/debian:bookworm/json HTTP/1.1\r\n\r\n\
            DELETE /networks/n1 HTTP/1.1\r\n\r\n\
            POST /exec/77af/start HTTP/1.1\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}GET / HTTP/1.1\r\n\r\n";
        let expected = [
            "GET /containers/json",
            "POST /containers/create",
            "PUT /containers/*/archive",
            "GET /images/*/json",
            "DELETE /networks/*",
            "POST /exec/*/start",
        ];
        for size in [1, 2, 7, 64, text.len()] {
            let mut requests = Requests::default();
            let found: Vec<String> = text.as_bytes().chunks(size).flat_map(|piece| requests.take(piece)).collect();
            assert_eq!(found, expected, "pieces of {size} bytes");
        }
    }
}
