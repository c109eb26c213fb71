//! What a provider prints to its standard output: JSON objects with a `type` and a `message`, one after the other.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use wharf_compose::model::Concealed;

/// The longest message, in bytes.
const LONGEST_MESSAGE: usize = 64 * 1024;
/// The most that a provider may print, in bytes.
const MOST_BYTES: usize = 16 << 20;
/// The most variables that a provider may set.
const MOST_VARIABLES: usize = 1000;
/// An unknown type is quoted up to this number of characters.
const LONGEST_TYPE: usize = 40;

/// Reads the messages of one call, and keeps the variables that they set.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// The beginning of a message whose end has not come yet.
    partial: Vec<u8>,
    read: usize,
    variables: BTreeMap<String, Concealed>,
}

#[derive(Deserialize)]
struct Message {
    r#type: String,
    #[serde(default)]
    message: String,
}

impl Messages {
    /// Takes a piece of the output, and calls `tell` with each message for people that ends in it.
    ///
    /// # Errors
    /// What the provider says went wrong, or why its output cannot be used. It does not quote what may be a secret.
    pub(super) fn take(&mut self, bytes: &[u8], mut tell: impl FnMut(String)) -> Result<(), String> {
        self.read += bytes.len();
        if self.read > MOST_BYTES {
            return Err(format!("it printed more than {} MiB", MOST_BYTES >> 20));
        }
        self.partial.extend_from_slice(bytes);
        let partial = std::mem::take(&mut self.partial);
        // As a map first: serde would also read an array as a message, and its first word as the type.
        let mut messages = serde_json::Deserializer::from_slice(&partial).into_iter::<Map<String, Value>>();
        let mut end = 0;
        loop {
            let message =
                messages.next().map(|object| object.and_then(|object| Message::deserialize(Value::Object(object))));
            match message {
                None => return Ok(()),
                Some(Ok(message)) => {
                    end = messages.byte_offset();
                    self.accept(message, &mut tell)?;
                }
                Some(Err(error)) if error.is_eof() => break,
                Some(Err(_)) => return Err("it printed something that is not a JSON object with a `type`".to_owned()),
            }
        }
        if partial.len() - end > LONGEST_MESSAGE {
            return Err(format!("it printed a message longer than {} KiB", LONGEST_MESSAGE >> 10));
        }
        self.partial = partial.get(end..).unwrap_or_default().to_vec();
        Ok(())
    }

    fn accept(&mut self, Message { r#type, message }: Message, tell: &mut impl FnMut(String)) -> Result<(), String> {
        match r#type.as_str() {
            "info" => tell(message),
            "error" => return Err(message),
            "setenv" => match message.split_once('=') {
                Some((name, value)) if !name.is_empty() && !message.contains('\0') => {
                    self.variables.insert(name.to_owned(), Concealed(value.to_owned()));
                    if self.variables.len() > MOST_VARIABLES {
                        return Err(format!("it set more than {MOST_VARIABLES} variables"));
                    }
                }
                _ => return Err("its message of type `setenv` is not NAME=VALUE".to_owned()),
            },
            "debug" => tracing::debug!("{message}"),
            unknown => {
                let unknown: String = unknown.chars().take(LONGEST_TYPE).collect();
                return Err(format!(
                    "it printed a message of type {unknown:?}; wharf knows `info`, `error`, `setenv` and `debug`"
                ));
            }
        }
        Ok(())
    }

    /// The variables that the provider has set, once its output has ended.
    ///
    /// # Errors
    /// If the output ends within a message.
    pub(super) fn finish(self) -> Result<BTreeMap<String, Concealed>, String> {
        match self.partial.iter().all(u8::is_ascii_whitespace) {
            true => Ok(self.variables),
            false => Err("its output ended within a message".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told of an output that comes in these pieces, and the variables or the error.
    fn read(pieces: &[&str]) -> (Vec<String>, Result<Vec<String>, String>) {
        let mut told = Vec::new();
        let mut messages = Messages::default();
        let taken = pieces.iter().try_for_each(|piece| messages.take(piece.as_bytes(), |text| told.push(text)));
        let variables = taken.and_then(|()| messages.finish());
        let pairs = |variables: BTreeMap<String, Concealed>| {
            variables.into_iter().map(|(name, value)| format!("{name}={}", value.0)).collect()
        };
        (told, variables.map(pairs))
    }

    #[test]
    fn messages_may_come_in_any_pieces() {
        let info = r#"{"type": "info", "message": "25%"}"#;
        let set = r#"{"type":"setenv","message":"URL=http://x?a=b"}"#;
        let expected = (vec!["25%".to_owned()], Ok(vec!["URL=http://x?a=b".to_owned()]));
        assert_eq!(read(&[info, "\n", set, "\n"]), expected);
        assert_eq!(read(&[&format!("{info}{set}")]), expected);
        let (start, end) = set.split_at(10);
        assert_eq!(read(&[&format!("{info}\r\n{start}"), end]), expected);
        assert_eq!(read(&["", " \n"]), (Vec::new(), Ok(Vec::new())));
    }

    #[test]
    fn what_is_no_message_is_an_error_that_quotes_no_secret() {
        let error = |text: &str| read(&[text]).1.unwrap_err();
        assert_eq!(error(r#"{"type":"error","message":"no such region"}"#), "no such region");
        for text in ["Password: hunter2", r#"{"type":"setenv","message":"hunter2"}"#, r#"["hunter2"]"#] {
            assert!(!error(text).contains("hunter2"), "{}", error(text));
        }
        assert_eq!(error(r#"{"type":"setenv","message":"#), "its output ended within a message");
        assert!(error(r#"{"type":"rawsetenv","message":"A=b"}"#).contains("wharf knows `info`"));
    }

    #[test]
    fn an_output_is_bounded() {
        let long = format!(r#"{{"type":"info","message":"{}"#, "x".repeat(LONGEST_MESSAGE));
        assert_eq!(read(&[&long]).1.unwrap_err(), "it printed a message longer than 64 KiB");
        let line = format!("{}\n", r#"{"type":"debug","message":"x"}"#);
        let many = line.repeat(MOST_BYTES / line.len() + 1);
        let pieces: Vec<&str> =
            many.as_bytes().chunks(1 << 16).map(|piece| std::str::from_utf8(piece).unwrap()).collect();
        assert_eq!(read(&pieces).1.unwrap_err(), "it printed more than 16 MiB");
        let set: String =
            (0..=MOST_VARIABLES).map(|n| format!("{{\"type\":\"setenv\",\"message\":\"V{n}=\"}}")).collect();
        assert_eq!(read(&[&set]).1.unwrap_err(), "it set more than 1000 variables");
    }
}
