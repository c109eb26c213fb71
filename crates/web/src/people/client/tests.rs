use axum::http::HeaderValue;
use proptest::prelude::*;

use super::*;

fn proxies(text: &str) -> TrustedProxies {
    text.parse().unwrap()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect()
}

#[test]
fn networks_and_addresses_are_separated_by_commas() {
    assert_eq!(proxies(""), TrustedProxies::default());
    assert_eq!(proxies(" 10.0.0.0/8 , 192.168.1.5, fd00::/8 ").0.len(), 3);
    assert!(proxies("192.168.1.5").trusts("192.168.1.5".parse().unwrap()));
    assert!(!proxies("192.168.1.5").trusts("192.168.1.6".parse().unwrap()));
    for text in ["10.0.0.0/33", "nginx", "10.0.0.0/8;10.1.0.0/16", "::/129"] {
        assert_eq!(text.parse::<TrustedProxies>(), Err(NoNetworks), "{text}");
    }
}

#[test]
fn the_list_is_read_from_its_end_up_to_the_first_that_is_not_trusted() {
    const TRUSTED: &str = "10.0.0.0/8,fd00::/8";
    let cases: &[(&str, &[&str], &str)] = &[
        // Whoever connects directly may write anything.
        ("192.0.2.1", &["198.51.100.1"], "192.0.2.1"),
        ("10.0.0.1", &[], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &["203.0.113.9, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.1", &["203.0.113.9, 198.51.100.1, 10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", &["203.0.113.9", "198.51.100.1", "10.0.0.2"], "198.51.100.1"),
        ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
        ("10.0.0.1", &["198.51.100.1, unknown"], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.1,"], "10.0.0.1"),
        ("10.0.0.1", &["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
        ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
        ("::ffff:10.0.0.1", &["::ffff:198.51.100.1"], "198.51.100.1"),
        ("::ffff:192.0.2.1", &["198.51.100.1"], "192.0.2.1"),
    ];
    for (peer, lists, expected) in cases {
        let lines: Vec<_> = lists.iter().map(|list| ("x-forwarded-for", *list)).collect();
        let client = Client::of(&headers(&lines), Some(peer.parse().unwrap()), &proxies(TRUSTED));
        assert_eq!(client.address, Some(expected.parse().unwrap()), "{peer} {lists:?}");
    }
    assert_eq!(Client::of(&headers(&[("x-forwarded-for", "192.0.2.1")]), None, &proxies("::/0")).address, None);
}

#[test]
fn our_own_address_is_what_a_trusted_proxy_says_or_the_host() {
    let forwarded = [("host", "web:5002"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "example.org")];
    type Lines<'a> = &'a [(&'a str, &'a str)];
    let cases: &[(Lines<'_>, &str, &str)] = &[
        (&forwarded, "10.0.0.1", "https://example.org"),
        (&forwarded, "192.0.2.1", "http://web:5002"),
        (&[("host", "[::1]:5002")], "10.0.0.1", "http://[::1]:5002"),
        (&[("host", "a"), ("x-forwarded-host", "b.example, c.example")], "10.0.0.1", "http://b.example"),
        (&[("host", "a"), ("x-forwarded-host", "<b>")], "10.0.0.1", "http://a"),
        (&[("host", "a"), ("x-forwarded-proto", "javascript")], "10.0.0.1", "http://a"),
        (&[("host", "a\"onload=")], "10.0.0.1", "http://localhost"),
        (&[("host", "user@a")], "10.0.0.1", "http://localhost"),
        (&[], "10.0.0.1", "http://localhost"),
    ];
    for (lines, peer, expected) in cases {
        let lines: HeaderMap = lines
            .iter()
            .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap()))
            .collect();
        let client = Client::of(&lines, Some(peer.parse().unwrap()), &proxies("10.0.0.0/8"));
        assert_eq!(client.origin, *expected, "{lines:?}");
    }
}

proptest! {
    #[test]
    fn nobody_but_a_trusted_proxy_moves_an_address(peer: IpAddr, list in "[0-9a-f:., \\[\\]]{0,60}") {
        let trusted = proxies("10.0.0.0/8");
        prop_assume!(!trusted.trusts(peer.to_canonical()));
        let client = Client::of(&headers(&[("x-forwarded-for", &list)]), Some(peer), &trusted);
        prop_assert_eq!(client.address, Some(peer.to_canonical()));
    }

    #[test]
    fn what_a_client_adds_itself_changes_nothing(forged in "[ -~]{0,60}", client: std::net::Ipv4Addr) {
        let trusted = proxies("10.0.0.0/8");
        prop_assume!(!trusted.trusts(client.into()));
        let list = format!("{forged}, {client}, 10.0.0.2");
        let found = Client::of(&headers(&[("x-forwarded-for", &list)]), Some([10, 0, 0, 1].into()), &trusted);
        prop_assert_eq!(found.address, Some(client.into()));
    }

    #[test]
    fn any_list_gives_an_address(lists in proptest::collection::vec("[ -~]{0,40}", 0..4)) {
        let lines: Vec<_> = lists.iter().map(|list| ("x-forwarded-for", &**list)).collect();
        let found = Client::of(&headers(&lines), Some([10, 0, 0, 1].into()), &proxies("0.0.0.0/0,::/0"));
        prop_assert!(found.address.is_some());
    }
}
