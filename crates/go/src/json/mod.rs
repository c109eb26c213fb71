//! Reads JSON without building a tree of the parts that are not needed.
//!
//! What counts as JSON is what the parser of Loki's and Promtail's `json` stages (json-iterator) accepts: control
//! characters in a text only behind its first escape, and half a surrogate pair is U+FFFD.

mod reader;
mod text;
mod value;
mod write;

use std::borrow::Cow;

pub use reader::Malformed;
use reader::Reader;
pub use value::JsonValue;
pub use write::{write, write_text};

/// A value that was checked and not yet parsed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

/// Reads a value and all that is in it.
///
/// # Errors
///
/// The text is not JSON, or nests deeper than 1000.
pub fn parse(text: &str) -> Result<JsonValue<'_>, Malformed> {
    let mut reader = Reader::new(text);
    let value = reader.value(0)?;
    reader.end()?;
    Ok(value)
}

/// Checks an object and calls `each` for its fields; a key that comes twice is given twice, and its last value counts.
/// `null` is an object without fields.
///
/// # Errors
///
/// The text is not a JSON object; `each` may have been called.
pub fn fields<'a>(text: &'a str, mut each: impl FnMut(Cow<'a, str>, Raw<'a>)) -> Result<(), Malformed> {
    let mut reader = Reader::new(text);
    if reader.peek() == Some(b'n') {
        reader.skip(0)?;
    } else {
        reader.object(|reader, key| {
            let start = reader.start();
            reader.skip(1)?;
            each(key, Raw(&text[start..reader.position()]));
            Ok(())
        })?;
    }
    reader.end()
}

impl<'a> Raw<'a> {
    /// The value.
    pub fn value(self) -> JsonValue<'a> {
        parse(self.0).unwrap_or(JsonValue::Null)
    }

    /// The value of a field; `None` if there is none, or if this is not an object.
    pub fn get(self, key: &str) -> Option<Raw<'a>> {
        let mut found = None;
        if self.0.starts_with('{') {
            let _ = fields(self.0, |other, value| {
                if other == key {
                    found = Some(value);
                }
            });
        }
        found
    }

    /// The text as it is written.
    pub fn as_str(self) -> &'a str {
        self.0
    }
}

#[cfg(test)]
mod tests;
