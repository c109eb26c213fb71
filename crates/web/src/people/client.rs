//! Where a request comes from, and under which address it reached us. Proxies say so in headers, which are believed only of
//! proxies that the settings name.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, header};
use ipnet::IpNet;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The networks of the proxies whose headers are believed. Empty: none is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text that is no list of networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write networks or addresses separated by commas, such as `10.0.0.0/8,fd00::/8` or `192.168.1.5`")]
pub struct NoNetworks;

impl FromStr for TrustedProxies {
    type Err = NoNetworks;

    fn from_str(text: &str) -> Result<Self, NoNetworks> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let network =
            |part: &str| part.parse().or_else(|_| part.parse::<IpAddr>().map(IpNet::from)).map_err(|_| NoNetworks);
        Ok(Self(parts.map(network).collect::<Result<_, _>>()?))
    }
}

impl TrustedProxies {
    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The address of whoever asked the first proxy that is trusted. Each proxy adds the address that asked it at the end of
    /// `X-Forwarded-For`, so the list is read from there for as long as the proxy before is trusted.
    fn origin(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let lists = headers.get_all(FORWARDED_FOR).iter().rev().map(|value| value.to_str().unwrap_or_default());
        let mut earlier = lists.flat_map(|list| list.rsplit(','));
        let mut address = peer.to_canonical();
        while self.trusts(address) {
            match earlier.next().map(str::trim).map(address_of) {
                Some(Some(before)) => address = before,
                // Nothing more is known, or what is there is no address.
                Some(None) | None => break,
            }
        }
        address
    }
}

/// The address in an entry of `X-Forwarded-For`, to which some proxies add a port.
fn address_of(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    let with_port = || entry.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse::<IpAddr>().or_else(|_| with_port()).ok().map(|address| address.to_canonical())
}

/// What a request tells of its client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Client {
    /// Where it is; unknown where connections have no address.
    pub(crate) address: Option<IpAddr>,
    /// The scheme and the host by which it knows us, such as `https://example.org`.
    pub(crate) origin: String,
}

impl Client {
    /// The client of a request that came from `peer`.
    pub(crate) fn of(headers: &HeaderMap, peer: Option<IpAddr>, proxies: &TrustedProxies) -> Self {
        let trusted = peer.is_some_and(|peer| proxies.trusts(peer.to_canonical()));
        let forwarded = |name| headers.get(name).filter(|_| trusted).and_then(|value| value.to_str().ok()).map(first);
        let host = forwarded(FORWARDED_HOST).filter(|host| is_host(host));
        let host = host.or_else(|| headers.get(header::HOST)?.to_str().ok().filter(|host| is_host(host)));
        let scheme = forwarded(FORWARDED_PROTO).filter(|scheme| scheme.eq_ignore_ascii_case("https"));
        let scheme = if scheme.is_some() { "https" } else { "http" };
        Self {
            address: peer.map(|peer| proxies.origin(peer, headers)),
            origin: format!("{scheme}://{}", host.unwrap_or("localhost")),
        }
    }
}

/// The first of a list, which is what the browser's own proxy saw.
fn first(list: &str) -> &str {
    list.split(',').next().unwrap_or_default().trim()
}

/// A name or an address, perhaps with a port, of signs that need no escape in a page or in markup.
fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    !text.is_empty() && text.len() <= 255 && text.chars().all(plain) && text.parse::<Authority>().is_ok()
}

#[cfg(test)]
mod tests;
