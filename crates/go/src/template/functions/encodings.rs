//! Hashes, encodings, JSON, URLs and random values.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::super::failed::Failed;
use super::super::function::{Arguments, Call, Function, Result, function};
use super::super::json::{Style, from_json, to_json};
use super::super::value::{Value, text};
use crate::encoding::{BASE32, BASE64, Encoding};
use crate::json;

const TO_JSON: Call = |a, _| Ok(text(&to_json(&a[0], Style { html: true, pretty: false })?));
const TO_PRETTY_JSON: Call = |a, _| Ok(text(&to_json(&a[0], Style { html: true, pretty: true })?));
const TO_RAW_JSON: Call = |a, _| Ok(text(&to_json(&a[0], Style { html: false, pretty: false })?));

pub(super) const FUNCTIONS: &[Function] = &[
    function("sha1sum", "s", |a, _| Ok(text(&hex(&Sha1::digest(a.text(0)?))))),
    function("sha256sum", "s", |a, _| Ok(text(&hex(&Sha256::digest(a.text(0)?))))),
    function("sha512sum", "s", |a, _| Ok(text(&hex(&Sha512::digest(a.text(0)?))))),
    function("adler32sum", "s", |a, _| {
        let (low, high) = a.text(0)?.bytes().fold((1_u32, 0_u32), |(low, high), byte| {
            let low = (low + u32::from(byte)) % 65_521;
            (low, (high + low) % 65_521)
        });
        Ok(text(&((high << 16) | low).to_string()))
    }),
    function("b64enc", "s", |a, _| Ok(text(&BASE64.encode(a.text(0)?.as_bytes())))),
    function("b32enc", "s", |a, _| Ok(text(&BASE32.encode(a.text(0)?.as_bytes())))),
    function("b64dec", "s", |a, _| Ok(text(&decoded(a.text(0)?, BASE64)))),
    function("b32dec", "s", |a, _| Ok(text(&decoded(a.text(0)?, BASE32)))),
    function("fromJson", "s", |a, _| Ok(json::parse(a.text(0)?).map_or(Value::Nil, |value| from_json(&value)))),
    function("mustFromJson", "s", |a, _| json::parse(a.text(0)?).map(|value| from_json(&value)).map_err(|_| Failed)),
    function("toJson", "a", TO_JSON),
    function("mustToJson", "a", TO_JSON),
    function("toPrettyJson", "a", TO_PRETTY_JSON),
    function("mustToPrettyJson", "a", TO_PRETTY_JSON),
    function("toRawJson", "a", TO_RAW_JSON),
    function("mustToRawJson", "a", TO_RAW_JSON),
    function("urlJoin", "m", |a, _| {
        let Value::Map(fields) = &a[0] else { return Err(Failed) };
        let fields = fields.borrow();
        let part = |name: &str| match fields.get(name) {
            None => Ok(String::new()),
            Some(Value::Text(text)) => Ok(text.to_string()),
            Some(_) => Err(Failed),
        };
        Ok(text(&url(part)?))
    }),
    function("randAlphaNum", "i", |a, _| made_up(a.int(0)?, |c| c.is_ascii_alphanumeric())),
    function("randAlpha", "i", |a, _| made_up(a.int(0)?, |c| c.is_ascii_alphabetic())),
    function("randNumeric", "i", |a, _| made_up(a.int(0)?, |c| c.is_ascii_digit())),
    function("randAscii", "i", |a, _| made_up(a.int(0)?, |c| c.is_ascii_graphic() || c == ' ')),
    function("randBytes", "i", |a, _| {
        let count = usize::try_from(a.int(0)?).ok().filter(|count| *count <= 10_000).ok_or(Failed)?;
        let bytes: Vec<u8> = (0..count).map(|_| random() as u8).collect();
        Ok(text(&BASE64.encode(&bytes)))
    }),
    function("uuidv4", "", |_, _| {
        let (high, low) = (random() & !0xf000 | 0x4000, random() >> 2 | 1 << 63);
        let low_part = low & 0xffff_ffff_ffff;
        Ok(text(&format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{low_part:012x}",
            high >> 32,
            high >> 16 & 0xffff,
            high & 0xffff,
            low >> 48
        )))
    }),
];

/// A number from the hasher's seeds. Not for secrets.
pub(super) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

fn made_up(count: i64, fits: fn(char) -> bool) -> Result<Value> {
    let count = usize::try_from(count).ok().filter(|count| *count <= 10_000).ok_or(Failed)?;
    let signs: Vec<char> = (' '..='~').filter(|c| fits(*c)).collect();
    Ok(text(&(0..count).map(|_| signs[random() as usize % signs.len()]).collect::<String>()))
}

/// What was encoded; of what cannot be decoded, what is wrong, as Sprig gives it.
fn decoded(whole: &str, encoding: Encoding) -> String {
    match encoding.decode(whole) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(corrupt) => corrupt.to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A URL's parts: scheme, userinfo, host, hostname, path, query, opaque, fragment.
pub(super) fn url_parts(whole: &str) -> Result<BTreeMap<String, Value>> {
    if whole.contains(|c: char| c.is_ascii_control()) {
        return Err(Failed);
    }
    let (rest, fragment) = whole.split_once('#').unwrap_or((whole, ""));
    let (scheme, rest) = match rest.split_once(':') {
        Some((scheme, after)) if is_scheme(scheme) => (scheme.to_lowercase(), after),
        Some(("", _)) => return Err(Failed),
        _ => (String::new(), rest),
    };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (mut authority, mut opaque, mut path) = ("", "", rest);
    if !scheme.is_empty() && !rest.starts_with('/') {
        (opaque, path) = (rest, "");
    } else if let Some(after) = rest.strip_prefix("//") {
        (authority, path) = after.split_at(after.find('/').unwrap_or(after.len()));
    }
    let (userinfo, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let hostname = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) if !host.ends_with(']') => return Err(Failed),
        _ => host,
    };
    let hostname = hostname.trim_start_matches('[').trim_end_matches(']');
    let parts = [
        ("scheme", Cow::Owned(scheme)),
        ("host", Cow::Borrowed(host)),
        ("hostname", Cow::Borrowed(hostname)),
        ("path", Cow::Owned(unescaped(path)?)),
        ("query", Cow::Borrowed(query)),
        ("opaque", Cow::Borrowed(opaque)),
        ("fragment", Cow::Owned(unescaped(fragment)?)),
        ("userinfo", Cow::Borrowed(userinfo)),
    ];
    Ok(parts.into_iter().map(|(name, part)| (name.to_owned(), text(&part))).collect())
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

fn unescaped(text: &str) -> Result<String> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('%') {
        out.extend_from_slice(before.as_bytes());
        let digits = after.get(..2).ok_or(Failed)?;
        out.push(u8::from_str_radix(digits, 16).map_err(|_| Failed)?);
        rest = &after[2..];
    }
    out.extend_from_slice(rest.as_bytes());
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn url(part: impl Fn(&str) -> Result<String>) -> Result<String> {
    let (scheme, host, path, opaque) = (part("scheme")?, part("host")?, part("path")?, part("opaque")?);
    let (userinfo, query, fragment) = (part("userinfo")?, part("query")?, part("fragment")?);
    let mut out = if scheme.is_empty() { String::new() } else { format!("{scheme}:") };
    if opaque.is_empty() {
        if !scheme.is_empty() || !host.is_empty() || !userinfo.is_empty() {
            let user = if userinfo.is_empty() { String::new() } else { format!("{userinfo}@") };
            if !host.is_empty() || !path.is_empty() || !userinfo.is_empty() {
                out += &format!("//{user}{host}");
            }
        }
        if !path.is_empty() && !path.starts_with('/') && !host.is_empty() {
            out.push('/');
        }
        out += &path;
    } else {
        out += &opaque;
    }
    if !query.is_empty() {
        out += &format!("?{query}");
    }
    if !fragment.is_empty() {
        out += &format!("#{fragment}");
    }
    Ok(out)
}
