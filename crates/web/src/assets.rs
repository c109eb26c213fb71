//! The style sheet and pictures, compiled into the binary.
//!
//! A page links to `/static/style.css?v=<hash>`. Its content never changes, so a cache may keep it for a year. Without the
//! hash a file may be kept for an hour and is then revalidated by its `ETag`.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use wharf_serve::page;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
    hash: u64,
}

impl Asset {
    const fn new(name: &'static str, content_type: &'static str, bytes: &'static [u8]) -> Self {
        Self { name, content_type, bytes, hash: fnv1a(bytes) }
    }
}

/// The rules that all servers share, then those of the counter's pages.
pub(crate) const SHEET: &str = {
    const SHARED: &[u8] = page::STYLE.as_bytes();
    const OWN: &[u8] = include_bytes!("../static/style.css");
    const BOTH: [u8; SHARED.len() + OWN.len()] = joined(SHARED, OWN);
    match std::str::from_utf8(&BOTH) {
        Ok(sheet) => sheet,
        Err(_) => panic!("a style sheet is UTF-8"),
    }
};

const ASSETS: [Asset; 5] = [
    Asset::new("style.css", "text/css; charset=utf-8", SHEET.as_bytes()),
    Asset::new("builder.js", "text/javascript; charset=utf-8", include_bytes!("../static/builder.js")),
    Asset::new("harbour.svg", "image/svg+xml", include_bytes!("../static/harbour.svg")),
    Asset::new("harbour-night.svg", "image/svg+xml", include_bytes!("../static/harbour-night.svg")),
    Asset::new("icon.svg", "image/svg+xml", page::ICON.as_bytes()),
];

/// One text after the other. `LENGTH` is that of both.
const fn joined<const LENGTH: usize>(first: &[u8], second: &[u8]) -> [u8; LENGTH] {
    let mut both = [0; LENGTH];
    let mut at = 0;
    while at < LENGTH {
        both[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    both
}

/// FNV-1a, 64 bits (draft-eastlake-fnv). It distinguishes versions of a file, and the compiler can compute it.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

/// The path of the asset `name`, with its hash.
pub(crate) fn url(name: &str) -> String {
    let hash = ASSETS.iter().find(|asset| asset.name == name).map_or(0, |asset| asset.hash);
    format!("/static/{name}?v={hash:016x}")
}

/// The answer to a request for `/static/{name}`, or `None` if there is no such file.
pub(crate) fn answer(name: &str, query: Option<&str>, headers: &HeaderMap) -> Option<Response> {
    let asset = ASSETS.iter().find(|asset| asset.name == name)?;
    let etag = format!("\"{:016x}\"", asset.hash);
    let for_ever = query.is_some_and(|query| query == format!("v={:016x}", asset.hash));
    let cache = if for_ever { "public, max-age=31536000, immutable" } else { "public, max-age=3600" };
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let known = known.flat_map(|list| list.split(',')).any(|known| matches_etag(known.trim(), &etag));
    let caching = [(header::ETAG, etag), (header::CACHE_CONTROL, cache.to_owned())];
    if known {
        return Some((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    Some((caching, [(header::CONTENT_TYPE, asset.content_type)], asset.bytes).into_response())
}

/// The weak comparison of RFC 9110 section 8.8.3.2, as `If-None-Match` wants it.
fn matches_etag(known: &str, etag: &str) -> bool {
    known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_fnv_1a() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"foobar"), 0x85944171f73967e8);
    }

    #[test]
    fn every_asset_has_a_url_with_its_hash() {
        for asset in &ASSETS {
            assert!(!asset.bytes.is_empty());
            assert_eq!(url(asset.name), format!("/static/{}?v={:016x}", asset.name, asset.hash));
        }
    }
}
