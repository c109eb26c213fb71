//! The formats of log lines.

use std::io::IsTerminal as _;
use std::str::FromStr;

use crate::error::Error;

/// The format of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: `timestamp` (RFC 3339, UTC), `level`, `message`, the event's fields, `target`.
    #[default]
    Json,
    /// One line of text, without colours.
    Human,
}

impl Format {
    /// For people on a terminal, for programs elsewhere.
    pub fn of_standard_output() -> Self {
        if std::io::stdout().is_terminal() { Self::Human } else { Self::Json }
    }
}

impl FromStr for Format {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        match text {
            "json" => Ok(Self::Json),
            "human" => Ok(Self::Human),
            _ => Err(Error::UnknownFormat),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_has_one_of_two_names() {
        assert_eq!("json".parse::<Format>().unwrap(), Format::Json);
        assert_eq!("human".parse::<Format>().unwrap(), Format::Human);
        assert!("xml".parse::<Format>().is_err());
    }
}
