//! `host:port`, and the forms of it that a probe may use.

use std::fmt;

use super::protocol::Protocol;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    /// A name in lower case, an IPv4 address, or an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// Why a text is not an address. The text is not repeated if it may contain a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no host.
    #[error("there is no host: write host:port")]
    Missing,
    /// It is not of the form.
    #[error("{0:?} is not host:port")]
    Malformed(String),
    /// It contains a user or a password.
    #[error("credentials are not taken from a target: put them into the configuration of that server")]
    Credentials,
    /// Another protocol, or one over TLS.
    #[error("{0:?} is not a scheme that can be reached: write {1}")]
    Scheme(String, &'static str),
    /// A part of a URL that would have no effect.
    #[error("the parameter {0:?} is not supported in a target")]
    Parameter(String),
}

impl Address {
    /// Reads `host` or `host:port`.
    ///
    /// # Errors
    ///
    /// [`AddressError::Missing`] and [`AddressError::Malformed`].
    pub fn parse(text: &str, default_port: u16) -> Result<Self, AddressError> {
        let malformed = || AddressError::Malformed(text.to_owned());
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or_else(malformed)?;
                host.parse::<std::net::Ipv6Addr>().map_err(|_| malformed())?;
                (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':').ok_or_else(malformed)?) })
            }
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = match port {
            Some(port) => port.parse().ok().filter(|port| *port != 0).ok_or_else(malformed)?,
            None => default_port,
        };
        if host.is_empty() {
            return Err(AddressError::Missing);
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.len() > 253 || !host.chars().all(allowed) {
            return Err(malformed());
        }
        Ok(Address { host: host.to_ascii_lowercase(), port })
    }
}

/// A probe's target: `host`, `host:port`, or a URL. Returns also the database of a Postgres URL.
pub(crate) fn parse_target(protocol: Protocol, text: &str) -> Result<(Address, Option<String>), AddressError> {
    let (schemes, example): (&[&str], _) = match protocol {
        Protocol::Redis => (&["redis", "valkey"], "redis://host:port"),
        Protocol::Postgres => (&["postgres", "postgresql"], "postgresql://host:port/database"),
    };
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if schemes.contains(&scheme) => rest,
        Some((scheme, _)) => return Err(AddressError::Scheme(scheme.chars().take(20).collect(), example)),
        None => text,
    };
    if rest.contains('@') || rest.contains("password=") {
        return Err(AddressError::Credentials);
    }
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    // Common for those exporters, and the default here.
    if !matches!(parameters, "" | "sslmode=disable" | "sslmode=prefer" | "sslmode=allow") {
        let name = parameters.split('=').next().unwrap_or_default();
        return Err(AddressError::Parameter(name.to_owned()));
    }
    let (host, database) = rest.split_once('/').unwrap_or((rest, ""));
    let address = Address::parse(host, protocol.default_port())?;
    let database = (protocol == Protocol::Postgres && !database.is_empty()).then(|| database.to_owned());
    Ok((address, database))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_a_target_may_be() {
        let parse = |protocol, text| {
            parse_target(protocol, text).map(|(address, database)| (address.to_string(), database.unwrap_or_default()))
        };
        let is = |address: &str, database: &str| Ok((address.to_owned(), database.to_owned()));
        assert_eq!(parse(Protocol::Redis, "Cache"), is("cache:6379", ""));
        assert_eq!(parse(Protocol::Redis, "redis://cache:7000/0"), is("cache:7000", ""));
        assert_eq!(parse(Protocol::Redis, "[::1]:7000"), is("[::1]:7000", ""));
        assert_eq!(parse(Protocol::Postgres, "db"), is("db:5432", ""));
        assert_eq!(parse(Protocol::Postgres, "db:5433/shop?sslmode=disable"), is("db:5433", "shop"));
        assert_eq!(parse(Protocol::Postgres, "postgresql://db/shop"), is("db:5432", "shop"));
    }

    #[test]
    fn what_it_may_not_be() {
        let error = |protocol, text| parse_target(protocol, text).unwrap_err().to_string();
        assert!(error(Protocol::Redis, "").contains("no host"));
        assert!(error(Protocol::Redis, "rediss://cache").contains("scheme"));
        assert!(error(Protocol::Redis, "postgres://db").contains("scheme"));
        assert!(error(Protocol::Postgres, "db:0").contains("host:port"));
        assert!(error(Protocol::Postgres, "/var/run/postgresql").contains("no host"));
        assert!(error(Protocol::Postgres, "db/shop?sslmode=require").contains("sslmode"));
        for secret in ["postgres://me:hunter2@db/shop", "host=db password=hunter2"] {
            let error = error(Protocol::Postgres, secret);
            assert!(error.contains("credentials") && !error.contains("hunter2"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_target_makes_it_panic(text in ".{0,40}", url in "(redis|postgres)://[^ ]{0,20}[:/?@\\[\\]]{0,4}[0-9]{0,6}") {
            for protocol in [Protocol::Redis, Protocol::Postgres] {
                let _ = (parse_target(protocol, &text), parse_target(protocol, &url));
            }
        }

        #[test]
        fn an_address_reads_as_it_is_written(host in "[a-z0-9][a-z0-9.-]{0,20}", port in 1..=u16::MAX) {
            let address = Address { host, port };
            prop_assert_eq!(Address::parse(&address.to_string(), 1), Ok(address));
        }
    }
}
