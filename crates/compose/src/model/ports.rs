//! Ports and their protocols.

use std::convert::Infallible;
use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::text::serde_as_text;

/// A port, or several ports in a row: `8080`, `8000-8010`. Never empty.
///
/// ```
/// use wharf_compose::model::PortRange;
///
/// let range: PortRange = "8000-8010".parse()?;
/// assert_eq!((range.first(), range.last(), range.count()), (8000, 8010, 11));
/// assert_eq!(PortRange::from(8080).to_string(), "8080");
/// # Ok::<(), wharf_compose::model::PortRangeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortRange {
    first: u16,
    last: u16,
}

/// Why a text is not a [`PortRange`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PortRangeError {
    /// A number above 65535.
    #[error("port {0} is beyond 65535")]
    TooLarge(String),
    /// Not a number.
    #[error("`{0}` is not a port number")]
    NotANumber(String),
    /// `8010-8000`.
    #[error("the range `{0}` ends before it begins")]
    Backwards(String),
}

impl PortRange {
    /// The first port.
    pub fn first(self) -> u16 {
        self.first
    }

    /// The last port; the first one of a single port.
    pub fn last(self) -> u16 {
        self.last
    }

    /// Number of ports, at least 1.
    pub fn count(self) -> u32 {
        u32::from(self.last - self.first) + 1
    }

    /// Whether it is a single port.
    pub fn is_single(self) -> bool {
        self.first == self.last
    }

    /// The number of a single fixed port. Port 0 means any free port, so it is not fixed.
    pub fn fixed(self) -> Option<u16> {
        (self.is_single() && self.first != 0).then_some(self.first)
    }

    /// The ports in ascending order.
    pub fn ports(self) -> RangeInclusive<u16> {
        self.first..=self.last
    }
}

impl From<u16> for PortRange {
    fn from(port: u16) -> Self {
        Self { first: port, last: port }
    }
}

impl FromStr for PortRange {
    type Err = PortRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return Err(PortRangeError::Backwards(text.to_owned()));
        }
        Ok(Self { first, last })
    }
}

fn port(text: &str) -> Result<u16, PortRangeError> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits => Ok(port),
        _ if digits => Err(PortRangeError::TooLarge(text.to_owned())),
        _ => Err(PortRangeError::NotANumber(text.to_owned())),
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_single() {
            true => write!(f, "{}", self.first),
            false => write!(f, "{}-{}", self.first, self.last),
        }
    }
}

/// The protocol of a port.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP, which a port without a protocol has.
    #[default]
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// Another one, which the engine refuses.
    Other(String),
}

impl Protocol {
    /// The name as a file has it: `tcp`.
    pub fn as_str(&self) -> &str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
            Protocol::Other(name) => name,
        }
    }

    /// Whether the engine knows the protocol.
    pub fn is_known(&self) -> bool {
        !matches!(self, Protocol::Other(_))
    }
}

impl FromStr for Protocol {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "tcp" => Protocol::Tcp,
            "udp" => Protocol::Udp,
            "sctp" => Protocol::Sctp,
            other => Protocol::Other(other.to_owned()),
        })
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A published container port.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Port {
    /// A name for the port, of no effect here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `ingress` or `host`; the same on one machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// Host address to bind; `None`: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_ip: Option<String>,
    /// Port in the container.
    pub target: u16,
    /// Host port or range; `None` or port 0: any free one.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "unless_empty")]
    pub published: Option<PortRange>,
    /// The protocol.
    pub protocol: Protocol,
    /// The application's protocol, of no effect here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app_protocol: Option<String>,
}

fn unless_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<PortRange>, D::Error> {
    let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// An entry of `expose`: ports that other services may use, and that are not published.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExposedPorts {
    /// The ports.
    pub ports: PortRange,
    /// The protocol, if the file names one.
    pub protocol: Option<Protocol>,
}

impl FromStr for ExposedPorts {
    type Err = PortRangeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (ports, protocol) = match text.split_once('/') {
            Some((ports, protocol)) => (ports, Some(protocol)),
            None => (text, None),
        };
        let protocol = protocol.map(|name| name.parse().unwrap_or_default());
        Ok(Self { ports: ports.parse()?, protocol })
    }
}

impl fmt::Display for ExposedPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.ports)?;
        self.protocol.iter().try_for_each(|protocol| write!(f, "/{protocol}"))
    }
}

serde_as_text!(PortRange, Protocol, ExposedPorts);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_and_written() {
        for text in ["0", "80", "8000-8010", "65535"] {
            assert_eq!(text.parse::<PortRange>().map(|range| range.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "-", "80-", "+80", " 80", "x", "70000", "8010-8000"] {
            assert!(text.parse::<PortRange>().is_err(), "{text}");
        }
        assert_eq!(PortRange::from(0).fixed(), None);
    }

    #[test]
    fn exposed_ports_keep_what_the_file_says_of_the_protocol() {
        for text in ["80", "80/tcp", "53-54/udp", "1/xyz"] {
            assert_eq!(text.parse::<ExposedPorts>().map(|ports| ports.to_string()), Ok(text.to_owned()));
        }
    }
}
