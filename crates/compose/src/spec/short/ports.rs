//! The short form of `ports`: `[[ADDRESS:]PUBLISHED:]TARGET[/PROTOCOL]`, with ranges.

use std::net::IpAddr;

use crate::model::{PortRange, Protocol};
use wharf_yaml::Node;

/// Writes one entry out: one port for each container port.
pub(crate) fn expand(node: &Node, text: &str) -> Result<Vec<Node>, String> {
    let (rest, container) = match text.rsplit_once(':') {
        Some((rest, container)) => (Some(rest), container),
        None => (None, text),
    };
    let (address, host) = match rest.map(|rest| rest.rsplit_once(':').unwrap_or(("", rest))) {
        Some((address, host)) => (bare_address(address)?, host),
        None => ("", ""),
    };
    let (container, protocol) = match container.split_once('/') {
        Some((container, protocol)) => (container, protocol.to_lowercase().parse().unwrap_or_default()),
        None => (container, Protocol::default()),
    };
    if let Protocol::Other(protocol) = protocol {
        return Err(format!("`{protocol}` is not a protocol: tcp, udp or sctp"));
    }
    if container.is_empty() {
        return Err(format!("`{text}` names no container port"));
    }
    let range = |text: &str| text.parse::<PortRange>().map_err(|error| error.to_string());
    let targets = range(container)?;
    let published = if host.is_empty() { None } else { Some(range(host)?) };
    if published.is_some_and(|published| published.count() != targets.count()) && !targets.is_single() {
        return Err(format!("the ranges `{host}` and `{container}` differ in length"));
    }
    let one = |target: u16| {
        let mut port = node.map([
            ("mode", node.text("ingress")),
            ("target", node.text(target.to_string())),
            ("protocol", node.text(protocol.as_str())),
        ]);
        if !address.is_empty() {
            port.set("host_ip", node.text(address));
        }
        if let Some(published) = published {
            // A range for one port is left to the engine, which takes the first free one.
            let published = match targets.is_single() {
                true => published,
                false => PortRange::from(published.first() + (target - targets.first())),
            };
            port.set("published", node.text(published.to_string()));
        }
        port
    };
    Ok(targets.ports().map(one).collect())
}

/// The address without the brackets of IPv6.
fn bare_address(address: &str) -> Result<&str, String> {
    let bare = address.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if bare.is_none() && address.contains(':') {
        return Err(format!("`{address}` is an address with colons; put it in brackets: `[{address}]`"));
    }
    let bare = bare.unwrap_or(address);
    if bare.is_empty() || bare.parse::<IpAddr>().is_ok() {
        return Ok(bare);
    }
    Err(format!("`{bare}` is not an IP address"))
}

/// What makes two ports the same: address, published and container port, protocol.
pub(crate) fn identity(node: &Node) -> Option<String> {
    let part = |key: &str, default: &'static str| node.get_text(key).map_or(default.to_owned(), str::to_owned);
    node.as_map()?;
    Some(format!(
        "{}:{}:{}/{}",
        part("host_ip", "0.0.0.0"),
        part("published", ""),
        part("target", ""),
        part("protocol", Protocol::Tcp.as_str())
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wharf_yaml::{Span, Value};

    fn ports(text: &str) -> Result<Vec<String>, String> {
        let node = Node::new(Span::default(), Value::Null);
        Ok(expand(&node, text)?.iter().filter_map(identity).collect())
    }

    #[test]
    fn every_short_form_of_the_specification_is_written_out() {
        assert_eq!(ports("3000").unwrap(), ["0.0.0.0::3000/tcp"]);
        assert_eq!(ports("3000-3002").unwrap().len(), 3);
        assert_eq!(ports("9090-9091:8080-8081").unwrap(), ["0.0.0.0:9090:8080/tcp", "0.0.0.0:9091:8081/tcp"]);
        assert_eq!(ports("127.0.0.1::80").unwrap(), ["127.0.0.1::80/tcp"]);
        assert_eq!(ports("127.0.0.1:0:5002").unwrap(), ["127.0.0.1:0:5002/tcp"]);
        assert_eq!(ports("[::1]:6000:6000/udp").unwrap(), ["::1:6000:6000/udp"]);
        assert_eq!(ports("8000-9000:80").unwrap(), ["0.0.0.0:8000-9000:80/tcp"]);
    }

    #[test]
    fn what_is_no_port_is_refused_by_name() {
        assert_eq!(ports("80:http").unwrap_err(), "`http` is not a port number");
        assert_eq!(ports("80:70000").unwrap_err(), "port 70000 is beyond 65535");
        assert_eq!(ports("80:80/tpc").unwrap_err(), "`tpc` is not a protocol: tcp, udp or sctp");
        assert_eq!(ports("localhost:80:80").unwrap_err(), "`localhost` is not an IP address");
        assert!(ports("::1:6000:6000").unwrap_err().contains("[::1]"));
        assert!(ports("1-3:1-2").is_err());
        assert!(ports("").is_err());
        assert!(ports("80:").is_err());
    }
}
