//! What a browser fetches before anyone looks at it.

use axum::http::HeaderMap;

/// The headers in which browsers say why they ask: the standard's (Fetch, section 3.10, as of 2024: `prefetch` and
/// `prefetch;prerender`), and those of older Chromium, Safari (`preview`) and Firefox.
const PURPOSES: [&str; 4] = ["sec-purpose", "purpose", "x-purpose", "x-moz"];

/// Whether the request says that nobody looks at its answer yet.
pub(crate) fn announced(headers: &HeaderMap) -> bool {
    let values = PURPOSES.iter().flat_map(|name| headers.get_all(*name));
    values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split([',', ';'])).any(|purpose| {
        let purpose = purpose.trim().trim_matches('"');
        ["prefetch", "prerender", "preview"].iter().any(|early| purpose.eq_ignore_ascii_case(early))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_too_early_says_so() {
        let cases = [
            ("sec-purpose", "prefetch", true),
            ("sec-purpose", "prefetch;prerender", true),
            ("sec-purpose", "prefetch;anonymous-client-ip", true),
            ("purpose", "prefetch", true),
            ("x-purpose", "Preview", true),
            ("x-purpose", ": preview", false),
            ("x-moz", "prefetch", true),
            ("sec-purpose", "", false),
            ("sec-fetch-dest", "image", false),
        ];
        for (name, value, expected) in cases {
            let headers: HeaderMap = [(name.parse().unwrap(), value.parse().unwrap())].into_iter().collect();
            assert_eq!(announced(&headers), expected, "{name}: {value}");
        }
    }
}
