//! Counting people: whether a request for a badge or a pixel below `/k/` counts.
//!
//! Programs do not count, nor does what a browser fetches before anyone looks at it. A person counts once in
//! [`REMEMBERED`], and is told from others by a [`Mark`] that says nothing about them once the day's salt is gone.

mod agents;
mod client;
mod mark;
pub(crate) mod memory;
mod prefetch;
pub(crate) mod redis;

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use axum::http::{HeaderMap, header};

use crate::badge::{Parameter, chosen};

pub(crate) use client::Client;
pub use client::{NoNetworks, TrustedProxies};
pub(crate) use mark::{Mark, Salt};

/// How long a person who was counted is remembered. Nothing renews it.
pub(crate) const REMEMBERED: Duration = Duration::from_secs(30 * 60);

/// How long a salt is used.
pub(crate) const SALT_LASTS: Duration = Duration::from_secs(24 * 60 * 60);

/// What an address asks to be counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Count {
    /// People.
    #[default]
    People,
    /// Every request.
    All,
    /// Nothing: the badge is only looked at.
    None,
}

impl Count {
    /// Reads the parameter `count` of a query.
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub(crate) fn parse(query: &str) -> Result<Self, Parameter> {
        Ok(chosen(query, "count", |()| Parameter::Count)?.unwrap_or_default())
    }
}

impl FromStr for Count {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "people" => Ok(Self::People),
            "all" => Ok(Self::All),
            "none" => Ok(Self::None),
            _ => Err(()),
        }
    }
}

/// Why a request does not count, for statistics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// A program asked.
    Bot,
    /// A browser asked before anyone looks.
    Prefetch,
    /// The person was counted less than [`REMEMBERED`] ago.
    Repeat,
    /// Only the head was asked for.
    Head,
}

impl Reason {
    /// All reasons.
    pub(crate) const ALL: [Self; 4] = [Self::Bot, Self::Prefetch, Self::Repeat, Self::Head];

    /// The name in statistics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Bot => "bot",
            Self::Prefetch => "prefetch",
            Self::Repeat => "repeat",
            Self::Head => "head",
        }
    }
}

/// What tells a person from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// Where they are.
    pub(crate) address: IpAddr,
    /// What they use.
    pub(crate) agent: Vec<u8>,
}

/// Who asks, as far as it matters for counting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Visitor {
    /// Whoever it is, the request counts.
    Anyone,
    /// Somebody who counts once in [`REMEMBERED`].
    Person(Person),
    /// Not a person.
    Nobody(Reason),
}

impl Visitor {
    /// The visitor that the headers of a request from `address` tell of. Without an address nobody can be told from others.
    pub(crate) fn of(headers: &HeaderMap, address: Option<IpAddr>) -> Self {
        let agent = headers.get(header::USER_AGENT).map_or(&b""[..], |agent| agent.as_bytes());
        let text = String::from_utf8_lossy(agent);
        if agents::fetches_for_many(&text) {
            Self::Anyone
        } else if prefetch::announced(headers) {
            Self::Nobody(Reason::Prefetch)
        } else if agents::is_program(&text) {
            Self::Nobody(Reason::Bot)
        } else {
            address.map_or(Self::Anyone, |address| Self::Person(Person { address, agent: agent.to_vec() }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0";
    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

    fn visitor(headers: &[(&'static str, &'static str)], address: Option<IpAddr>) -> Visitor {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Visitor::of(&headers.collect(), address)
    }

    #[test]
    fn a_visitor_is_a_person_a_program_or_a_proxy_for_many() {
        let person = Visitor::Person(Person { address: ADDRESS, agent: FIREFOX.as_bytes().to_vec() });
        assert_eq!(visitor(&[("user-agent", FIREFOX)], Some(ADDRESS)), person);
        assert_eq!(visitor(&[("user-agent", FIREFOX)], None), Visitor::Anyone);
        let cases = [
            (vec![], Visitor::Nobody(Reason::Bot)),
            (vec![("user-agent", "curl/8.5.0")], Visitor::Nobody(Reason::Bot)),
            (vec![("user-agent", FIREFOX), ("sec-purpose", "prefetch")], Visitor::Nobody(Reason::Prefetch)),
            (vec![("user-agent", "github-camo (4b76e509)")], Visitor::Anyone),
        ];
        for (headers, expected) in cases {
            assert_eq!(visitor(&headers, Some(ADDRESS)), expected, "{headers:?}");
        }
    }

    #[test]
    fn what_is_counted_is_chosen_by_its_name() {
        let chosen = ["people", "all", "none", "some", ""].map(str::parse);
        assert_eq!(chosen, [Ok(Count::People), Ok(Count::All), Ok(Count::None), Err(()), Err(())]);
    }
}
