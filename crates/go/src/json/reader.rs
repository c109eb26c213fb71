//! The parser: `skip` checks a value, `value` builds it.

use std::borrow::Cow;

use super::text;
use super::value::JsonValue;

const MAX_DEPTH: usize = 1000;

/// The text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("byte {0}: this is not JSON")]
pub struct Malformed(
    /// Where, in bytes from the start.
    pub usize,
);

pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    fn fail<T>(&self) -> Result<T, Malformed> {
        Err(Malformed(self.at))
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Where the next value begins.
    pub(super) fn start(&mut self) -> usize {
        self.peek();
        self.at
    }

    /// The next byte that is not a blank.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Nothing may follow; a NUL counts as the end.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            None | Some(0) => Ok(()),
            Some(_) => self.fail(),
        }
    }

    /// Reads an object; `field` is called before each value, and has to take it.
    pub(super) fn object(
        &mut self,
        mut field: impl FnMut(&mut Self, Cow<'a, str>) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        if self.take() != Some(b'{') {
            return self.fail();
        }
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = match self.peek() {
                Some(b'"') => self.string()?,
                Some(b'n') => {
                    self.word("null")?;
                    Cow::Borrowed("")
                }
                _ => return self.fail(),
            };
            if self.take() != Some(b':') {
                return self.fail();
            }
            field(self, key)?;
            match self.take() {
                Some(b',') => {}
                Some(b'}') => return Ok(()),
                _ => return self.fail(),
            }
        }
    }

    fn list(&mut self, mut item: impl FnMut(&mut Self) -> Result<(), Malformed>) -> Result<(), Malformed> {
        self.at += 1;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            match self.take() {
                Some(b',') => {}
                Some(b']') => return Ok(()),
                _ => return self.fail(),
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Malformed> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        self.fail()
    }

    /// Checks a value and goes behind it.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'"') => self.skip_string().map(|_| ()),
            Some(b'{') if depth < MAX_DEPTH => self.object(|reader, _| reader.skip(depth + 1)),
            Some(b'[') if depth < MAX_DEPTH => self.list(|reader| reader.skip(depth + 1)),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            Some(b'-' | b'0'..=b'9') => self.number_text().map(|_| ()),
            _ => self.fail(),
        }
    }

    pub(super) fn value(&mut self, depth: usize) -> Result<JsonValue<'a>, Malformed> {
        Ok(match self.peek() {
            Some(b'"') => JsonValue::Text(self.string()?),
            Some(b'{') if depth < MAX_DEPTH => {
                let mut fields: Vec<(Cow<'a, str>, JsonValue<'a>)> = Vec::new();
                self.object(|reader, key| {
                    let value = reader.value(depth + 1)?;
                    match fields.iter_mut().find(|(other, _)| *other == key) {
                        Some((_, slot)) => *slot = value,
                        None => fields.push((key, value)),
                    }
                    Ok(())
                })?;
                JsonValue::Object(fields)
            }
            Some(b'[') if depth < MAX_DEPTH => {
                let mut items = Vec::new();
                self.list(|reader| reader.value(depth + 1).map(|value| items.push(value)))?;
                JsonValue::List(items)
            }
            Some(b't') => self.word("true").map(|()| JsonValue::Bool(true))?,
            Some(b'f') => self.word("false").map(|()| JsonValue::Bool(false))?,
            Some(b'n') => self.word("null").map(|()| JsonValue::Null)?,
            Some(b'-' | b'0'..=b'9') => {
                let (negative, digits) = self.number_text()?;
                let number: f64 = digits.parse().map_err(|_| Malformed(self.at))?;
                JsonValue::Number(if negative { -number } else { number })
            }
            _ => return self.fail(),
        })
    }

    /// A number's sign and its digits: no zero first, digits on both sides of the point.
    fn number_text(&mut self) -> Result<(bool, &'a str), Malformed> {
        let bytes = self.text.as_bytes();
        let negative = bytes[self.at] == b'-';
        let start = self.at + usize::from(negative);
        let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let whole = digits(start);
        let mut end = start + whole;
        let mut is_number = whole == 1 || (whole > 1 && bytes[start] != b'0');
        if bytes.get(end) == Some(&b'.') {
            let fraction = digits(end + 1);
            is_number &= fraction > 0;
            end += 1 + fraction;
        }
        let mut exponent = false;
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let power = digits(end + 1 + sign);
            is_number &= power > 0;
            end += 1 + sign + power;
            exponent = true;
        }
        let text = &self.text[start..end];
        // A number beyond 64 bit floats is malformed.
        let too_large = || text.parse::<f64>().is_ok_and(f64::is_infinite);
        if !is_number || ((exponent || whole > 300) && too_large()) {
            return self.fail();
        }
        self.at = end;
        Ok((negative, text))
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let start = self.at + 1;
        let escaped = self.skip_string()?;
        let inside = &self.text[start..self.at - 1];
        if escaped { text::unescape(inside).map(Cow::Owned).ok_or(Malformed(start)) } else { Ok(Cow::Borrowed(inside)) }
    }

    /// Goes behind a text; whether it has escapes.
    fn skip_string(&mut self) -> Result<bool, Malformed> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + 1;
        let mut escaped = false;
        loop {
            at = text::special(bytes, at);
            match bytes.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(escaped);
                }
                Some(b'\\') => {
                    escaped = true;
                    at += 1 + text::escape_length(&bytes[at + 1..]).ok_or(Malformed(at))?;
                }
                // Control characters pass behind an escape, as they do in json-iterator.
                Some(_) if escaped => at += 1,
                _ => return Err(Malformed(at)),
            }
        }
    }
}
