//! Decodes a push request, for programs that store it. Everything borrows from the request.

/// A push request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Decoded<'a> {
    /// In the order they came.
    pub streams: Vec<DecodedStream<'a>>,
}

/// A stream in a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecodedStream<'a> {
    /// The stream's labels, as `{a="b"}`; not checked.
    pub labels: &'a str,
    /// In the order they came.
    pub entries: Vec<DecodedEntry<'a>>,
}

/// An entry in a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DecodedEntry<'a> {
    /// Nanoseconds since 1970.
    pub timestamp: i64,
    /// The line.
    pub line: &'a str,
    /// Structured metadata.
    pub metadata: Vec<(&'a str, &'a str)>,
}

/// The bytes are not a push request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not a push request: {0}")]
pub struct Malformed(&'static str);

/// Reads an uncompressed request. Fields that are not known are passed over.
///
/// # Errors
///
/// The bytes are not such a message, or a text is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<Decoded<'_>, Malformed> {
    let mut streams = Vec::new();
    for field in fields(bytes) {
        if let (1, Field::Bytes(bytes)) = field? {
            streams.push(stream(bytes)?);
        }
    }
    Ok(Decoded { streams })
}

fn stream(bytes: &[u8]) -> Result<DecodedStream<'_>, Malformed> {
    let mut stream = DecodedStream::default();
    for field in fields(bytes) {
        match field? {
            (1, Field::Bytes(bytes)) => stream.labels = text(bytes)?,
            (2, Field::Bytes(bytes)) => stream.entries.push(entry(bytes)?),
            _ => {}
        }
    }
    Ok(stream)
}

fn entry(bytes: &[u8]) -> Result<DecodedEntry<'_>, Malformed> {
    let mut entry = DecodedEntry::default();
    for field in fields(bytes) {
        match field? {
            (1, Field::Bytes(bytes)) => entry.timestamp = timestamp(bytes)?,
            (2, Field::Bytes(bytes)) => entry.line = text(bytes)?,
            (3, Field::Bytes(bytes)) => entry.metadata.push(pair(bytes)?),
            _ => {}
        }
    }
    Ok(entry)
}

fn timestamp(bytes: &[u8]) -> Result<i64, Malformed> {
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    for field in fields(bytes) {
        match field? {
            (1, Field::Number(number)) => seconds = number.cast_signed(),
            (2, Field::Number(number)) => nanos = number.cast_signed(),
            _ => {}
        }
    }
    let time = seconds.checked_mul(1_000_000_000).and_then(|time| time.checked_add(nanos));
    time.ok_or(Malformed("a time is beyond 64 bits of nanoseconds"))
}

fn pair(bytes: &[u8]) -> Result<(&str, &str), Malformed> {
    let mut pair = ("", "");
    for field in fields(bytes) {
        match field? {
            (1, Field::Bytes(bytes)) => pair.0 = text(bytes)?,
            (2, Field::Bytes(bytes)) => pair.1 = text(bytes)?,
            _ => {}
        }
    }
    Ok(pair)
}

fn text(bytes: &[u8]) -> Result<&str, Malformed> {
    str::from_utf8(bytes).map_err(|_| Malformed("a text is not UTF-8"))
}

enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of a fixed size, which no field here has.
    Other,
}

/// The fields of a message, each with its number.
fn fields(mut bytes: &[u8]) -> impl Iterator<Item = Result<(u64, Field<'_>), Malformed>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let field = field(&mut bytes);
        if field.is_err() {
            bytes = &[];
        }
        Some(field)
    })
}

fn field<'a>(bytes: &mut &'a [u8]) -> Result<(u64, Field<'a>), Malformed> {
    let key = varint(bytes)?;
    let field = match key & 7 {
        0 => Field::Number(varint(bytes)?),
        1 => take(bytes, 8).map(|_| Field::Other)?,
        2 => {
            let size = usize::try_from(varint(bytes)?).map_err(|_| CUT_OFF)?;
            Field::Bytes(take(bytes, size)?)
        }
        5 => take(bytes, 4).map(|_| Field::Other)?,
        _ => return Err(Malformed("a field is of an unknown type")),
    };
    Ok((key >> 3, field))
}

const CUT_OFF: Malformed = Malformed("it is cut off");

fn take<'a>(bytes: &mut &'a [u8], size: usize) -> Result<&'a [u8], Malformed> {
    let (taken, rest) = bytes.split_at_checked(size).ok_or(CUT_OFF)?;
    *bytes = rest;
    Ok(taken)
}

fn varint(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(CUT_OFF)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if *byte < 0x80 {
            return Ok(value);
        }
    }
    Err(Malformed("a number is longer than 64 bits"))
}
